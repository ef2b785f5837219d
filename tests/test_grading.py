"""Lessons for nbgrader: points and hidden tests where they belong, hand-outs without answers, and grading for real."""
import html
import json
import os
import re
import shutil
import subprocess
import sys

import grading
import nbformat
import pytest
import store
from documents import ROOT
from ready import lessons

from helpers.exercises import EXERCISES, check, load, points_for

LESSONS = lessons()
NUMBERS = [number for number in LESSONS if (ROOT / "notebooks/solutions" / LESSONS[number].name).exists()]
REGION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def notebook(folder, number):
    return nbformat.read(folder / number / LESSONS[number].name, as_version=4)


def both(number):
    """A lesson and its solutions."""
    return [nbformat.read(LESSONS[number].parent / folder / LESSONS[number].name, as_version=4) for folder in ("", "solutions")]


def graded(cells):
    """{id: points} of the cells that are graded."""
    return {cell.id: cell.metadata.nbgrader.points for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")}


@pytest.fixture(scope="module", autouse=True)
def environment():
    """nbgrader's configuration sets a variable; afterwards all is as it was."""
    with store.environment():
        yield


@pytest.mark.parametrize("number", NUMBERS)
def test_the_source_is_the_lesson_with_its_exercises_solved_and_tested(number):
    lesson, source = both(number)[0], grading.source_of(*both(number))
    cells = {cell.id: cell for cell in source.cells}
    own = [cell.id for cell in lesson.cells]
    assert len(cells) == len(source.cells) and [name for name in cells if name in own] == own
    for cell in lesson.cells:
        answer = re.fullmatch(r"exercise-\d+-answer", cell.id)
        same = store.stub(cells[cell.id].source) if answer else cells[cell.id].source
        assert same == cell.source or cell.cell_type == "markdown" or cell.id == "argument"
    assert not any(cell.get("outputs") or cell.get("execution_count") or set(cell.metadata) - {"nbgrader"} for cell in source.cells)
    asked = [name for name in own if re.fullmatch(r"exercise-\d+-check", name)]
    assert [name for name in cells if name.endswith("-points")] == [name.replace("check", "points") for name in asked]
    for name in asked:
        called = re.fullmatch(r'check\((.+)\)', cells[name].source)[1]
        assert f"points_for({called}, of=" in cells[name.replace("check", "points")].source


def test_a_point_for_each_entry_and_for_the_sentences_more():
    points = {number: graded(grading.source_of(*both(number)).cells) for number in NUMBERS}
    assert list(points["01"].values()) == [3, 1, 1, 1, 5] and list(points["03"].values()) == [1, 1, 1, 1, 5]
    if "15" in points:      # as the lesson says
        assert sum(points["15"].values()) == 56 == 41 + points["15"]["argument"]
        assert "41 + 15 = 56" in next(cell.source for cell in both("15")[0].cells if cell.id == "marks")


@pytest.mark.parametrize("number", [number for number in NUMBERS if number in ("03", "15")])
def test_the_source_runs_and_gets_all_its_points(number):
    """Also where a solution stands on other cells of the solutions."""
    source = store.run(grading.source_of(*both(number)), ROOT / "notebooks")
    got = {cell.id: float(cell.outputs[0].data["text/plain"]) for cell in source.cells if cell.id.endswith("-points")}
    assert got == {name: points for name, points in graded(source.cells).items() if name in got} and len(got) > 3


def test_what_an_answer_is_worth(capsys):
    def right(budget, d):
        print("tried", file=sys.stderr)     # nbgrader gives nothing for a cell that warns
        return int((budget // d)**0.5)
    assert points_for("01.2", right, of=2) == 2 and points_for("01.2", 3, of=2) == 0 and not capsys.readouterr().err
    table = {"3 times the tokens": 9, "a quarter of the width": 4, "twice the tokens and half the width": None}
    assert points_for("01.1", table, of=3) == 1 and points_for("01.1", None, of=3) == points_for("01.1", 9, of=3) == 0


@pytest.mark.parametrize(("folder", "said"), [
    (ROOT / "notebooks", "give a folder outside"), (ROOT, "give a folder outside"), (ROOT / "Makefile" / "x", "give a folder outside"),
    ("{}/file/x", "/file"), ("{}", "00: the exercises are made from .*solutions.00_start_here.ipynb, which is missing")])
def test_what_cannot_be_made_is_said_in_a_sentence(tmp_path, monkeypatch, folder, said):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(grading, "COURSE", tmp_path)
    assert re.fullmatch(f".*{said}.*", grading.main(["--to", str(folder).format(tmp_path), "00"]))


def test_a_check_that_grading_cannot_read_is_named():
    lesson, solutions = both("00")
    next(cell for cell in lesson.cells if cell.id == "exercise-1-check").source = 'check("00.9", 1)'
    with pytest.raises(ValueError, match="exercise-1-check is no check"):
        grading.source_of(lesson, solutions)


def test_without_nbgrader_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbgrader.apps", None)
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    assert re.fullmatch(r".*\[grading\].*", grading.main(["--to", str(tmp_path), "00"])) and notebook(tmp_path / "source", "00").cells


# With nbgrader.

@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder with the source and the release of each lesson."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install -e '.[grading]'")
    folder = tmp_path_factory.mktemp("grading")
    assert grading.main(["--to", str(folder), *NUMBERS]) == 0
    return folder


def strings(node):
    """Every text in a notebook: sources, outputs, names and values of metadata."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for part in [*node, *(node.values() if isinstance(node, dict) else ())]:
            yield from strings(part)


def flat(text):
    return " ".join(text.split())


def secrets(number):
    """What only the solutions say: lines of code, sentences, what a check says to what is right."""
    lesson, solutions = both(number)
    public, found = flat("\n".join(cell.source for cell in lesson.cells)), []
    for cell in solutions.cells:
        text = "\n".join(REGION.findall(cell.source) or [cell.source])
        found += text.splitlines() if cell.cell_type == "code" else re.split(r"(?<=[.:?!])\s+", text)
        found += [text for text in strings(cell.get("outputs", [])) if " " in text and len(text) < 500]
    load(number)
    found += [exercise.why for name, exercise in EXERCISES.items() if name[:2] == number]
    return {text for text in map(flat, found) if len(text) > 7 and text not in public}


def leaks(handout, number):
    """The secrets of a lesson that a notebook gives away, wherever in it."""
    text = flat("\n".join(strings(handout)))
    return {secret for secret in secrets(number) if secret in text}


def numbers_given_away(handout, number):
    """The numbers that are right, of three digits or more, in the cells of their exercises."""
    load(number)
    for name in (name for name in EXERCISES if name[:2] == number):
        cells = re.compile(rf"exercise-{name[3:]}(-.*|)")
        text = "\n".join(strings([cell for cell in handout.cells if cells.fullmatch(cell.id)]))
        for part in (EXERCISES[name].entries or {"": EXERCISES[name]}).values():
            if part and isinstance(part.right, int | float) and len(f"{part.right:g}".strip("0.")) > 2:
                yield from (form for form in {f"{part.right}", f"{part.right:,}", f"{part.right:_}"} if form in text)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_hand_out_has_no_solution_and_no_answer_anywhere(course, number):
    handout, folder = notebook(course / "release", number), course / "release" / number
    assert len(secrets(number)) > 5 and leaks(notebook(course / "source", number), number)      # the search finds what is there
    assert not leaks(handout, number) and not [*numbers_given_away(handout, number)]
    assert not re.search("SOLUTION|HIDDEN|points_for|correct:", json.dumps(handout))
    for cell in handout.cells:
        assert not cell.get("outputs") and not cell.get("execution_count") and not cell.get("attachments")
        assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}      # so none is folded or hidden
    for file in (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".ipynb"):
        assert file.read_bytes() == (ROOT / "notebooks" / file.relative_to(folder)).read_bytes()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_hand_out_asks_what_the_lesson_asks(course, number):
    lesson, handout = both(number)[0], notebook(course / "release", number)
    cells = {cell.id: cell.source for cell in handout.cells}
    for cell in lesson.cells:
        assert cell.cell_type == "markdown" or cells[cell.id].replace("\n# your code here", "") == cell.source
        for file in re.findall(r'\]\(((?!https?:)[^)\s]+)\)|"(data/[\w.]+)"', cells[cell.id]):
            assert (course / "release" / number / "".join(file)).exists(), f"{cell.id}: {file}"


def test_a_source_that_was_changed_is_kept_and_a_spoiled_one_named(course, tmp_path, capsys):
    for name in ("source", "release"):
        shutil.copytree(course / name / "00", tmp_path / name / "00")
    file = tmp_path / "source/00" / LESSONS["00"].name
    ours = file.read_text(encoding="utf-8")
    file.write_text(ours.replace('"points": 1', '"points": 4'), encoding="utf-8")
    assert grading.main(["--to", str(tmp_path), "00"]) == 0 and "source kept as you changed it" in capsys.readouterr().out
    assert list(graded(notebook(tmp_path / "release", "00").cells).values()) == [4]
    assert "# Exercise 1: 4 points" in json.dumps(notebook(tmp_path / "release", "00"))
    assert "of=4)" in file.read_text(encoding="utf-8")
    file.write_text(ours.replace("### END SOLUTION", "###"), encoding="utf-8")
    assert grading.main(["--to", str(tmp_path), "00"]) == "00: nbgrader refuses the source: no end solution statement found"
    assert not (tmp_path / "release/00").exists()


HALF = {"exercise-1-answer": '''factors = {"3 times the tokens": 9, "a quarter of the width": 1 / 16,
           "twice the tokens and half the width": None}''',
        "exercise-2-answer": "def longest_text(budget, d):\n    return budget // d", "exercise-5-answer": None}   # as it was
HINTS = ("the width counts once; only n is squared", "n is squared in n²·d: take the root")
# Names that the notebook and Python need, lost; and a warning. It is right all the same.
CARELESS = {"exercise-2-answer": "import warnings\ncheck = sum = len = None\ndef longest_text(budget, d):\n"
                                 "    warnings.warn('slow')\n    return isqrt(budget // d)"}


@pytest.fixture(scope="module")
def marked(course):
    """What nbgrader makes of four submissions to lesson 01: {student: {cell: points, or None for a person to give}}."""
    def nbgrader(*words):
        run = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=course, capture_output=True, text=True,
                             env=os.environ | store.ENVIRONMENT)
        assert run.returncode == 0, run.stderr
    nbgrader("generate_assignment", "01", "--force")
    right = {cell.id: cell.source for cell in notebook(course / "source", "01").cells
             if cell.metadata.get("nbgrader", {}).get("solution")}
    for student, answers in {"right": right, "half": right | HALF, "careless": right | CARELESS, "empty": {}}.items():
        paper = notebook(course / "release", "01")
        for cell in paper.cells:
            cell.source = answers.get(cell.id) or cell.source
        folder = course / "submitted" / student / "01"
        folder.mkdir(parents=True)
        nbformat.write(paper, folder / LESSONS["01"].name)
    nbgrader("autograde", "01")
    nbgrader("generate_feedback", "01")
    from nbgrader.api import Gradebook
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        return {paper.student.id: {grade.name: grade.auto_score for grade in paper.notebooks[0].grades}
                for paper in book.assignment_submissions("01")}


def test_nbgrader_scores_as_the_checks_do(marked):
    names = [*(f"exercise-{place}-points" for place in (1, 2, 3, 4)), "exercise-5-answer"]
    scores = {"right": [3, 1, 1, 1, None], "half": [1, 0, 1, 1, 0], "careless": [3, 1, 1, 1, None], "empty": [0, 0, 0, 0, 0]}
    assert marked == {student: dict(zip(names, points)) for student, points in scores.items()}


def test_the_feedback_has_the_score_and_our_hints(marked, course):
    def feedback(student):
        text = (course / "feedback" / student / "01" / f"{LESSONS['01'].stem}.html").read_text(encoding="utf-8")
        return flat(html.unescape(re.sub("<[^>]+>", "", text)))
    assert all(hint in feedback("half") for hint in HINTS) and "(Score: 3.0 / 11.0)" in feedback("half")
    assert not any(hint in feedback("right") for hint in HINTS) and "(Score: 6.0 / 11.0)" in feedback("right")
    assert feedback("right").count("✓ correct") == 4 and feedback("empty").count("– not attempted") == 4
    assert flat(check("01.1", 9).text) not in feedback("empty") and "(Score: 0.0 / 11.0)" in feedback("empty")
