"""The student's copies of the lessons, without outputs, so that a prediction is a prediction.

    python tools/workbook.py            make the copies that are missing in workbook/
    python tools/workbook.py 03 07      make these afresh, and keep the old copies beside them
    python tools/workbook.py --lab      make what is missing, and open workbook/ in JupyterLab
"""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

import ready

if __name__ == "__main__":
    ready.go_on()
import nbformat

from helpers.words import plural

ROOT = Path(__file__).resolve().parents[1]
COURSE, WORKBOOK = ROOT / "notebooks", ROOT / "workbook"
BESIDE = re.compile(r"\]\((?=(pictures|solutions|data|README\.md|reference\.md))")  # stay there


def lessons():
    """The lessons of the course, by their number."""
    return {path.name[:2]: path for path in sorted(COURSE.glob("[0-9][0-9]_*.ipynb"))}


def fingerprint(notebook):
    """What a student would see change: the text and the code of all cells, not their outputs."""
    return hashlib.sha256("\0".join(cell.source for cell in notebook.cells).encode()).hexdigest()


def copy_of(path):
    """A lesson without outputs, whose links lead back into notebooks/."""
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["lesson"] = fingerprint(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = BESIDE.sub("](../notebooks/", cell.source)
    return notebook


def keep(path):
    """Give a student's copy another name: 03_….ipynb becomes 03_… (mine 1).ipynb."""
    number = 1
    while (kept := path.with_name(f"{path.stem} (mine {number}).ipynb")).exists():
        number += 1
    path.rename(kept)
    return kept


def make(numbers=()):
    """Make the copies that are missing, and these afresh; what is there is never overwritten.

    Returns lines that say what was done, and which copies are older than the course.
    """
    said, course = [], lessons()
    if unknown := [number for number in numbers if number not in course]:
        sys.exit(f"there is no lesson {unknown[0]!r}; give numbers such as 03")
    WORKBOOK.mkdir(exist_ok=True)
    shutil.copytree(COURSE / "data", WORKBOOK / "data", dirs_exist_ok=True)
    made = 0
    for number, path in course.items():
        mine = WORKBOOK / path.name
        if mine.exists() and number in numbers:
            said.append(f"workbook/{mine.name} is fresh; yours is {keep(mine).name!r}")
            nbformat.write(copy_of(path), mine)
        elif not mine.exists():
            nbformat.write(copy_of(path), mine)
            made += 1
        elif nbformat.read(mine, as_version=4).metadata.get("lesson") != fingerprint(
                nbformat.read(path, as_version=4)):
            said.append(f"workbook/{mine.name} is of an older lesson: python tools/workbook.py "
                        f"{number} makes a fresh one and keeps yours")
    return [f"workbook/: {plural(made, 'lesson')} copied without outputs"] * bool(made) + said


def lab():
    """Open the workbook at its first lesson."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root:
        print("You are root, as in a container: JupyterLab is started with --allow-root.")
    own = {"JUPYTER_PREFER_ENV_PATH": "1",  # its own kernel, whatever others there are
           "JUPYTER_CONFIG_PATH": str(ROOT / "tools")}  # jupyter_server_config.py says what for
    return ready.run([sys.executable, "-m", "jupyterlab", "--ServerApp.root_dir=.",
                      *["--allow-root"] * root, f"workbook/{lessons()['00'].name}"],
                     cwd=ROOT, env=ready.surroundings() | own)


if __name__ == "__main__":
    words = sys.argv[1:]
    try:
        for line in make([word for word in words if word != "--lab"]):
            print(line)
    except OSError as error:
        sys.exit(f"The copies could not be made ({error}): copy the course to a folder of yours")
    sys.exit(lab() if "--lab" in words else 0)
