"""Re-run the notebooks and store them in one fixed form: `python -m helpers.storing [--measure] [01 03 …]`.

Three steps for each lesson: its exercises are copied from `solutions/`, where the stub is
the solution without what stands between BEGIN and END SOLUTION; the notebook is run in its
own folder, explorers as pictures; what differs from run to run is left out. A cell that
measures the machine (tag nbval-ignore-output) keeps its stored output until the code that leads
to it changes, or `--measure` asks for fresh ones. A second run gives the same bytes. What must not be saved (an error, stderr, a live widget, an object's
address, a path of this machine) is refused, with the cell's name.
"""
import ast
import hashlib
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
METADATA = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python",
                           "name": "python3"},
            "language_info": {"name": "python"}}
# What the kernel of a notebook that is stored or tested finds in its environment: pictures
# instead of widgets, and this environment's kernel whatever else the machine offers.
ENVIRONMENT = {"HELPERS_PICTURES": "1", "JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_PATH": ""}
MACHINE = re.compile("|".join([
    r"\b0x[0-9a-f]{6,}",                            # an object's address
    r"site-packages|ipykernel_\d+",                 # where packages and cells lie
    r"(?<![\w.])/(home|Users|root|tmp|var/folders)/\w",
    r"\b[A-Z]:\\\w"]))


def stub(source):
    """The source of a solution cell without its solution.

    Between the markers everything goes; inside a function a comment marks the place.
    Raises ValueError when a marker is missing, or when what is left is not Python.

    >>> print(stub('''def pairs(n):
    ...     "Pairs of n dancers."
    ...     ### BEGIN SOLUTION
    ...     return n * (n - 1) // 2
    ...     ### END SOLUTION'''))
    def pairs(n):
        "Pairs of n dancers."
        # your code here
    """
    kept, inside, regions = [], False, 0
    for line in source.splitlines():
        if line.strip() in (BEGIN, END):
            if (line.strip() == BEGIN) == inside:
                raise ValueError(f"{line.strip()!r} without its counterpart: write {BEGIN!r} "
                                 f"above the solution and {END!r} below it")
            inside = not inside
            if inside:
                regions += 1
                if line != line.lstrip():  # inside a function; a name above already says None
                    kept.append(line[:len(line) - len(line.lstrip())] + "# your code here")
        elif not inside:
            kept.append(line)
    if inside or not regions:
        raise ValueError(f"the solution is not marked: write {BEGIN!r} above it "
                         f"and {END!r} below it")
    text = "\n".join(kept)
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"what is left without the solution is not Python ({error.msg}): "
                         "give the function a docstring, or the name a value such as None"
                         ) from None
    return text


def exercise_cells(solutions):
    """The cells of the exercises as the lesson shows them, in order: dict from id to cell."""
    cells = {}
    for cell in solutions.cells:
        match = re.fullmatch(r"exercise-\d+(-answer|-check)?", cell.get("id", ""))
        if match:
            cells[cell.id] = copy = nbformat.from_dict(cell)
            if match[1] == "-answer":
                try:
                    copy.source = stub(cell.source)
                except ValueError as error:
                    raise ValueError(f"solutions, cell {cell.id}: {error}") from None
    return cells


def with_exercises(lesson, solutions):
    """The lesson with its exercises' cells replaced by those of the solutions notebook.

    Raises ValueError when the two do not hold the same exercises in the same order.
    """
    cells = exercise_cells(solutions)
    own = [cell.id for cell in lesson.cells if cell.id.startswith("exercise-")]
    if own != list(cells):
        raise ValueError(f"the lesson has the cells {own}, the solutions have {list(cells)}: "
                         "give both the same ids in the same order")
    lesson.cells = [cells.get(cell.id, cell) for cell in lesson.cells]
    return lesson


