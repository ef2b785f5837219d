"""Storing gives the same bytes twice, derives the stubs, and refuses what must not be saved."""
import os

import nbformat
import pytest
import store
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

SOLVED = '''def double(n):
    """Twice n."""
    ### BEGIN SOLUTION
    return 2 * n
    ### END SOLUTION'''
STUB = '''def double(n):
    """Twice n."""
    # your code here'''


def lesson(*sources):
    cells = [new_code_cell(source, id=f"cell-{index}", execution_count=9, metadata={"collapsed": True})
             for index, source in enumerate(sources)]
    return new_notebook(metadata={"language_info": {"name": "python", "version": "3.0"}, "widgets": {}},
                        cells=[new_markdown_cell("# A title", id="title"), *cells])


def exercise(answer):
    return [new_markdown_cell("Write it.", id="exercise-1"),
            new_code_cell(answer, id="exercise-1-answer"),
            new_code_cell("double(1)", id="exercise-1-check")]


def test_stub_of_a_function_and_of_a_value():
    assert store.stub(SOLVED) == STUB
    assert store.stub("share = None\n### BEGIN SOLUTION\nshare = 8.9\n### END SOLUTION") == "share = None"


@pytest.mark.parametrize(("source", "words"), [
    ("share = 8.9", "not marked"), ("### BEGIN SOLUTION\nshare = 8.9", "not marked"),
    ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "not marked"),
    ("share = 8.9\n### END SOLUTION", "not marked"),
    ("def f(n):\n    ### BEGIN SOLUTION\n    return n\n    ### END SOLUTION", "docstring")])
def test_a_solution_without_a_stub_is_refused(source, words):
    with pytest.raises(ValueError, match=words):
        store.stub(source)
    with pytest.raises(ValueError, match="solutions, cell exercise-1-answer: "):
        store.exercise_cells(new_notebook(cells=exercise(source)))


def test_other_exercises_than_in_the_solutions_are_refused():
    with pytest.raises(ValueError, match="the solutions have"):
        store.with_exercises(lesson("n = 1"), new_notebook(cells=exercise(SOLVED)))


def test_storing_twice_gives_the_same_bytes_and_keeps_a_measurement(tmp_path):
    """With a figure, a widget in picture mode, a formula, streams, a measurement; in a folder of its own."""
    (tmp_path / "solutions").mkdir()
    notebook = lesson(
        "import os, time\nfrom pathlib import Path\nimport matplotlib.pyplot as plt\nfrom helpers.figures import show",
        "figure, axes = plt.subplots()\naxes.plot([1, 2, 4])\nshow(figure, 'a line that rises faster and faster')",
        "if os.environ.get('HELPERS_PICTURES') != '1':\n    import ipywidgets\n    display(ipywidgets.IntSlider())\n"
        "print('one')\nprint('two', flush=True)\nprint('three')",
        "time.perf_counter_ns()", "sorted(p.name for p in Path().iterdir())")
    notebook.cells[4].metadata["tags"] = ["nbval-ignore-output"]
    notebook.cells += [new_code_cell("old", id=cell.id) for cell in exercise(SOLVED)]
    path = tmp_path / "01_demo.ipynb"
    nbformat.write(notebook, path)
    nbformat.write(new_notebook(cells=exercise(SOLVED)), tmp_path / "solutions" / path.name)
    assert store.store(path) is True
    first = path.read_bytes()
    assert store.store(path) is False and path.read_bytes() == first

    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert stored.metadata == store.METADATA
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert [cell.id for cell in stored.cells] == [cell.id for cell in notebook.cells]
    assert [sorted(cell.metadata) for cell in code if cell.metadata] == [["measured", "tags"]]
    assert [output.text for output in code[2].outputs] == ["one\ntwo\nthree\n"]
    about = code[1].outputs[0].metadata["image/png"]
    assert about["alt"] == "a line that rises faster and faster" and about["drawn_by"] == store.DRAWN_BY
    assert path.name in code[4].outputs[0].data["text/plain"]     # ran in its own folder
    assert [cell.source for cell in stored.cells[-3:]] == ["Write it.", STUB, "double(1)"]

    def measured():
        return nbformat.read(path, 4).cells[4].outputs[0].data["text/plain"]

    def change(cell, addition):
        changed = nbformat.read(path, 4)
        changed.cells[cell].source += addition
        nbformat.write(changed, path)
        return store.store(path)
    once = measured()
    assert change(5, "[:1]") and measured() == once         # below the measurement
    assert change(1, "\nn = 1") and measured() != once      # above it
    once = measured()
    assert store.store(path, measure=True) and measured() != once


@pytest.mark.parametrize(("source", "words"), [
    ("1 / 0", "cell-0 raised ZeroDivisionError: division by zero"),
    ("import sys\nprint('careful', file=sys.stderr)", "cell-0 writes to stderr"),
    ("import ipywidgets\nipywidgets.IntSlider()", "cell-0 shows a live widget")])
def test_what_must_not_be_saved_is_refused_and_the_file_left_alone(tmp_path, source, words):
    path, before = tmp_path / "01_demo.ipynb", dict(os.environ)
    nbformat.write(lesson(source), path)
    saved = path.read_bytes()
    with pytest.raises(ValueError, match=f"01_demo.ipynb: .*{words}"):
        store.store(path)
    assert path.read_bytes() == saved and dict(os.environ) == before


@pytest.mark.parametrize("text", ["<Axes at 0x7f3c4d5e>", "/home/anna/x", "/Users/anna/x", "C:\\Users\\anna",
                                  "/tmp/ipykernel_12/3.py", "lib/site-packages/numpy"])
def test_what_belongs_to_one_machine_is_unfit(text):
    assert store.unfit(new_output("stream", text=text))
    assert store.unfit(new_output("display_data", {"text/html": f"<b>{text}</b>"}))


@pytest.mark.parametrize("text", ["8·n·d² + 4·n²·d", "n/home/d", "0x10", "see helpers/tracing", "1/2"])
def test_ordinary_text_is_fit(text):
    assert store.unfit(new_output("stream", text=text)) == ""


def test_notebooks_are_chosen_by_number_or_name(tmp_path):
    (tmp_path / "solutions").mkdir()
    for name in ("01_one", "02_two", "solutions/01_one"):
        (tmp_path / f"{name}.ipynb").touch()

    def names(*wanted):
        return [path.relative_to(tmp_path).with_suffix("").as_posix() for path in store.chosen(wanted, tmp_path)]
    assert names() == ["01_one", "02_two", "solutions/01_one"]
    assert names("01") == names("01_one") == names("notebooks/01_one.ipynb") == ["01_one", "solutions/01_one"]
    with pytest.raises(ValueError, match="no notebook is called '7'"):
        names("7")
