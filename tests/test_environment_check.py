"""Notebook 00's check of the machine: quiet where all is well, and for each fault a name and a remedy."""
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
from documents import ROOT

from test_environment import PROJECT

from helpers import environment
from helpers.environment import environment_check


@pytest.fixture
def looked(monkeypatch):
    """The check's text, as in a notebook."""
    import IPython
    import ipywidgets  # noqa: F401  first, for on import it speaks to the kernel, and this one is deaf
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    return lambda: repr(environment_check())


def missing(name):
    raise PackageNotFoundError(name)


def broken(name):
    raise ImportError("DLL load failed")


def test_a_healthy_machine_and_no_version_that_was_found(looked, monkeypatch):
    before = looked()
    lines = before.split("\n\n")[0].splitlines()
    assert [line.split()[-1] for line in lines] == ["ok"] * 8 and before.endswith("All is there. Read on.")
    monkeypatch.setattr(environment, "version", lambda name: "99.1")
    monkeypatch.setattr(sys, "version_info", (3, 15, 2))
    assert looked() == before


def test_an_old_python_is_the_only_thing_said(looked, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    said = looked()
    assert "NOT OK: this kernel runs Python 3.9" in said and "numpy" not in said
    assert "1. Install Python 3.11 or newer" in said and "2." not in said.split("To mend it:")[1]


@pytest.mark.parametrize(("found", "old"), [
    ("2.4", False), ("2.4.0", False), ("10.0", False), ("2.5rc1", False), ("2.3.9", True), ("1.26.4", True), ("", True)])
def test_versions_are_compared_as_numbers(looked, monkeypatch, found, old):
    monkeypatch.setattr(environment, "version", lambda name: found if name == "numpy" else "99")
    assert (f"NOT OK: version {found} is too old" in looked()) == old


def test_one_remedy_for_many_packages_and_it_fits_the_environment(looked, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "import_module", broken)
    assert looked().count("does not start (ImportError: DLL load failed)") == 4
    monkeypatch.setattr(environment, "version", missing)
    said = looked()
    assert said.count("NOT OK: it is not installed") == 5 and "2. " not in said
    assert f'1. In a new cell: %pip install -e "{ROOT}"' in said and said.endswith("Restart Kernel and Run All Cells…")
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "conda env update -f environment.yml" in looked()


def test_outside_a_notebook_without_its_style_or_its_sliders(monkeypatch, tmp_path):
    import jupyter_core.paths
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda: [str(tmp_path)])
    said = repr(environment_check())
    assert "does not run in a notebook" in said and "does not find the extension" in said


def test_installed_without_its_folder_the_bounds_are_those_of_the_package(looked, monkeypatch, tmp_path):
    before = looked()
    monkeypatch.setattr(environment, "COURSE", tmp_path)
    monkeypatch.setattr(environment, "metadata", lambda name: {"Requires-Python": PROJECT["requires-python"]})
    monkeypatch.setattr(environment, "requires", lambda name: [*PROJECT["dependencies"], 'nbval>=0.11; extra == "test"'])
    assert looked() == before
    monkeypatch.setattr(environment, "version", missing)
    assert "notebooks/places.md" in looked() and str(tmp_path) not in looked()


def test_importing_it_needs_the_standard_library_only():
    code = "import helpers.environment, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert not {"numpy", "sympy", "matplotlib", "ipywidgets", "IPython", "packaging", "jupyter_core"} & set(loaded)
