"""The notebooks as documents: the rules of documents.py, over every notebook and page.

Below them each rule is shown to fail, on a notebook that breaks it on purpose.
"""
import base64
import copy
import re
import warnings

import nbformat
import pytest
from documents import (
    REGISTRIES, ROOT, RULES, Document, link_faults, maths_faults, text_faults, without_code)
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from store import METADATA

NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb")) + sorted(ROOT.glob("notebooks/solutions/*.ipynb"))
PAGES = sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("notebooks/**/*.md"))
TEXTS = [*PAGES, *(ROOT / name for name in ("pyproject.toml", "environment.yml", "Makefile",
                                           ".ci/run", ".gitignore"))]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook(path, rule):
    faults = list(rule(Document.read(path)))
    assert not faults, "\n".join(faults)


def test_names_and_solutions():
    for path in NOTEBOOKS:
        assert path.stem[:2].isdigit() and path.stem[2] == "_", f"{path.name}: NN_title.ipynb"
        if path.parent.name == "solutions":
            assert (path.parents[1] / path.name).exists(), f"{name_of(path)} belongs to no lesson"


def test_all_notebooks_together_are_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 5_000_000


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_page(path):
    text = without_code(path.read_text(encoding="utf-8"))
    faults = [*text_faults(text), *(fault for fault in link_faults(text, path.parent)
                                    if "anchors" not in fault)]
    assert not faults, "\n".join(faults)


def test_no_file_names_a_registry():
    sources = [*ROOT.glob("helpers/**/*.py"), *ROOT.glob("tests/**/*.py"), *NOTEBOOKS]
    for path in (*TEXTS, *sources):
        assert not REGISTRIES.search(path.read_text(encoding="utf-8")), name_of(path)


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if Document(path, None).is_full_lesson],
                         ids=name_of)
def test_length_of_the_prose(path):
    """A warning, no failure: a lesson may have a reason."""
    count = sum(len(source.split()) for _, source in Document.read(path).markdown)
    if not 900 <= count <= 1_800:
        warnings.warn(f"{path.name}: {count} words; 900 to 1,800 is what readers manage")


# Each rule, shown to fail: a good lesson in memory, and one change that the rule must see.

PNG = base64.b64encode(b"picture").decode()


def good_lesson():
    """A short lesson and its solutions that follow every rule."""
    def stored(source, name, shown=None, **data):
        result = [new_output("execute_result", {"text/plain": shown, **data}, execution_count=0)] \
            if shown else []
        return new_code_cell(source, id=name, outputs=result)

    def text(source, name):
        return new_markdown_cell(source, id=name)

    def picture():
        cell = stored("show(figure, alt)", "the-figure", "a line that rises with slope two")
        cell.outputs = [new_output("display_data", {"image/png": PNG, "text/plain": "a line"},
                                   metadata={"image/png": {"alt": "a line that rises, slope two"
                                                                  " on log–log axes"}})]
        return cell

    statement = text("Write `double(n)`.", "exercise-1")
    check = 'check("01.1", double)'
    lesson = new_notebook(metadata=copy.deepcopy(METADATA), cells=[
        text("# The dance floor\n\nWhy does twice the length cost four times?\n\n"
             "*By the end you can*\n\n- count\n- draw\n- doubt\n\n"
             "*You need* [the start](test_notebooks.py).\n\n*Time*: 30 minutes", "title"),
        stored("from helpers.exercises import check", "imports"),
        text("## Predict\n\nWith $n$ tokens:\n\n$$\nn^2 d\n$$\n\nthat many.", "predict"),
        picture(),
        *(text(f"## {title}", title.lower().replace(" ", "-")) for title in (
            "Check by counting", "Play", "Where this model stops", "Spot the bug", "Exercises")),
        statement,
        stored('def double(n):\n    """Twice n."""\n    # your code here', "exercise-1-answer"),
        stored(check, "exercise-1-check", "not attempted"),
        text("## Recap", "recap"),
        text("[previous](test_notebooks.py) · [contents](README.md) · [next](test_notebooks.py)"
             "\n\nSources: none", "links")])
    solutions = new_notebook(metadata=copy.deepcopy(METADATA), cells=[
        text("# Solutions: the dance floor", "title"),
        stored("from helpers.exercises import check", "imports"),
        copy.deepcopy(statement),
        stored('def double(n):\n    """Twice n."""\n    ### BEGIN SOLUTION\n    return 2*n\n'
               '    ### END SOLUTION', "exercise-1-answer"),
        stored(check, "exercise-1-check", "correct: it is twice")])
    for notebook in (lesson, solutions):
        notebook.nbformat_minor = 5
        for count, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
            cell.execution_count = count
    return lesson, solutions


