"""The notebooks as documents: the rules of documents.py, over every notebook and page.

Below them each rule is shown to fail, on a notebook that breaks it on purpose.
"""
import re

import nbformat
import pytest
from documents import LARGEST, ROOT, RULES, Document, link_faults, text_faults, without_code
from nbformat.v4 import new_markdown_cell, new_output

LESSONS = sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))
NOTEBOOKS = LESSONS + sorted(ROOT.glob("notebooks/solutions/*.ipynb"))
# Written so that this file does not hold the names either.
REGISTRIES = re.compile(r"py[p]i\.org|files\.python[h]osted|conda\.anacond[a]|registry\.np[m]js|proxy\.golan[g]|index-ur[l]")
PAGES = sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("notebooks/**/*.md")) + sorted(ROOT.glob("helpers/**/*.md"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook(path):
    document = Document.read(path)
    faults = [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(document)]
    assert not faults, "\n".join(faults)
    assert re.match(r"\d\d_", path.name) and (ROOT / "notebooks" / path.name).exists()


def test_all_notebooks_together_are_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 5_000_000


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_page(path):
    text = without_code(path.read_text(encoding="utf-8"))
    faults = [*text_faults(text), *(fault for fault in link_faults(text, path.parent) if "anchors" not in fault)]
    assert not faults, "\n".join(faults)


def test_no_file_names_a_registry():
    names = ("pyproject.toml", "environment.yml", "Makefile", ".ci/run", ".gitignore")
    for path in (*PAGES, *(ROOT / name for name in names), *ROOT.glob("helpers/**/*.py"), *ROOT.glob("t*s/**/*.py"), *NOTEBOOKS):
        assert not REGISTRIES.search(path.read_text(encoding="utf-8")), name_of(path)


def test_a_lesson_leads_to_its_neighbours():
    assert f"]({LESSONS[1].name})" in nbformat.read(LESSONS[0], as_version=4).cells[-1].source
    for before, path, after in zip(LESSONS, LESSONS[1:], [*LESSONS[2:], None]):
        line = nbformat.read(path, as_version=4).cells[-1].source.splitlines()[0]
        leads = [before.name, "README.md", *([after.name] if after else [])]
        assert re.findall(r"\]\((.*?)\)", line)[:len(leads)] == leads, (path, line)
        assert line.startswith("[Previous: ") and (" · [Contents](README.md) · [Next: " in line or not after), (path, line)


# Each rule, shown to fail: lesson 01, which test_notebook finds without a fault, and one change that the rule must see.

def faults_of(change, path=LESSONS[1], of_solutions=False):
    solutions = path.parent / "solutions" / path.name
    document = Document.read(LESSONS[1])
    change(document.solutions if of_solutions else document.notebook)
    document = Document(solutions, document.solutions) if of_solutions else Document(path, document.notebook, document.solutions)
    return {rule.__name__: faults for rule in RULES if (faults := list(rule(document)))}


def cell(lesson, name):
    return next(cell for cell in lesson.cells if cell.id == name)


def source(name, old, new):
    def change(lesson):
        assert old in cell(lesson, name).source
        cell(lesson, name).source = cell(lesson, name).source.replace(old, new)
    return change


def add(text):
    return lambda lesson: lesson.cells.insert(3, new_markdown_cell(text, id="more"))


def code(text, **metadata):
    return has("imports", source="import numpy\n" + text, metadata=metadata)


def shows(kind, value, name="imports"):
    return has(name, outputs=[new_output("display_data", {kind: value})])


def has(name, **fields):
    return lambda lesson: cell(lesson, name).update(fields)


def without(name):
    return lambda lesson: lesson.cells.remove(cell(lesson, name))


BROKEN = {
    "headings": [
        add("# Another title"), source("title", "# The", "## The"), add("#### Too deep")],
    "imports": [has("imports", source="check = 1"), has("the-win", source="import numpy")],
    "opening_and_closing": [
        source("title", "By the end", "Aims"), source("title", "*You need*", "See"), source("links", "Sources", ""), without("recap")],
    "names_of_cells": [has("the-win", id=name) for name in ("4f3c2a1b", "imports", "The figure")],
    "stored_by_command": [
        lambda lesson: lesson.metadata.update(widgets={}), lambda lesson: lesson.metadata.kernelspec.update(name="ir"),
        has("imports", execution_count=7), has("imports", metadata={"execution": {}}), has("recap", attachments={"a": {}}),
        source("exercise-1-answer", "None", "9"), source("exercise-1", "predict", "guess"),
        without("exercise-1-answer")],
    "code_cells": [
        code("\n" * 20), has("imports", source=""), code("from numpy import *"), code("%matplotlib inline"), code("!ls"),
        code("import warnings; warnings.filterwarnings('ignore')"), code("time()", tags=["nbval-ignore-output"]),
        code("1/0", tags=["raises-exception"]), code("# NBVAL_IGNORE_OUTPUT")],
    "outputs": [    # what store.unfit refuses is in test_store.py
        shows("text/plain", "<Figure at 0x7f21ab34>"), shows("image/svg+xml", "<svg/>"), shows("image/png", "iVBORw0"),
        shows("text/html", "<style>td {color: red}</style>"), shows("text/html", "<td style='color: red'>")],
    "prose": [add(text) for text in (
        "This is simply so.", "Just so.", "Open /home/anna/course.", "<details>hidden</details>",
        "[dead](no_such_file.ipynb)", "[plain](http://example.org)", "[anchor](#there)", "It costs $5.", "From $5 to $ 7.",
        "Text\n$$\nn^2\n$$\nmore text", "$$ n^2", "$$\n\\begin{align} n \\end{align}\n$$", "$\\frac{1}{2$", "\\(n\\)",
        "$$\n\\frac{1}{2\n$$")],
    "exercises": [
        shows("text/plain", "correct: it is twice", "exercise-1-check"), has("exercise-1-check", outputs=[]),
        has("exercise-1-check", id="a-check")],
}


@pytest.mark.parametrize("rule, change", [(rule, change) for rule in BROKEN for change in BROKEN[rule]])
def test_each_rule_sees_its_fault(rule, change):
    assert rule in faults_of(change)


def test_every_rule_is_shown_to_fail():
    assert {rule.__name__ for rule in RULES} == set(BROKEN)


def test_what_a_change_of_cells_does_not_show(tmp_path):
    wrong = shows("text/plain", "not yet: 3 is too small", "exercise-1-check")
    assert "3 is too small" in faults_of(wrong, of_solutions=True)["exercises"][0]
    lesson = nbformat.read(LESSONS[1], as_version=4)
    assert [fault for rule in RULES for fault in rule(Document(LESSONS[1], lesson))] == [f"no solutions: make solutions/{LESSONS[1].name}"]
    large = tmp_path / LESSONS[1].name
    large.write_bytes(b" " * (LARGEST + 1))
    assert "more than" in faults_of(lambda lesson: None, large)["stored_by_command"][0]
