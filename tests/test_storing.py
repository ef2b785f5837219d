"""Storing gives the same bytes twice, derives the stubs, and refuses what must not be saved."""
import copy
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers import storing

SOLVED = '''def double(n):
    """Twice n."""
    ### BEGIN SOLUTION
    return 2 * n
    ### END SOLUTION'''
STUB = '''def double(n):
    """Twice n."""
    # your code here'''


def lesson(*sources):
    return new_notebook(metadata={"language_info": {"name": "python", "version": "3.0"},
                                  "widgets": {}},
                        cells=[new_markdown_cell("# A title", id="title"),
                               *(new_code_cell(source, id=f"cell-{index}", execution_count=9,
                                               metadata={"collapsed": True})
                                 for index, source in enumerate(sources))])


def exercise(answer):
    return [new_markdown_cell("Write it.", id="exercise-1"),
            new_code_cell(answer, id="exercise-1-answer"),
            new_code_cell("double(1)", id="exercise-1-check")]


def test_stub_of_a_function_and_of_a_value():
    assert storing.stub(SOLVED) == STUB
    assert storing.stub("share = None\n### BEGIN SOLUTION\nshare = 8.9\n### END SOLUTION") == \
        "share = None"


@pytest.mark.parametrize(("source", "words"), [
    ("share = 8.9", "not marked"),
    ("### BEGIN SOLUTION\nshare = 8.9", "not marked"),
    ("### BEGIN SOLUTION\n### BEGIN SOLUTION", "counterpart"),
    ("share = 8.9\n### END SOLUTION", "counterpart"),
    ("def f(n):\n    ### BEGIN SOLUTION\n    return n\n    ### END SOLUTION", "docstring")])
def test_a_solution_without_a_stub_is_refused(source, words):
    with pytest.raises(ValueError, match=words):
        storing.stub(source)


def test_the_lesson_gets_statement_stub_and_check_from_the_solutions():
    notebook = lesson("n = 1")
    notebook.cells += [new_code_cell("old", id=cell.id) for cell in exercise(SOLVED)]
    solutions = new_notebook(cells=exercise(SOLVED))
    cells = storing.with_exercises(notebook, solutions).cells[-3:]
    assert [cell.source for cell in cells] == ["Write it.", STUB, "double(1)"]
    assert solutions.cells[1].source == SOLVED


def test_other_exercises_than_in_the_solutions_are_refused():
    with pytest.raises(ValueError, match="same ids"):
        storing.with_exercises(lesson("n = 1"), new_notebook(cells=exercise(SOLVED)))


def test_storing_twice_gives_the_same_bytes(tmp_path):
    """With a figure, a widget in picture mode, a formula, streams; in a folder of its own."""
    (tmp_path / "solutions").mkdir()
    notebook = lesson(
        "import os\nfrom pathlib import Path\nimport matplotlib.pyplot as plt\n"
        "from helpers.figures import show",
        "figure, axes = plt.subplots()\naxes.plot([1, 2, 4])\n"
        "show(figure, 'a line that rises faster and faster')",
        "if os.environ.get('HELPERS_PICTURES') != '1':\n"
        "    import ipywidgets\n    display(ipywidgets.IntSlider())\n"
        "print('one')\nprint('two', flush=True)\nprint('three')",
        "from sympy import symbols\nsymbols('n')**2", "sorted(p.name for p in Path().iterdir())")
    notebook.cells += [new_code_cell("old", id=cell.id) for cell in exercise(SOLVED)]
    path = tmp_path / "01_demo.ipynb"
    nbformat.write(notebook, path)
    nbformat.write(new_notebook(cells=exercise(SOLVED)), tmp_path / "solutions" / path.name)

    assert storing.store(path) is True
    first = path.read_bytes()
    assert storing.store(path) is False
    assert path.read_bytes() == first

    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    assert stored.metadata == storing.METADATA
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert [cell.id for cell in stored.cells] == [cell.id for cell in notebook.cells]
    assert not any(cell.metadata for cell in stored.cells)
    assert [output.text for output in code[2].outputs] == ["one\ntwo\nthree\n"]
    about = code[1].outputs[0].metadata["image/png"]
    assert about["alt"] == "a line that rises faster and faster"
    assert about["drawn_by"].startswith("Matplotlib 3.")
    assert path.name in code[4].outputs[0].data["text/plain"]     # ran in its own folder
    assert code[5].source == STUB


