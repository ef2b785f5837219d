"""The suite itself, on a small notebook whose saved outputs are right, and stale on purpose in most cells."""
import re
import subprocess
import sys

import nbformat
import store
from documents import ROOT
from nbformat.v4 import new_code_cell, new_notebook

DRAW = ("import os\nimport matplotlib.pyplot as plt\nfrom helpers.figures import show\n"
        "figure, axes = plt.subplots()\naxes.plot([1, 2, 4], [1, 2, 3])\n"
        "show(figure, 'a line that rises and flattens')")
TEXT = "print(100 * 512, os.environ['HELPERS_PICTURES'])"
CELLS = {"picture": DRAW, "text": TEXT, "formula": "from sympy import symbols\nsymbols('n')",
         "stale-picture": DRAW, "stale-alternative": DRAW, "stale-text": TEXT, "stale-formula": "symbols('n')",
         "error": TEXT}
STALE = {"stale-picture": ("4]", "5]"), "stale-alternative": ("flattens", "falls and falls"), "stale-text": ("100", "200"),
         "stale-formula": ("'n'", "'m'"), "error": ("100", "1 / 0")}


def test_a_stale_notebook_fails_where_it_is_stale_and_nowhere_else_and_says_how_to_mend_it(tmp_path):
    notebook = new_notebook(cells=[new_code_cell(source, id=name) for name, source in CELLS.items()])
    notebook = store.normalised(store.run(notebook, tmp_path))
    for cell in notebook.cells:
        cell.source = cell.source.replace(*STALE.get(cell.id, ("", "")))
    nbformat.write(notebook, tmp_path / "99_demo.ipynb")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, "-p", "no:cacheprovider",
         "-rA", "--color=no", ROOT / "notebooks/conftest.py", tmp_path / "99_demo.ipynb"],
        capture_output=True, text=True, cwd=tmp_path)
    failed = re.findall(r"^FAILED 99_demo\.ipynb::Cell (\d)", run.stdout, re.MULTILINE)
    assert [list(CELLS)[int(place)] for place in failed] == list(STALE), run.stdout + run.stderr
    assert "99_demo.ipynb, cell stale-picture: the saved picture" in run.stdout
    assert "make notebooks N=99" in run.stdout
