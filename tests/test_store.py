"""Storing gives the same bytes twice, derives the stubs, and refuses what must not be saved."""
import os
from itertools import count

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


def test_stub_of_a_value():
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


def test_storing_twice_gives_the_same_bytes(tmp_path):
    """With a figure, a widget in picture mode, a formula, streams; in a folder of its own."""
    (tmp_path / "solutions").mkdir()
    notebook = lesson(
        "import os\nfrom pathlib import Path\nimport matplotlib.pyplot as plt\nfrom helpers.figures import show",
        "figure, axes = plt.subplots()\naxes.plot([1, 2, 4])\nshow(figure, 'a line that rises faster and faster')",
        "if os.environ.get('HELPERS_PICTURES') != '1':\n    import ipywidgets\n    display(ipywidgets.IntSlider())\n"
        "print('one')\nprint('two', flush=True)\nprint('three')", "sorted(p.name for p in Path().iterdir())")
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
    assert stored.metadata == store.METADATA and not any(cell.metadata for cell in stored.cells)
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5, 6]
    assert [output.text for output in code[2].outputs] == ["one\ntwo\nthree\n"]
    about = code[1].outputs[0].metadata["image/png"]
    assert about["alt"] == "a line that rises faster and faster" and about["drawn_by"] == store.DRAWN_BY
    assert path.name in code[3].outputs[0].data["text/plain"]     # ran in its own folder
    assert [cell.source for cell in stored.cells[-3:]] == ["Write it.", STUB, "double(1)"]


def test_what_a_teacher_chose_for_the_slides_is_kept():
    notebook = lesson("1")
    notebook.cells[1].metadata |= {"slideshow": {"slide_type": "skip"}, "tags": ["slide-without-code"]}
    assert store.normalised(notebook).cells[1].metadata == {"slideshow": {"slide_type": "skip"}, "tags": ["slide-without-code"]}


def test_a_measurement_is_kept_until_the_code_that_leads_to_it_changes(tmp_path, monkeypatch):
    path, runs = tmp_path / "01_demo.ipynb", count()

    def run(notebook, folder):      # each run measures another time
        notebook.cells[2].outputs = [new_output("stream", text=f"{next(runs)} s")]
        return notebook

    def measured(cell=2, addition="", **how):
        changed = nbformat.read(path, 4)
        changed.cells[cell].source += addition
        nbformat.write(changed, path)
        store.store(path, **how)
        return nbformat.read(path, 4).cells[2].outputs[0].text
    monkeypatch.setattr(store, "run", run)
    notebook = lesson("n = 1", "clock()", "n")
    notebook.cells[2].metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(notebook, path)
    assert [measured(), measured(), measured(3, "below")] == ["0 s"] * 3
    assert measured(1, "above") == "3 s" and measured() == "3 s" and measured(measure=True) == "5 s"


@pytest.mark.parametrize(("output", "words"), [
    (new_output("error", ename="ZeroDivisionError", evalue="division"), "cell-0 raised ZeroDivisionError: division"),
    (new_output("stream", name="stderr", text="careful"), "cell-0 writes to stderr"),
    (new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}}), "cell-0 shows a live widget")])
def test_what_must_not_be_saved_is_refused(output, words):
    notebook = lesson("n")
    notebook.cells[1].outputs = [output]
    with pytest.raises(ValueError, match=words):
        store.normalised(notebook)


def test_where_a_cell_raises_the_file_is_left_alone(tmp_path):
    path, before = tmp_path / "01_demo.ipynb", dict(os.environ)
    nbformat.write(lesson("1 / 0"), path)
    saved = path.read_bytes()
    with pytest.raises(ValueError, match="01_demo.ipynb: cell cell-0 raised ZeroDivisionError: division by zero"):
        store.store(path)
    assert path.read_bytes() == saved and dict(os.environ) == before


@pytest.mark.parametrize("text", ["<Axes at 0x7f3c4d5e>", "/home/anna/x", "/Users/anna/x", "C:\\Users\\anna",
                                  "/tmp/ipykernel_12/3.py", "lib/site-packages/numpy"])
def test_what_belongs_to_one_machine_is_unfit(text):
    assert store.unfit(new_output("stream", text=text))
    assert store.unfit(new_output("display_data", {"text/html": f"<b>{text}</b>"}))


def test_ordinary_text_is_fit():
    assert store.unfit(new_output("stream", text="8·n·d² + 4·n²·d, n/home/d, 0x10, see helpers/tracing, 1/2")) == ""


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