@pytest.mark.parametrize(("source", "words"), [
    ("1 / 0", "cell-0 raised ZeroDivisionError: division by zero"),
    ("import sys\nprint('careful', file=sys.stderr)", "cell-0 writes to stderr"),
    ("object()", "cell-0 shows an address"),
    ("import ipywidgets\nipywidgets.IntSlider()", "cell-0 shows a live widget"),
    (" ", "cell-0 is empty")])
def test_what_must_not_be_saved_is_refused_and_the_file_left_alone(tmp_path, source, words):
    path = tmp_path / "01_demo.ipynb"
    nbformat.write(lesson(source), path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"01_demo.ipynb: .*{words}"):
        storing.store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", [
    "<Axes at 0x7f3c4d5e>", "/home/anna/x", "/Users/anna/x", "/tmp/ipykernel_12/3.py",
    "C:\\Users\\anna", "lib/site-packages/numpy"])
def test_what_belongs_to_one_machine_is_unfit(text):
    assert storing.unfit(new_output("stream", text=text))
    assert storing.unfit(new_output("display_data", {"text/html": f"<b>{text}</b>"}))


@pytest.mark.parametrize("text", ["8·n·d² + 4·n²·d", "n/home/d", "0x10", "see helpers/tracing", "1/2"])
def test_ordinary_text_is_fit(text):
    assert storing.unfit(new_output("stream", text=text)) == ""


def test_notebooks_are_chosen_by_number_or_name(tmp_path):
    (tmp_path / "solutions").mkdir()
    for name in ("01_one", "02_two", "solutions/01_one"):
        (tmp_path / f"{name}.ipynb").touch()

    def names(*wanted):
        return [path.relative_to(tmp_path).with_suffix("").as_posix()
                for path in storing.chosen(wanted, tmp_path)]
    assert names() == ["01_one", "02_two", "solutions/01_one"]
    assert names("01") == names("01_one") == names("notebooks/01_one.ipynb") == ["01_one",
                                                                                "solutions/01_one"]
    with pytest.raises(ValueError, match="no notebook is called '7'"):
        names("7")


def test_the_environment_is_left_as_it_was(monkeypatch):
    monkeypatch.delenv("HELPERS_PICTURES", raising=False)
    before = copy.copy(dict(os.environ))
    storing.run(new_notebook(cells=[]), ".")
    assert dict(os.environ) == before


def test_a_measurement_is_kept_until_its_code_changes_or_a_fresh_one_is_asked_for(tmp_path):
    notebook = lesson("import time", "time.perf_counter_ns()", "'after'")
    notebook.cells[2].metadata["tags"] = ["nbval-ignore-output"]
    path = tmp_path / "01_demo.ipynb"
    nbformat.write(notebook, path)

    def measured():
        return nbformat.read(path, 4).cells[2].outputs[0].data["text/plain"]
    storing.store(path)
    first, before = measured(), path.read_bytes()
    assert not storing.store(path) and path.read_bytes() == before
    assert storing.store(path, measure=True) and measured() != first
    first = measured()
    changed = nbformat.read(path, 4)
    changed.cells[1].source = "import time  # the code above is another"
    nbformat.write(changed, path)
    assert storing.store(path) and measured() != first
    changed = nbformat.read(path, 4)
    changed.cells[3].source, first = "'later'", measured()
    nbformat.write(changed, path)
    assert storing.store(path) and measured() == first