@pytest.fixture
def folder(tmp_path):
    """A folder in which the good lesson's links go somewhere."""
    for name in ("test_notebooks.py", "README.md"):
        (tmp_path / name).write_text("")
    (tmp_path / "solutions").mkdir()
    return tmp_path


def faults_of(folder, change=lambda lesson, solutions: None, rules=RULES, of_solutions=False):
    lesson, solutions = good_lesson()
    change(lesson, solutions)
    document = (Document(folder / "solutions" / "01_dance.ipynb", solutions) if of_solutions
                else Document(folder / "01_dance.ipynb", lesson, solutions))
    return {rule.__name__: faults for rule in rules if (faults := list(rule(document)))}


@pytest.mark.parametrize("of_solutions", [False, True])
def test_the_good_lesson_has_no_faults(folder, of_solutions):
    lesson, solutions = good_lesson()
    nbformat.validate(lesson)
    nbformat.validate(solutions)
    assert faults_of(folder, of_solutions=of_solutions) == {}


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def source(name, old, new):
    """A change: in cell `name` of the lesson, `new` for `old`."""
    def change(lesson, solutions):
        assert old in cell(lesson, name).source
        cell(lesson, name).source = cell(lesson, name).source.replace(old, new)
    return change


def add(text, name="more"):
    """A change: one more Markdown cell."""
    return lambda lesson, solutions: lesson.cells.insert(3, new_markdown_cell(text, id=name))


def code(text, **metadata):
    """A change: the import cell holds other code."""
    def change(lesson, solutions):
        cell(lesson, "imports").update(source="import numpy\n" + text)
        cell(lesson, "imports").metadata.update(metadata)
    return change


def shows(kind, value, name="imports", **more):
    """A change: the import cell has an output."""
    def change(lesson, solutions):
        output = new_output("display_data", {kind: value}) if "/" in kind else new_output(kind, **value)
        cell(lesson, name).outputs = [output]
    return change


def without(name):
    """A change: one cell less."""
    return lambda lesson, solutions: lesson.cells.remove(cell(lesson, name))


def renamed(new):
    return lambda lesson, solutions: cell(lesson, "the-figure").update(id=new)


BROKEN = [
    ("one_title", add("# Another title")),
    ("one_title", source("title", "# The", "## The")),
    ("levels_in_order", add("#### Too deep")),
    ("sentence_case", source("title", "The dance floor", "The Dance Floor Lesson")),
    ("opening", source("title", "*Time*: 30 minutes", "")),
    ("opening", source("title", "By the end you can", "Aims")),
    ("opening", source("title", "- doubt\n", "")),
    ("opening", source("title", "?", ".")),
    ("opening", source("title", "*You need*", "See")),
    ("imports_come_second", source("imports", "from helpers.exercises import check", "check = 1")),
    ("sections", without("play")),
    ("sections", source("predict", "Predict", "Recap")),
    ("sections", lambda lesson, solutions: lesson.cells.insert(2, lesson.cells.pop(8))),
    ("closing", without("links")),
    ("closing", source("links", "[contents](README.md)", "contents")),
    ("closing", source("links", "·", "|")),
    ("closing", source("links", "Sources", "")),
    ("names_of_cells", renamed("4f3c2a1b")),
    ("names_of_cells", renamed("imports")),
    ("names_of_cells", renamed("The figure")),
    ("stored_by_command", lambda lesson, solutions: lesson.metadata.update(widgets={})),
    ("stored_by_command", lambda lesson, solutions: lesson.metadata.kernelspec.update(name="ir")),
    ("stored_by_command", lambda lesson, solutions: cell(lesson, "imports").update(execution_count=7)),
    ("stored_by_command", lambda lesson, solutions: cell(lesson, "imports").update(execution_count=None)),
    ("stored_by_command", lambda lesson, solutions: cell(lesson, "imports").metadata.update(execution={})),
    ("stored_by_command", lambda lesson, solutions: cell(lesson, "recap").update(attachments={"a": {}})),
    ("code_cells", code("\n" * 20)),
    ("code_cells", source("imports", "from helpers.exercises import check", "")),
    ("code_cells", code("from numpy import *")),
    ("code_cells", code("%matplotlib inline")),
    ("code_cells", code("!ls")),
    ("code_cells", code("import warnings; warnings.filterwarnings('ignore')")),
    ("code_cells", code("time()", tags=["nbval-ignore-output"])),
    ("code_cells", code("1/0", tags=["raises-exception"])),
    ("code_cells", code("# NBVAL_IGNORE_OUTPUT")),
    ("outputs", shows("stream", dict(name="stderr", text="warning"))),
    ("outputs", shows("error", dict(ename="ValueError", evalue="", traceback=[]))),
    ("outputs", shows("application/vnd.jupyter.widget-view+json", {"model_id": "a"})),
    ("outputs", shows("text/plain", "<Figure at 0x7f21ab34>")),
    ("outputs", shows("text/plain", "/home/anna/course/data.csv")),
    ("outputs", shows("stream", dict(name="stdout", text="/usr/lib/site-packages/numpy"))),
    ("outputs", shows("image/svg+xml", "<svg/>")),
    ("outputs", shows("image/png", PNG)),
    ("outputs", shows("text/html", "<style>td {color: red}</style>")),
    ("outputs", shows("text/html", "<td style='color: red'>")),
    ("words", add("This is simply so.")),
    ("words", add("Just so.")),
    ("words", add("Open /home/anna/course.")),
    ("words", add("From py" + "pi.org.")),
    ("words", add("<details>hidden</details>")),
    ("links", add("[dead](no_such_file.ipynb)")),
    ("links", add("[plain](http://example.org)")),
    ("links", add("[anchor](#there)")),
    ("mathematics", add("It costs $5.")),
    ("mathematics", add("From $5 to $ 7.")),
    ("mathematics", add("Text\n$$\nn^2\n$$\nmore text")),
    ("mathematics", add("$$ n^2")),
    ("mathematics", add("$$\n\\begin{align} n \\end{align}\n$$")),
    ("mathematics", add("$\\frac{1}{2$")),
    ("mathematics", add("\\(n\\)")),
    ("exercises_as_derived", source("exercise-1-answer", "# your code here", "return 2*n")),
    ("exercises_as_derived", source("exercise-1", "Write", "Please write")),
    ("exercises_as_derived", source("exercise-1-answer", '    """Twice n."""\n', "    pass")),
    ("exercises_as_derived", without("exercise-1-answer")),
    ("exercises_as_derived", without("exercise-1-check")),
    ("exercises_as_derived", shows("text/plain", "correct: it is twice", "exercise-1-check")),
    ("exercises_as_derived", lambda lesson, solutions: cell(lesson, "exercise-1-check").update(outputs=[])),
]