def run(notebook, folder, timeout=600):
    """Run all cells in `folder`, in a fresh kernel; outputs go into `notebook`.

    Raises ValueError that names the cell when one raises an exception.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(notebook, timeout=timeout, kernel_name="python3",
                            resources={"metadata": {"path": str(folder)}}, record_timing=False,
                            store_widget_state=False, coalesce_streams=True,
                            extra_arguments=["--log-level=ERROR"])
    here = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        client.execute()
    except CellExecutionError as error:
        cell = next(cell for cell in reversed(notebook.cells) if cell.get("outputs"))
        raise ValueError(f"cell {cell.id} raised {error.ename}: {error.evalue}\n"
                         f"{cell.source}") from None
    finally:
        for name, value in here.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return notebook


def normalised(notebook):
    """The notebook with only what a reader needs; raises ValueError for what must not be saved.

    Each picture is marked with the Matplotlib that drew it: the next one may draw letters a
    little differently, and the test that compares pictures then looks at the curves alone.
    """
    count = 0
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in ("tags", "measured") if key in cell.metadata}
        if cell.cell_type != "code":
            continue
        if not cell.source.strip():
            raise ValueError(f"cell {cell.id} is empty: fill it or remove it")
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if fault := unfit(output):
                raise ValueError(f"cell {cell.id} {fault}")
            if output.output_type == "execute_result":
                output.execution_count = count
            if "image/png" in output.get("data", {}):
                output.metadata.setdefault("image/png", {})["drawn_by"] = matplotlib_series()
    return nbformat.from_dict({"cells": notebook.cells, "metadata": METADATA,
                               "nbformat": 4, "nbformat_minor": 5})


def matplotlib_series():
    """Name and series of the Matplotlib here, such as "Matplotlib 3.11": one series, one picture."""
    return "Matplotlib " + ".".join(version("matplotlib").split(".")[:2])


def unfit(output):
    """What makes an output unfit to be saved, as the rest of a sentence; "" when it is fit."""
    if output.output_type == "error":
        return f"raised {output.ename}: {output.evalue}"
    if output.output_type == "stream" and output.name == "stderr":
        return f"writes to stderr, which readers take for an error:\n{output.text}"
    for kind, text in output.get("data", {"text": output.get("text", "")}).items():
        if kind == "application/vnd.jupyter.widget-view+json":
            return ("shows a live widget, which GitHub cannot: show a picture "
                    "when HELPERS_PICTURES is 1")
        if not kind.startswith("image/") and (found := MACHINE.search(str(text))):
            start = max(0, found.start() - 30)
            return (f"shows an address or a path of this machine: …{str(text)[start:start + 80]!r}… "
                    "End a plotting cell with show(…), print what is meant")
    return ""


def measurements(notebook):
    """The cells that measure the machine: dict from cell id to a digest of the code that leads there."""
    found, code = {}, hashlib.sha256()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            code.update(cell.source.encode() + b"\0")
            if "nbval-ignore-output" in cell.metadata.get("tags", []):
                found[cell.id] = code.hexdigest()[:12]
    return found


def store(path, measure=False):
    """Run and store one notebook; True when its file has changed.

    measure: take fresh outputs also where a cell measures the machine and its code is unchanged.

    Raises ValueError that names the notebook and the cell when it cannot be stored.
    """
    path = Path(path)
    old = path.read_text(encoding="utf-8")
    try:
        notebook = nbformat.reads(old, as_version=4)
        solutions = path.parent / "solutions" / path.name
        if solutions.exists():
            notebook = with_exercises(notebook, nbformat.read(solutions, as_version=4))
        digests = measurements(notebook)
        kept = {cell.id: cell.outputs for cell in notebook.cells if cell.get("outputs")
                and not measure and cell.metadata.get("measured") == digests.get(cell.id, "")}
        notebook = normalised(run(notebook, path.parent))
        for cell in notebook.cells:
            if cell.id in digests:
                cell.metadata["measured"] = digests[cell.id]
                cell.outputs = kept.get(cell.id, cell.outputs)
        new = nbformat.writes(notebook) + "\n"
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    if new != old:
        half = path.with_name(f".{path.name}.half")
        half.write_text(new, encoding="utf-8", newline="\n")
        half.replace(path)      # all or nothing, should the machine stop here
    return new != old


def chosen(names, folder=NOTEBOOKS):
    """The notebooks named by number ("01") or file name, solutions with them; all without names."""
    everything = sorted(folder.glob("[0-9]*.ipynb")) + sorted(folder.glob("solutions/*.ipynb"))
    wanted = [path for path in everything if not names or any(
        path.stem == Path(name).stem or path.stem.startswith(f"{name}_") for name in names)]
    for name in names:
        if not any(path.stem == Path(name).stem or path.stem.startswith(f"{name}_")
                   for path in everything):
            raise ValueError(f"no notebook is called {name!r}: give a number such as 01, or one of "
                             + ", ".join(sorted({path.stem for path in everything})))
    return wanted


def main(names):
    """Store the notebooks named (all without names); the exit status, 0 when all were stored."""
    status, measure = 0, "--measure" in names
    try:
        paths = chosen([name for name in names if name != "--measure"])
    except ValueError as error:
        return str(error)
    for path in paths:
        shown = path.relative_to(NOTEBOOKS)
        try:
            print(shown, "stored" if store(path, measure) else "unchanged", flush=True)
        except ValueError as error:
            status = 1
            print(f"NOT STORED: {shown.parent / str(error)}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
