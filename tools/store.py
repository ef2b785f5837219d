"""Re-run the notebooks and store them in one form: `python tools/store.py [--measure] [01 03 …]`.

A lesson's exercises are copied from `solutions/`, without what stands between the markers; what
differs from run to run is left out. A cell that measures the machine (tag nbval-ignore-output)
keeps its output until the code that leads to it changes, or --measure asks for fresh ones. What
must not be saved (an error, stderr, a live widget, an address, a path) is refused.
"""
import ast
import hashlib
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
METADATA = {"language_info": {"name": "python"}, "kernelspec": {
    "display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}
# For kernels that store or test: pictures, no widgets; this environment's kernel, no other; one
# thread, for several kernels with two each wait for one another.
ENVIRONMENT = {"HELPERS_PICTURES": "1", "JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_PATH": "",
               "OPENBLAS_NUM_THREADS": "1"}
DRAWN_BY = "Matplotlib " + ".".join(version("matplotlib").split(".")[:2])   # the next may differ
MACHINE = re.compile(   # an object's address; where packages, cells and a person's files lie
    r"\b0x[0-9a-f]{6,}|site-packages|ipykernel_\d+|\b[A-Z]:\\\w"
    r"|(?<![\w.])/(home|Users|root|tmp|var/folders)/\w")


def stub(source, where=""):
    """The source of a solution cell without its solution; ValueError where markers are missing."""
    text, regions = re.subn(rf"^([ \t]*){BEGIN}\s*\n((?!\s*{BEGIN}).*\n)*?[ \t]*{END}[ \t]*\n",
                            lambda match: match[1] and f"{match[1]}# your code here\n",
                            source + "\n", flags=re.MULTILINE)
    if not regions or BEGIN in text or END in text:
        raise ValueError(f"{where}the solution is not marked: write {BEGIN!r} above it, {END!r} "
                         "below it")
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"{where}what is left without the solution is not Python ({error.msg}): "
                         "give the function a docstring, or the name a value such as None")
    return text.rstrip("\n")


def exercise_cells(solutions):
    """The cells of the exercises as the lesson shows them, in order: dict from id to cell."""
    cells = {}
    for cell in solutions.cells:
        if match := re.fullmatch(r"exercise-\d+(-answer|-check)?", cell.get("id", "")):
            cells[cell.id] = copy = nbformat.from_dict(cell)
            if match[1] == "-answer":
                copy.source = stub(cell.source, f"solutions, cell {cell.id}: ")
    return cells


def with_exercises(lesson, solutions):
    """Put the exercises of the solutions into the lesson; ValueError if it has other ones."""
    cells = exercise_cells(solutions)
    own = [cell.id for cell in lesson.cells if cell.id.startswith("exercise-")]
    if own != list(cells):
        raise ValueError(f"the lesson has the cells {own}, the solutions have {list(cells)}")
    lesson.cells = [cells.get(cell.id, cell) for cell in lesson.cells]


def environment():
    """Context in which `os.environ` is as a kernel that stores or tests finds it."""
    return patch.dict(os.environ, ENVIRONMENT)


def run(notebook, folder):
    """Run all cells in `folder`, in a fresh kernel; an error is an output like others."""
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", allow_errors=True,
                            resources={"metadata": {"path": str(folder)}},
                            coalesce_streams=True, extra_arguments=["--log-level=ERROR"])
    with environment():
        return client.execute()


def normalised(notebook):
    """The notebook with only what a reader needs; ValueError for what must not be saved."""
    count = 0
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in ("tags", "slideshow", "measured")
                         if key in cell.metadata}
        if cell.cell_type != "code":
            continue
        cell.execution_count = count = count + 1
        for output in cell.outputs:
            if fault := unfit(output):
                raise ValueError(f"cell {cell.id} {fault}")
            if output.output_type == "execute_result":
                output.execution_count = count
            if "image/png" in output.get("data", {}):
                output.metadata.setdefault("image/png", {})["drawn_by"] = DRAWN_BY
    return nbformat.from_dict({"cells": notebook.cells, "metadata": METADATA,
                               "nbformat": 4, "nbformat_minor": 5})


def unfit(output):
    """What makes an output unfit to be saved, as the rest of a sentence; "" when it is fit."""
    if output.output_type == "error":
        return f"raised {output.ename}: {output.evalue}"
    if output.output_type == "stream" and output.name == "stderr":
        return f"writes to stderr, which readers take for an error:\n{output.text}"
    for kind, text in output.get("data", {"text": output.get("text", "")}).items():
        if kind == "application/vnd.jupyter.widget-view+json":
            return "shows a live widget, which GitHub cannot: show a picture"
        if not kind.startswith("image/") and (found := MACHINE.search(str(text))):
            shown = str(text)[max(0, found.start() - 30):found.end() + 30]
            return (f"shows an address or a path of this machine: …{shown!r}… End a plotting cell "
                    "with show(…), print what is meant")
    return ""


def measurements(notebook):
    """The cells that measure the machine: from cell id to a digest of the code that leads there."""
    found, code = {}, hashlib.sha256()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            code.update(cell.source.encode() + b"\0")
            if "nbval-ignore-output" in cell.metadata.get("tags", []):
                found[cell.id] = code.hexdigest()[:12]
    return found


def store(path, measure=False):
    """Run and store one notebook; True when its file has changed, ValueError when it cannot be."""
    old, solutions = path.read_text(encoding="utf-8"), path.parent / "solutions" / path.name
    notebook = nbformat.reads(old, as_version=4)
    if solutions.exists():
        with_exercises(notebook, nbformat.read(solutions, as_version=4))
    digests = measurements(notebook)
    kept = {cell.id: cell.outputs for cell in notebook.cells if cell.get("outputs")
            and not measure and cell.metadata.get("measured") == digests.get(cell.id, "")}
    notebook = normalised(run(notebook, path.parent))
    for cell in notebook.cells:
        if cell.id in digests:
            cell.metadata["measured"] = digests[cell.id]
            cell.outputs = kept.get(cell.id, cell.outputs)
    new = nbformat.writes(notebook) + "\n"
    half = path.with_name(f".{path.name}.half")
    half.write_text(new, encoding="utf-8", newline="\n")
    half.replace(path)      # all or nothing, should the machine stop here
    return new != old


def chosen(names, folder=NOTEBOOKS):
    """The notebooks named by number ("01") or file name, and their solutions; all without names."""
    everything = [*sorted(folder.glob("[0-9]*.ipynb")), *sorted(folder.glob("solutions/*.ipynb"))]
    known = {path.stem for path in everything}
    wanted = {Path(name).stem for name in names} or known
    if unknown := wanted - known - {stem[:2] for stem in known}:
        sys.exit(f"no notebook is called {min(unknown)!r}: give a number such as 01, or one of "
                 + ", ".join(sorted(known)))
    return [path for path in everything if wanted & {path.stem, path.stem[:2]}]


def main(names):
    """Store the notebooks named; the exit status, 0 when all were stored."""
    status = 0
    for path in chosen([name for name in names if name != "--measure"]):
        try:
            changed = store(path, "--measure" in names)
            print(path.relative_to(NOTEBOOKS), "stored" if changed else "unchanged", flush=True)
        except ValueError as error:
            status = 1
            print(f"NOT STORED: {path.name}: {error}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