@pytest.mark.parametrize(("rule", "change"), BROKEN,
                         ids=[f"{rule}-{i}" for i, (rule, _) in enumerate(BROKEN)])
def test_each_rule_sees_its_fault(folder, rule, change):
    assert rule in faults_of(folder, change)


def test_every_rule_is_shown_to_fail():
    assert {rule.__name__ for rule in RULES} - {rule for rule, _ in BROKEN} == {"size"}


def test_a_large_notebook_is_seen(folder):
    (folder / "01_dance.ipynb").write_bytes(b" " * 500_001)
    assert "size" in faults_of(folder)


def test_a_wrong_solution_is_seen(folder):
    wrong = "not yet: 3 is too small"
    faults = faults_of(folder, lambda lesson, solutions: cell(
        solutions, "exercise-1-check").outputs[0].data.update({"text/plain": wrong}),
        of_solutions=True)
    assert wrong in faults["exercises_as_derived"][0]


def test_a_lesson_without_solutions_is_seen(folder):
    lesson, _ = good_lesson()
    document = Document(folder / "01_dance.ipynb", lesson)
    assert [fault for rule in RULES for fault in rule(document)] == [
        "no solutions: make solutions/01_dance.ipynb"]


@pytest.mark.parametrize("text", [
    "With $n$ and $8nd^2$ in a sentence.", "$$\n\\begin{aligned} n &= 2 \\end{aligned}\n$$",
    "First.\n\n$$\nn^2\n$$\n\nThen.", "USD 5 and \\$5"])
def test_good_mathematics_passes(text):
    assert list(maths_faults(text)) == []


LESSONS = sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))


@pytest.mark.parametrize("place", range(1, len(LESSONS)), ids=lambda place: LESSONS[place].stem)
def test_a_lesson_leads_to_its_neighbours(place):
    last = nbformat.read(LESSONS[place], as_version=4).cells[-1].source.splitlines()[0]
    before, after = LESSONS[place - 1], LESSONS[place + 1:place + 2]
    assert re.match(rf"\[Previous: [^\]]+\]\({re.escape(before.name)}\) · \[Contents\]\(README\.md\) · ", last), last
    if after:
        assert re.search(rf" · \[Next: [^\]]+\]\({re.escape(after[0].name)}\)", last), last
