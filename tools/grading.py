"""Lessons for nbgrader: `python tools/grading.py [--to FOLDER] [03 07 …]`; all without numbers.

Writes FOLDER/source/03, the teacher's version with solutions, points and hidden tests; and with
nbgrader FOLDER/release/03, which students get. FOLDER is grading/, which Git ignores. A source that
is there is kept, so you may change it, its points too: the hidden tests follow.
"""
import argparse
import os
import re
import shutil
import sys
import sysconfig
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from store import METADATA, exercise_cells
from workbook import COURSE, LINK, ROOT, lessons

from helpers.exercises import EXERCISES, load
from helpers.words import plural

SENTENCES, ARGUMENT = 5, 15     # points for an exercise that asks for sentences; for lesson 15's
NEEDS = {"exercise-4-answer": ["imports"],      # in lesson 15 the solutions have tools of their own
         "exercise-6-answer": ["shapes", "key-functions", "key-functions-bytes"]}
CONFIG = '''import os

os.environ["HELPERS_PICTURES"] = "1"     # graded, an explorer is a picture, also without network
c = get_config()
c.CourseDirectory.course_id = "transformer-costs"
c.ClearSolutions.code_stub = {"python": "# your code here"}
c.ClearSolutions.text_stub = "*Your answer: double-click here, and write.*"
'''


def marked(cell, points=None, solution=False):
    """The cell as one of nbgrader's: with points it is graded; what is no solution is locked."""
    cell.metadata["nbgrader"] = {
        "schema_version": 3, "grade_id": cell.id, "grade": points is not None, "solution": solution,
        "locked": not solution, "task": False} | ({} if points is None else {"points": points})
    return cell


def tested(check):
    """The cell that gives the points of an exercise, from the cell of its check."""
    found = re.fullmatch(r'check\("((\d\d)\.(\d+))", (.+)\)', check.source)
    if not found or load(found[2]) or found[1] not in EXERCISES:
        raise ValueError(f"cell {check.id} is no check of an exercise: {check.source}")
    points = len(EXERCISES[found[1]].entries) or 1
    return marked(new_code_cell(
        f"# Exercise {found[3]}: {plural(points, 'point')}\n### BEGIN HIDDEN TESTS\n"
        "from helpers.exercises import points_for\n"
        f'points_for("{found[1]}", {found[4]}, of={points})\n### END HIDDEN TESTS',
        id=check.id.replace("check", "points")), points)


def for_nbgrader(cell, solved):
    """The cells in place of one of a lesson; `solved`: those of its solutions, by id."""
    found = re.fullmatch(r"exercise-\d+(-answer|-check|)", cell.id)
    part = found[1] if found else cell.id
    if part == "argument":
        cell.source += f"\n### BEGIN SOLUTION\n{solved[part].source}\n### END SOLUTION"
        return [marked(cell, ARGUMENT, solution=True)]
    if part == "-answer":
        needs = NEEDS.get(cell.id, []) if "argument" in solved else []
        above = ["### BEGIN SOLUTION", *(solved[name].source for name in needs)]
        cell.source = solved[cell.id].source.replace(above[0], "\n".join(above), 1)
        return [marked(cell, solution=True)]
    if part == "-check":
        return [marked(cell), tested(cell)]
    if part or f"{cell.id}-check" in solved or "argument" in solved:
        return [cell]
    after = [*solved.values()][[*solved].index(cell.id) + 1:]   # asks for sentences: a sample
    sample = next((cell.source for cell in after if cell.cell_type == "markdown"), "")
    answer = new_markdown_cell(sample, id=f"{cell.id}-answer")
    return [cell, marked(answer, SENTENCES, solution=True)]


def source_of(lesson, solutions):
    """The teacher's version of a lesson: exercises solved, with points and hidden tests."""
    exercise_cells(solutions)       # refuses a solution that is not marked as one
    solved = {cell.id: cell for cell in solutions.cells}
    bare = [new_code_cell(cell.source, id=cell.id) if cell.cell_type == "code" else
            new_markdown_cell(LINK.sub(r"\1", cell.source), id=cell.id) for cell in lesson.cells]
    cells = [new for cell in bare for new in for_nbgrader(cell, solved)]
    return new_notebook(cells=cells, metadata=METADATA)


def write_source(path, folder):
    """Write the source of one lesson, with the files that it opens; a sentence on what was done."""
    solutions, target = COURSE / "solutions" / path.name, folder / "source" / path.name[:2]
    if not solutions.exists():
        raise ValueError(f"the exercises are made from {solutions}, which is missing")
    made = source_of(*(nbformat.read(each, as_version=4) for each in (path, solutions)))
    text = "\n".join(cell.source for cell in made.cells)
    target.mkdir(parents=True, exist_ok=True)
    for name in set(re.findall(r"[(\"]((?:pictures|data)/[\w.]+)[)\"]", text)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(COURSE / name, target / name)
    file = target / path.name
    if not file.exists():
        nbformat.write(made, file)
        return "source written"
    kept = nbformat.read(file, as_version=4)
    if kept.cells == made.cells:
        return "source unchanged"
    for cell in kept.cells:
        if "points_for(" in cell.source:
            points = cell.metadata["nbgrader"]["points"]
            cell.source = re.sub(r"(?<=, of=)[\d.]+", f"{points:g}", re.sub(
                r"(?<=: )[\d.]+ points?", plural(points, "point"), cell.source, count=1))
    nbformat.write(kept, file)
    return "source kept as you changed it, or of an older lesson; without it a fresh one is written"


def release(number, folder):
    """Let nbgrader make the students' version from the source; ValueError with its complaint."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader
    config = PyFileConfigLoader("nbgrader_config.py", str(folder)).load_config()
    config.CourseDirectory.root = str(folder)
    scripts = sysconfig.get_path("scripts")     # nbgrader calls Alembic by its name alone
    os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    result = NbGraderAPI(config=config).generate_assignment(number)
    if not result["success"]:
        reasons = re.findall(r"^ +[\w.]*Error: (.+)", result.get("log") or "", re.MULTILINE)
        why = (reasons or [result.get("error") or "no reason given"])[-1]
        raise ValueError(f"nbgrader refuses the source: {why}")


def main(words):
    """Make both versions of the lessons named; the exit status."""
    parser = argparse.ArgumentParser(description="Lessons for nbgrader: source and release.")
    parser.add_argument("--to", type=Path, default=ROOT / "grading", metavar="FOLDER")
    parser.add_argument("lessons", nargs="*", metavar="03")
    asked = parser.parse_args(words)
    folder, course = asked.to.resolve(), lessons(asked.lessons)
    if folder.is_relative_to(ROOT) and not folder.is_relative_to(ROOT / "grading"):
        return f"{folder} is within the course, where Git may take it: give a folder outside"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (config := folder / "nbgrader_config.py").exists():
            config.write_text(CONFIG, encoding="utf-8")
        for number, path in course.items():
            print(f"{number}: {write_source(path, folder)}", flush=True)
            release(number, folder)
            print(f"{number}: release written, {folder / 'release' / number}", flush=True)
    except ModuleNotFoundError as error:
        if not error.name.startswith("nbgrader"):
            raise
        return ("No release is written, because nbgrader is not installed. Install it with "
                "python -m pip install -e '.[grading]', and try again")
    except ValueError as error:
        return f"{number}: {error}"
    except OSError as error:
        return f"{error.filename or folder} cannot be written: {error.strerror}"
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
