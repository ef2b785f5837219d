"""Is this machine ready? `environment_check()` says what is wrong and how to mend it.

At import it needs the standard library alone: it must speak where all else fails.
"""

import re
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
RESTART = "Then, in the menu: Kernel → Restart Kernel and Run All Cells…"


class Report(list):
    """Rows (what, fault, remedy); its text names bounds, never the versions found."""

    def __repr__(self):
        wide = max(len(what) for what, _, _ in self)
        lines = [f"{what:<{wide}}  {fault and f'NOT OK: {fault}' or 'ok'}"
                 for what, fault, _ in self]
        remedies = dict.fromkeys(remedy for _, fault, remedy in self if fault)
        steps = [f"{number}. {remedy}" for number, remedy in enumerate(remedies, 1)]
        end = ["To mend it:", *steps, RESTART] if steps else ["All is there. Read on."]
        return "\n".join([*lines, "", *end])


def environment_check():
    """A `Report` on Python, packages, kernel and sliders."""
    bound, listed = _bounds()
    found = ".".join(map(str, sys.version_info[:2]))
    old = _release(found) < _release(bound)
    rows = [(f"Python {bound} or newer", f"this kernel runs Python {found}" * old,
             f"Install Python {bound} or newer, close JupyterLab, start again as README.md says.")]
    if not old:     # an old Python explains everything else
        rows += [(f"{name} {least} or newer", _package_fault(name, least), _install())
                 for name, least in listed]
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return Report([
        *rows,
        ("kernel", "this code does not run in a notebook" * (not hasattr(shell, "kernel")),
         "Start JupyterLab with `make lab` and open notebooks/00_start_here.ipynb there."),
        ("sliders (ipywidgets in JupyterLab)", _widgets_fault(),
         "In a new cell: %pip install --force-reinstall --no-deps jupyterlab_widgets")])


def _bounds():
    """What the course asks for: the least Python, and pairs of a package and its least version."""
    try:
        text = (COURSE / "pyproject.toml").read_text(encoding="utf-8")  # Python 3.10 has no tomllib
        python = re.search(r'^requires-python = "(.*)"', text, re.MULTILINE)[1]
        lines = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    except OSError:     # installed without its folder, as in Colab
        python = metadata("transformer-costs")["Requires-Python"]
        lines = "\n".join(line for line in requires("transformer-costs") if ";" not in line)
    return python.strip(">="), re.findall(r'^[\s"]*([\w.-]+)>=([\d.]+)', lines, re.MULTILINE)


def _package_fault(name, bound):
    """What is wrong with a package, "" for nothing: is it there, new enough, does it start?"""
    try:
        found = version(name)
        if _release(found) < _release(bound):
            return f"version {found} is too old"
        if name != "jupyterlab":    # runs beside the kernel, and takes longest to import
            import_module(name.replace("-", "_"))
    except PackageNotFoundError:
        return "it is not installed in this kernel's Python"
    except Exception as error:      # a broken build raises anything
        return f"version {found} is there but does not start ({type(error).__name__}: {error})"
    return ""


def _widgets_fault():
    """What is wrong with the sliders, "" for nothing: does JupyterLab find their extension?"""
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return "Jupyter is not installed in this kernel's Python"
    part = Path("labextensions", "@jupyter-widgets", "jupyterlab-manager", "package.json")
    found = any((place / part).is_file() for place in map(Path, jupyter_path()))
    return "" if found else "JupyterLab does not find the extension of ipywidgets"


def _install():
    """The line that installs what is missing into this very kernel's Python."""
    if not (COURSE / "pyproject.toml").is_file():
        return "In a new cell: the line that installed the course, as notebooks/places.md says."
    if (Path(sys.prefix) / "conda-meta").is_dir():
        return f"In a terminal, in the folder {COURSE}: conda env update -f environment.yml"
    return f'In a new cell: %pip install -e "{COURSE}"'


def _release(text):
    """The numbers of a version, to compare: "3.11.2rc1" → [3, 11, 2]."""
    return [int(part) for part in re.match(r"[\d.]*", text)[0].split(".") if part]
