"""For one session: `python -m helpers.storing 05` is now `python tools/store.py 05`."""
if __name__ == "__main__":
    __import__("runpy").run_path("tools/store.py", run_name="__main__")
