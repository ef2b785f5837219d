"""Is this machine ready for the course? `environment_check()` says what is wrong and how to mend it.

At import it needs nothing but Python's standard library: it must speak where all else fails.
What is needed is read from pyproject.toml, so the list stands in one place.
"""

import re
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
NOT_IN_KERNEL = ("jupyterlab",)  # runs beside the kernel; its import would take longer than all others together
MANAGER = "@jupyter-widgets/jupyterlab-manager"  # the part of ipywidgets that runs in the browser


class Report:
    """What was looked at: rows (what, fault, remedy); an empty fault means ok.

    Its text is the same on every healthy machine: it names bounds, never the versions found.
    """

    def __init__(self, rows):
        self.rows = tuple(rows)

    @property
    def healthy(self):
        return not any(fault for _, fault, _ in self.rows)

    def __repr__(self):
        width = max(len(what) for what, _, _ in self.rows)
        lines = [f"{what:<{width}}  {f'NOT OK: {fault}' if fault else 'ok'}" for what, fault, _ in self.rows]
        remedies = list(dict.fromkeys(remedy for _, fault, remedy in self.rows if fault))
        if not remedies:
            return "\n".join([*lines, "", "All is there. Read on."])
        steps = [f"{number}. {remedy}" for number, remedy in enumerate(remedies, 1)]
        return "\n".join([*lines, "", "To mend it:", *steps, "Then, in the menu: Kernel → Restart Kernel and Run All Cells…"])


def environment_check(folder=None):
    """Look at Python, the packages, the kernel, the sliders' extension and the course folder.

    folder: where the notebook lies; without it the current folder, which is where kernels start.
    Returns a `Report`; it raises nothing.
    """
    try:
        python, packages = needs()
    except OSError:
        return Report([("the course", "its package was installed without its folder", install())])
    rows = [python_row(python)]
    if not rows[0][1]:  # an old Python explains everything else
        rows += [package_row(name, bound) for name, bound in packages]
    return Report([*rows, kernel_row(), widgets_row(), folder_row(Path(folder or "."))])


def needs(course=COURSE):
    """The Python and the packages that pyproject.toml asks for: "3.11", (("numpy", "2.2"), …).

    >>> python, packages = needs()
    >>> [name for name, bound in packages if name.startswith("ipy")]
    ['ipywidgets']
    """
    text = (course / "pyproject.toml").read_text(encoding="utf-8")  # by hand: tomllib came with Python 3.11
    python = re.search(r'^requires-python = ">=([\d.]+)"', text, re.MULTILINE)[1]
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    return python, tuple(re.findall(r'^\s*"([\w.-]+)>=([\d.]+)"', listed, re.MULTILINE))


def python_row(bound, found=None):
    """Row for Python itself; `found` is (major, minor), without it this Python's."""
    found = ".".join(map(str, found or sys.version_info[:2]))
    fault = f"this kernel runs Python {found}" if release(found) < release(bound) else ""
    return f"Python {bound} or newer", fault, (
        f"Install Python {bound} or newer, close JupyterLab, and start the course again as README.md says.")


def package_row(name, bound):
    """Row for one package: is it there, is it new enough, can it be imported?"""
    what, remedy = f"{name} {bound} or newer", install()
    try:
        found = version(name)
    except PackageNotFoundError:
        return what, "it is not installed in this kernel's Python", remedy
    if release(found) < release(bound):
        return what, f"version {found} is too old", remedy
    try:
        name in NOT_IN_KERNEL or import_module(name.replace("-", "_"))
    except Exception as error:  # a broken build raises anything: ImportError, OSError, AttributeError
        return what, f"version {found} is there but does not start ({type(error).__name__}: {error})", remedy
    return what, "", ""


def kernel_row():
    """Row for the kernel: does this code run in a notebook?"""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    fault = "" if hasattr(shell, "kernel") else "this code does not run in a notebook"
    return "kernel", fault, "Start JupyterLab with `make lab` and open notebooks/00_start_here.ipynb there."


def widgets_row(places=None):
    """Row for the sliders: does JupyterLab find their extension, and is it switched on?

    places: folders that hold `labextensions` and `labconfig`; without them Jupyter's own.
    """
    what = "sliders (ipywidgets in JupyterLab)"
    if places is None:
        try:
            from jupyter_core.paths import jupyter_config_path, jupyter_path
        except ImportError:
            return what, "Jupyter is not installed in this kernel's Python", install()
        places = [*jupyter_path(), *jupyter_config_path()]
    places = [Path(place) for place in places]
    if not any((place / "labextensions" / MANAGER / "package.json").is_file() for place in places):
        return what, "the extension is missing", (
            "In a new cell: %pip install --force-reinstall --no-deps jupyterlab_widgets")
    if any(_switched_off(place / "labconfig" / "page_config.json") for place in places):
        return what, "the extension is switched off", f"In a terminal: jupyter labextension enable {MANAGER}"
    return what, "", ""


def _switched_off(settings):
    try:
        import json
        disabled = json.loads(settings.read_text(encoding="utf-8")).get("disabledExtensions", {})
    except (OSError, ValueError, AttributeError):  # no file, or none that JupyterLab could read either
        return False
    return bool(disabled.get(MANAGER)) if isinstance(disabled, dict) else MANAGER in disabled


def folder_row(folder):
    """Row for the course folder: the figures' style lies beside the notebooks."""
    fault = "" if (folder / "matplotlibrc").is_file() else "the file matplotlibrc does not lie beside this notebook"
    return "course folder", fault, (
        "Open the notebook in the course's own folder, notebooks/, or copy matplotlibrc beside it.")


def install():
    """The line that installs what is missing into this very kernel's Python."""
    if (Path(sys.prefix) / "conda-meta").is_dir():
        return f"In a terminal, in the folder {COURSE}: conda env update -f environment.yml"
    return f'In a new cell: %pip install -e "{COURSE}"'


def release(text):
    """The numbers of a version, to compare: "3.11.2rc1" → (3, 11, 2).

    >>> release("2.10") > release("2.9.1")
    True
    """
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else (0,)
