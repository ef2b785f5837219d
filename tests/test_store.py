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
STUB = "\n".join([*SOLVED.splitlines()[:2], "    # your code here"])


def lesson(*sources, **more):
    cells = [new_code_cell(source, id=f"cell-{index}", execution_count=9, metadata={"collapsed": True} | more)
             for index, source in enumerate(sources)]
    return new_notebook(metadata={"language_info": {"name": "python", "version": "3.0"}, "widgets": {}}, cells=cells)


def exercise(answer):
    return [new_markdown_cell("Write it.", id="exercise-1"), new_code_cell(answer, id="exercise-1-answer"),
            new_code_cell("double(1)", id="exercise-1-check")]


def test_stub_of_a_value():
    assert store.stub("share = None\n### BEGIN SOLUTION\nshare = 8.9\n### END SOLUTION") == "share = None"


@pytest.mark.parametrize(("answer", "words"), [
    ("share = 8.9", "cell exercise-1-answer: the solution is not marked"), ("### BEGIN SOLUTION\nshare = 8.9", "not marked"),
    ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "not marked"), ("share = 8.9\n### END SOLUTION", "not marked"),
    ("def f(n):\n    ### BEGIN SOLUTION\n    return n\n    ### END SOLUTION", "cell exercise-1-answer: .* docstring"),
    (SOLVED, "the solutions have")])      # and the lesson has none
def test_solutions_that_do_not_fit_the_lesson_are_refused(answer, words):
    with pytest.raises(ValueError, match=words):
        store.with_exercises(lesson("n = 1"), new_notebook(cells=exercise(answer)))


def test_storing_twice_gives_the_same_bytes(tmp_path):
    """With a figure, a widget in picture mode, streams, what a teacher chose for slides; in a folder of its own."""
    (tmp_path / "solutions").mkdir()
    slides = {"slideshow": {"slide_type": "skip"}, "tags": ["slide-without-code"]}
    notebook = lesson(
        "import os\nfrom pathlib import Path\nimport matplotlib.pyplot as plt\nfrom helpers.figures import show",
        "figure, axes = plt.subplots()\naxes.plot([1, 2, 4])\nshow(figure, 'a line that rises faster and faster')",
        "if os.environ.get('HELPERS_PICTURES') != '1':\n    import ipywidgets\n    display(ipywidgets.IntSlider())\n"
        "print('one')\nprint('two', flush=True)\nprint('three')", "sorted(p.name for p in Path().iterdir())", **slides)
    notebook.cells += [new_code_cell("old", id=cell.id) for cell in exercise(SOLVED)]
    path = tmp_path / "01_demo.ipynb"
    nbformat.write(notebook, path)
    nbformat.write(new_notebook(cells=exercise(SOLVED)), tmp_path / "solutions" / path.name)
    first = store.store(path), path.read_bytes()
    assert first[0] is True and (store.store(path), path.read_bytes()) == (False, first[1])
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert stored.metadata == store.METADATA and [cell.metadata for cell in stored.cells] == 4 * [slides] + 3 * [{}]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5, 6]
    assert [output.text for output in code[2].outputs] == ["one\ntwo\nthree\n"]
    about = code[1].outputs[0].metadata["image/png"]
    assert about["alt"] == "a line that rises faster and faster" and about["drawn_by"] == store.DRAWN_BY
    assert path.name in code[3].outputs[0].data["text/plain"]     # ran in its own folder
    assert [cell.source for cell in stored.cells[-3:]] == ["Write it.", STUB, "double(1)"]


def test_a_measurement_is_kept_until_the_code_that_leads_to_it_changes(tmp_path, monkeypatch):
    path, runs = tmp_path / "01_demo.ipynb", count()

    def run(notebook, folder):      # each run measures another time
        notebook.cells[1].outputs = [new_output("stream", text=f"{next(runs)} s")]
        return notebook

    def measured(cell=1, addition="", **how):
        changed = nbformat.read(path, 4)
        changed.cells[cell].source += addition
        nbformat.write(changed, path)
        store.store(path, **how)
        return nbformat.read(path, 4).cells[1].outputs[0].text
    monkeypatch.setattr(store, "run", run)
    notebook = lesson("n = 1", "clock()", "n")
    notebook.cells[1].metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(notebook, path)
    assert [measured(), measured(), measured(2, "below")] == ["0 s"] * 3
    assert measured(0, "above") == "3 s" and measured() == "3 s" and measured(measure=True) == "5 s"


def test_where_a_cell_raises_the_file_is_left_alone_and_the_first_that_does_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HELPERS_PICTURES", raising=False)
    path, before = tmp_path / "01_demo.ipynb", dict(os.environ)
    nbformat.write(lesson("n = 1 / 0", "n"), path)
    saved = path.read_bytes()
    monkeypatch.setattr(store, "chosen", lambda names: [path])
    assert store.main([]) == 1 and path.read_bytes() == saved and dict(os.environ) == before
    assert capsys.readouterr().err == "NOT STORED: 01_demo.ipynb: cell cell-0 raised ZeroDivisionError: division by zero\n"


def test_what_belongs_to_one_moment_or_one_machine_is_unfit():
    assert "stderr" in store.unfit(new_output("stream", name="stderr", text="careful"))
    assert "live" in store.unfit(new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}}))
    for text in ("<Axes at 0x7f3c4d5e>", "/home/anna/x", "/Users/anna/x", "C:\\Users\\anna", "/tmp/ipykernel_12/3.py",
                 "lib/site-packages/numpy"):
        assert store.unfit(new_output("stream", text=text)), text
        assert store.unfit(new_output("display_data", {"text/html": f"<b>{text}</b>"})), text
    assert store.unfit(new_output("stream", text="8·n·d² + 4·n²·d, n/home/d, 0x10, see helpers/tracing, 1/2")) == ""


def test_notebooks_are_chosen_by_number_or_name(tmp_path):
    (tmp_path / "solutions").mkdir()
    for name in ("01_one", "02_two", "solutions/01_one"):
        (tmp_path / f"{name}.ipynb").touch()

    def names(*wanted):
        return [path.relative_to(tmp_path).with_suffix("").as_posix() for path in store.chosen(wanted, tmp_path)]
    assert names() == ["01_one", "02_two", "solutions/01_one"]
    assert names("01") == names("01_one") == names("notebooks/01_one.ipynb") == ["01_one", "solutions/01_one"]
    with pytest.raises(SystemExit, match="no notebook is called '7'"):
        names("7")
