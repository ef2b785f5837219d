"""The suite itself, on small notebooks whose saved outputs are right, or stale on purpose."""
import re
import subprocess
import sys

import nbformat
import pytest
import store
from documents import ROOT
from nbformat.v4 import new_code_cell, new_notebook

DRAW = ("import os\nimport matplotlib.pyplot as plt\nfrom helpers.figures import show\n"
        "figure, axes = plt.subplots()\naxes.plot([1, 2, 4], [1, 2, 3])\n"
        "show(figure, 'a line that rises and flattens')")
CHANGES = {
    "right": lambda cells: None,
    "stale_text": lambda cells: cells[1].update(source=cells[1].source.replace("n * d", "2 * n * d")),
    "stale_formula": lambda cells: cells[2].update(source="from sympy import symbols\nsymbols('m')"),
    "stale_picture": lambda cells: cells[0].update(source=DRAW.replace("4]", "5]")),
    "stale_alternative": lambda cells: cells[0].update(source=DRAW.replace("flattens", "falls and falls")),
    "error": lambda cells: cells[1].update(source="raise ValueError('broken')"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What pytest prints about all of them."""
    folder = tmp_path_factory.mktemp("notebooks")
    sources = [DRAW, "n, d = 100, 512\nprint(n * d, os.environ['HELPERS_PICTURES'])",
               "from sympy import symbols\nsymbols('n')"]
    notebook = new_notebook(cells=[new_code_cell(source, id=f"cell-{index}")
                                   for index, source in enumerate(sources)])
    text = nbformat.writes(store.normalised(store.run(notebook, folder)))
    for name, change in CHANGES.items():
        changed = nbformat.reads(text, as_version=4)
        change(changed.cells)
        nbformat.write(changed, folder / f"{name}.ipynb")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", folder,
         "-p", "no:cacheprovider", "-rA", "--color=no", ROOT / "notebooks/conftest.py",
         *sorted(folder.glob("*.ipynb"))], capture_output=True, text=True, cwd=folder)
    return run.stdout + run.stderr


def failed(results):
    """(notebook, cell) of each failure."""
    return set(re.findall(r"^FAILED (\w+)\.ipynb::(Cell \d)", results, re.MULTILINE))


def test_each_stale_notebook_fails_where_it_is_stale_and_nowhere_else(results):
    assert failed(results) == {
        ("stale_text", "Cell 1"), ("stale_formula", "Cell 2"), ("stale_picture", "Cell 0"),
        ("stale_alternative", "Cell 0"), ("error", "Cell 1")}, results


def test_the_message_says_where_and_how_to_mend_it(results):
    assert "stale_picture.ipynb, cell cell-0: the saved picture" in results
    assert "make notebooks N=stale" in results
