"""Notebook 00's check of the machine: quiet where all is well, and for each fault a name and a remedy."""

import json
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
from conftest import ROOT

from helpers import environment
from helpers.environment import MANAGER, Report, environment_check, needs


@pytest.fixture
def in_a_notebook(monkeypatch):
    import IPython
    import ipywidgets  # noqa: F401  first, for on import it speaks to the kernel, and this one is deaf
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)


def fault(row):
    what, text, remedy = row
    assert what and (remedy or not text), "a fault comes with its remedy"
    return text


def test_it_asks_for_what_pyproject_lists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python, packages = needs()
    assert f">={python}" == project["requires-python"]
    assert [f"{name}>={bound}" for name, bound in packages] == project["dependencies"]


def test_a_healthy_machine(in_a_notebook):
    report = environment_check(ROOT / "notebooks")
    assert report.healthy
    assert [line.split()[-1] for line in repr(report).split("\n\n")[0].splitlines()] == ["ok"] * 9
    assert repr(report).endswith("All is there. Read on.")


def test_a_healthy_report_holds_no_version_that_was_found(in_a_notebook, monkeypatch):
    before = repr(environment_check(ROOT / "notebooks"))
    monkeypatch.setattr(environment, "version", lambda name: "99.1")
    monkeypatch.setattr(sys, "version_info", (3, 15, 2))
    assert repr(environment_check(ROOT / "notebooks")) == before


def test_an_old_python_is_the_only_thing_said(in_a_notebook, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    report = environment_check(ROOT / "notebooks")
    assert not report.healthy and len(report.rows) == 4
    assert "NOT OK: this kernel runs Python 3.9" in repr(report)
    assert "1. Install Python 3.11 or newer" in repr(report) and "2." not in repr(report).split("To mend it:")[1]


def missing(name):
    raise PackageNotFoundError(name)


@pytest.mark.parametrize(("found", "said"), [
    ("2.2", ""), ("2.2.0", ""), ("10.0", ""), ("2.3rc1", ""),
    ("2.1.9", "version 2.1.9 is too old"), ("1.26.4", "version 1.26.4 is too old"), ("", "version  is too old")])
def test_versions_are_compared_as_numbers(monkeypatch, found, said):
    monkeypatch.setattr(environment, "version", lambda name: found)
    assert fault(environment.package_row("numpy", "2.2")) == said


def test_a_missing_package(monkeypatch):
    monkeypatch.setattr(environment, "version", missing)
    assert "not installed" in fault(environment.package_row("numpy", "2.2"))


def test_a_package_that_does_not_start(monkeypatch):
    def broken(name):
        raise ImportError("DLL load failed")
    monkeypatch.setattr(environment, "import_module", broken)
    assert "does not start (ImportError: DLL load failed)" in fault(environment.package_row("numpy", "2.2"))


def test_one_remedy_for_many_packages(in_a_notebook, monkeypatch):
    monkeypatch.setattr(environment, "version", missing)
    text = repr(environment_check(ROOT / "notebooks"))
    assert text.count("NOT OK") == 5 and "1. " in text and "2. " not in text
    assert text.endswith("Restart Kernel and Run All Cells…")


def test_the_remedy_fits_the_environment(monkeypatch, tmp_path):
    assert environment.install() == f'In a new cell: %pip install -e "{ROOT}"'
    (tmp_path / "conda-meta").mkdir()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert "conda env update -f environment.yml" in environment.install()


def test_outside_a_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert "notebook" in fault(environment.kernel_row())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert "notebook" in fault(environment.kernel_row())


def test_the_sliders_extension(tmp_path):
    assert "missing" in fault(environment.widgets_row([tmp_path]))
    package = tmp_path / "labextensions" / MANAGER / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    assert fault(environment.widgets_row([tmp_path / "elsewhere", tmp_path])) == ""


@pytest.mark.parametrize(("settings", "off"), [
    ({"disabledExtensions": {MANAGER: True}}, True), ({"disabledExtensions": [MANAGER]}, True),
    ({"disabledExtensions": {MANAGER: False}}, False), ({"disabledExtensions": {"another": True}}, False),
    ({}, False), ([], False), (None, False)])
def test_an_extension_that_is_switched_off(tmp_path, settings, off):
    package = tmp_path / "labextensions" / MANAGER / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    config = tmp_path / "labconfig" / "page_config.json"
    config.parent.mkdir()
    config.write_text("not JSON" if settings is None else json.dumps(settings))
    assert ("switched off" in fault(environment.widgets_row([tmp_path]))) == off


def test_a_notebook_without_its_style(tmp_path):
    assert "matplotlibrc" in fault(environment.folder_row(tmp_path))
    assert fault(environment.folder_row(ROOT / "notebooks")) == ""


def test_installed_without_its_folder(monkeypatch, tmp_path):
    def elsewhere():
        return needs(tmp_path)
    monkeypatch.setattr(environment, "needs", elsewhere)
    assert "without its folder" in repr(environment_check())


def test_the_report_lists_each_remedy_once():
    report = Report([("a", "", ""), ("b", "bad", "mend"), ("c", "bad", "mend"), ("d", "bad", "other")])
    assert repr(report).count("mend\n") == 1 and "2. other" in repr(report)


def test_importing_it_needs_the_standard_library_only():
    loaded = subprocess.run(
        [sys.executable, "-c", "import helpers.environment, sys; print(*sorted({m.partition('.')[0] for m in sys.modules}))"],
        capture_output=True, text=True, check=True, cwd=ROOT).stdout.split()
    assert not {"numpy", "sympy", "matplotlib", "ipywidgets", "IPython", "packaging", "jupyter_core"} & set(loaded)
