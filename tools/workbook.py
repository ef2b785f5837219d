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
from itertools import count

import ready
from ready import COURSE, ROOT, lessons

if __name__ == "__main__" and (inside := ready.ready()) != sys.executable:
    sys.exit(ready.run([inside, *sys.argv]))        # the same command, by a Python that has it all
import nbformat

from helpers.words import plural

WORKBOOK = ROOT / "workbook"
LINK = re.compile(r"(?<!!)\[([^]]*)\]\((?!https?:)([^)]*)\)")   # to a file of the course
BESIDE = re.compile(r"\]\((?=(pictures|solutions|data|README\.md|reference\.md))")  # stay there


def copy_of(path):
    """A lesson without outputs, with links back into notebooks/, and a digest of its text."""
    notebook = nbformat.read(path, as_version=4)
    text = "\0".join(cell.source for cell in notebook.cells)
    notebook.metadata["lesson"] = hashlib.sha256(text.encode()).hexdigest()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = BESIDE.sub("](../notebooks/", cell.source)
    return notebook


def keep(path):
    """Give a student's copy another name: 03_….ipynb becomes 03_… (mine 1).ipynb."""
    names = (path.with_name(f"{path.stem} (mine {number}).ipynb") for number in count(1))
    return path.rename(next(name for name in names if not name.exists()))


def make(numbers=()):
    """Make the missing copies, and these afresh; none is overwritten. Lines say what was done."""
    lessons(numbers)        # refuses a number that no lesson has
    said, made = [], 0
    WORKBOOK.mkdir(exist_ok=True)
    shutil.copytree(COURSE / "data", WORKBOOK / "data", dirs_exist_ok=True)
    for number, path in lessons().items():
        mine, copy = WORKBOOK / path.name, copy_of(path)
        if not mine.exists():
            made += 1
            nbformat.write(copy, mine)
        elif number in numbers:
            said.append(f"workbook/{mine.name} is fresh; yours is {keep(mine).name!r}")
            nbformat.write(copy, mine)
        elif nbformat.read(mine, as_version=4).metadata.get("lesson") != copy.metadata.lesson:
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
