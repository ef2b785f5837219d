"""All tests that need no browser, or these lessons alone: `python tools/test.py [--lowest] [03 …]`.

--lowest: in .venv-lowest, an environment with the lowest versions that pyproject.toml admits.
"""
import sys

from ready import COURSE, ROOT, lessons, ready, run, surroundings

if __name__ == "__main__":
    numbers = [word for word in sys.argv[1:] if word != "--lowest"]
    paths = [path for lesson in lessons(numbers).values() if numbers
             for path in (lesson, COURSE / "solutions" / lesson.name) if path.exists()]
    python = ready("test", ".venv-lowest", True) if "--lowest" in sys.argv else ready("test")
    sys.exit(run([python, "-m", "pytest", "-n", "2", "--dist", "loadscope",
                  "--no-loadscope-reorder", *paths], cwd=ROOT, env=surroundings()))
