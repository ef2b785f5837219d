"""All tests that need no browser: `python tools/test.py [--lowest] [03 12 ...]`, on any system.

Numbers: only these lessons and their solutions. --lowest: in an environment of its own,
.venv-lowest, with the lowest versions that pyproject.toml admits.
"""
import sys

from ready import ROOT, ready, run, surroundings

if __name__ == "__main__":
    lowest, paths = "--lowest" in sys.argv, []
    for number in [word for word in sys.argv[1:] if word != "--lowest"]:
        found = [str(path.relative_to(ROOT)) for folder in ("notebooks", "notebooks/solutions")
                 for path in sorted(ROOT.glob(f"{folder}/{number}_*.ipynb"))]
        if not found:
            sys.exit(f"there is no lesson {number!r}; give numbers such as 03")
        paths += found
    python = ready("test", ".venv-lowest", True) if lowest else ready("test")
    sys.exit(run([python, "-m", "pytest", "-n", "2", "--dist", "loadscope",
                  "--no-loadscope-reorder", *paths], cwd=ROOT, env=surroundings()))
