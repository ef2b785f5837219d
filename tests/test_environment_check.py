"""Notebook 00's check of the machine: quiet where all is well, and for each fault a name and a remedy."""
import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
from documents import ROOT

from helpers import environment
from helpers.environment import MANAGER, Report, environment_check, package_fault, widgets_fault


@pytest.fixture
def in_a_notebook(monkeypatch):
    import IPython
    import ipywidgets  # noqa: F401  first, for on import it speaks to the kernel, and this one is deaf
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))


def looked():
    return repr(environment_check(ROOT / "notebooks"))


def missing(name):
    raise PackageNotFoundError(name)


def test_a_healthy_machine_and_no_version_that_was_found(in_a_notebook, monkeypatch):
    before = looked()
    lines = before.split("\n\n")[0].splitlines()
    assert [line.split()[-1] for line in lines] == ["ok"] * 9 and before.endswith("All is there. Read on.")
    monkeypatch.setattr(environment, "version", lambda name: "99.1")
    monkeypatch.setattr(sys, "version_info", (3, 15, 2))
    assert looked() == before


def test_an_old_python_is_the_only_thing_said(in_a_notebook, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    said = looked()
    assert "NOT OK: this kernel runs Python 3.9" in said and "numpy" not in said
    assert "1. Install Python 3.11 or newer" in said and "2." not in said.split("To mend it:")[1]


@pytest.mark.parametrize(("found", "said"), [
    ("2.2", ""), ("2.2.0", ""), ("10.0", ""), ("2.3rc1", ""), ("2.1.9", "version 2.1.9 is too old"),
    ("1.26.4", "version 1.26.4 is too old"), ("", "version  is too old")])
def test_versions_are_compared_as_numbers(monkeypatch, found, said):
    monkeypatch.setattr(environment, "version", lambda name: found)
    assert package_fault("numpy", "2.2") == said


def test_a_package_that_does_not_start(monkeypatch):
    def broken(name):
        raise ImportError("DLL load failed")
    monkeypatch.setattr(environment, "import_module", broken)
    assert "does not start (ImportError: DLL load failed)" in package_fault("numpy", "2.2")


def test_one_remedy_for_many_packages_and_it_fits_the_environment(in_a_notebook, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "version", missing)
    said = looked()
    assert said.count("NOT OK: it is not installed") == 5 and "2. " not in said
    assert f'1. In a new cell: %pip install -e "{ROOT}"' in said
    assert said.endswith("Restart Kernel and Run All Cells…")
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "conda env update -f environment.yml" in looked()


def test_outside_a_notebook_and_without_its_style(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert "does not run in a notebook" in repr(environment_check(tmp_path))
    assert "the file matplotlibrc does not lie beside" in repr(environment_check(tmp_path))


@pytest.mark.parametrize(("settings", "off"), [
    ({"disabledExtensions": {MANAGER: True}}, True), ({"disabledExtensions": [MANAGER]}, True),
    ({"disabledExtensions": {MANAGER: False}}, False), ({"disabledExtensions": {"another": True}}, False),
    ({"disabledExtensions": None}, False), ({}, False), ([], False), (None, False)])
def test_the_sliders_extension_is_there_and_switched_on(tmp_path, settings, off):
    assert "missing" in widgets_fault([tmp_path])[0]
    package = tmp_path / "labextensions" / MANAGER / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    config = tmp_path / "labconfig" / "page_config.json"
    config.parent.mkdir()
    config.write_text("not JSON" if settings is None else json.dumps(settings))
    assert ("switched off" in widgets_fault([tmp_path / "elsewhere", tmp_path])[0]) == off


def test_installed_without_its_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "COURSE", tmp_path)
    assert "without its folder" in repr(environment_check())


def test_the_report_lists_each_remedy_once():
    said = repr(Report([("a", "", ""), ("b", "bad", "mend"), ("c", "bad", "mend"), ("d", "bad", "other")]))
    assert said.count("mend\n") == 1 and "2. other" in said


def test_importing_it_needs_the_standard_library_only():
    loaded = subprocess.run(
        [sys.executable, "-c", "import helpers.environment, sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))"],
        capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert not {"numpy", "sympy", "matplotlib", "ipywidgets", "IPython", "packaging", "jupyter_core"} & set(loaded)
