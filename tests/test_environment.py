"""What the project says it needs is what it uses, and its modules depend downward only."""
import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from types import SimpleNamespace

import pytest
import yaml
from documents import ROOT

TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT, TOOL = (tomllib.loads(TEXT)[table] for table in ("project", "tool"))
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
           for path in sorted((ROOT / "helpers").rglob("*.py"))}

# Imported under another name than the package's.
PACKAGE_OF = {"yaml": "pyyaml", "IPython": "ipython", "PIL": "pillow"}
# Imported here, and always installed with a package of the list: no lines of their own there.
COMES_WITH = {"ipython": "ipywidgets", "traitlets": "ipywidgets", "pillow": "matplotlib", "packaging": "pytest", **dict.fromkeys(
    ("nbconvert", "nbformat", "nbclient", "ipykernel", "jupyter-core", "jupyter-client", "jupyter-server"), "jupyterlab")}
# Used without an import: run as a program, or loaded by pytest.
NOT_IMPORTED = {"jupyterlab", "pytest-xdist", "pytest-benchmark", "sphinx-revealjs", "django-static-mathjax"}

# A module of helpers may import those that stand before it; an oracle and the tools of a machine import less.
ORDER = ("words", "sizes", "notation", "tracing", "layers", "counting", "transformer", "published", "memory", "tiles",
         "roofline", "measuring", "planning", "shrinking", "figures", "explorers", "exercises", "environment")
MAY_IMPORT = {name: ORDER[:place] for place, name in enumerate(ORDER)} | dict(
    words=(), counting=("sizes", "words"), environment=()) | {"": ()}
# Slow to import, so only where a module cannot do without: SymPy 0.4 s, the others 0.3 s each.
SLOW = {"sympy", "matplotlib", "ipywidgets"}
MAY_LOAD = {"figures": {"matplotlib"}, "explorers": {"matplotlib", "ipywidgets"}}


def names_and_bounds(lines):
    """{"numpy": ">=2.2", …} from a list of requirements."""
    return {re.match(r"[\w.-]+", line)[0].lower(): re.sub(r"^[\w.-]+", "", line) for line in lines}


RUN_TIME, TEST, PEERS, EXPORT, GRADING = map(names_and_bounds, (PROJECT["dependencies"], *(
    PROJECT["optional-dependencies"][extra] for extra in ("test", "peers", "export", "grading"))))
OURS = RUN_TIME | TEST | EXPORT | GRADING


def imports(source):
    """(module, names) of each import in a source, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
            yield node.args[0].value, ()


@cache
def used_by(*patterns):
    """The packages that files and notebooks import, by the name under which they are installed."""
    paths = [path for pattern in patterns for path in ROOT.glob(pattern)]
    own, found = {"", "helpers", *(path.stem for path in paths)}, set()
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for cell in json.loads(text)["cells"] if path.suffix == ".ipynb" else [{"cell_type": "code", "source": [text]}]:
            if cell["cell_type"] == "code":
                found.update(module.partition(".")[0] for module, _ in imports("".join(cell["source"])))
    return {PACKAGE_OF.get(name, name).replace("_", "-") for name in found - sys.stdlib_module_names - own}


READERS = ("helpers/**/*.py", "notebooks/**/*.ipynb")
TESTS = ("tests/*.py", "tests/b*/*.py", "tools/*.py", "notebooks/conftest.py")


def test_environment_yml_and_pyproject_say_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, with_pip = environment["dependencies"]
    assert names_and_bounds(packages) == RUN_TIME | {"python": PROJECT["requires-python"], "pip": ""}
    assert with_pip == {"pip": ["-e ."]} and environment["channels"] == ["conda-forge"]
    assert environment["name"] == PROJECT["name"]


@pytest.mark.parametrize("used, known", [(READERS, RUN_TIME), (TESTS, OURS)])
def test_what_is_imported_is_listed(used, known):
    missing = {name for name in used_by(*used) if name not in known and COMES_WITH.get(name) not in known}
    assert not missing, f"imported, and not in pyproject.toml: {missing}"


def test_what_is_listed_is_imported_and_has_its_reason():
    unused = OURS.keys() - used_by(*READERS) - used_by(*TESTS) - NOT_IMPORTED
    assert not unused, f"in pyproject.toml, and imported nowhere: {unused}"
    peers = used_by("t*/peers/*.py") - RUN_TIME.keys() - TEST.keys()
    assert peers == PEERS.keys() or not peers     # nothing where the folder is left out
    for name, bound in (OURS | PEERS).items():
        assert re.fullmatch(r">=[\d.]+", bound), f"{name}: a lower bound, and no upper one"
        assert re.search(rf'"{name}{bound}",\s+# \S', TEXT), f"{name}: its reason as a comment"


def part_of(name):
    """The module or folder of helpers to which a module belongs; "" for helpers itself, which imports nothing."""
    return (name.split(".") + [""])[1]


def test_arrows_run_downward_and_within_a_folder_in_no_circle():
    edges = {}
    for name, path in MODULES.items():
        own, edges[name] = part_of(name), set()
        assert own in MAY_IMPORT, f"helpers.{own} has no place in ORDER"
        for module, names in imports(path.read_text(encoding="utf-8")):
            assert module[0] != ".", f"{name}: write helpers.… in full"
            if module.partition(".")[0] == "helpers":
                targets = {part_of(module)} if "." in module else set(names)
                assert targets <= {own, *MAY_IMPORT[own]}, f"{name} imports {targets}, and may import {MAY_IMPORT[own]}"
                assert own != "layers" or targets != {"tracing"} or {*names} <= {"step", "repeat"}, "layers takes only labels from tracing"
                edges[name] |= {module, *(f"{module}.{one}" for one in names)}
        # a folder's own __init__ is loaded before its files in any case
        edges[name] = {target for target in edges[name] & {*MODULES} - {name} if not name.startswith(f"{target}.")}
    TopologicalSorter(edges).prepare()      # raises CycleError, which names the cycle


@pytest.mark.parametrize("group", [None, *MAY_LOAD])
def test_slow_packages_are_loaded_only_where_needed(group):
    """In one fresh process for each group of modules with the same leave."""
    names = [name for name in MODULES if (part := part_of(name)) == group or group is None and part not in MAY_LOAD]
    watch = ("import importlib, sys\nfor name in sys.argv[2:]:\n    importlib.import_module(name)\n"
             "    if slow := {*sys.argv[1].split()} & {*sys.modules}:\n"
             "        sys.exit(f'importing {name} loads {slow}: import it in the function that needs it')")
    refused = " ".join(SLOW - MAY_LOAD.get(group, set()))
    run = subprocess.run([sys.executable, "-c", watch, refused, *names], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_the_server_of_make_lab_and_of_the_browser_tests_sends_at_once(monkeypatch):
    from traitlets.config import PyFileConfigLoader
    config = PyFileConfigLoader("jupyter_server_config.py", str(ROOT / "tools")).load_config()
    prompt, done = config.ServerApp.kernel_websocket_connection_class, []
    monkeypatch.setattr(prompt, "websocket_handler", SimpleNamespace(set_nodelay=done.append))
    monkeypatch.setattr(prompt.__base__, "connect", lambda self: done.append("connected") or "a future")
    assert prompt.__new__(prompt).connect() == "a future" and done == [True, "connected"]
    for path in ("Makefile", "tests/browser/lab.py"):
        assert "JUPYTER_CONFIG_PATH" in (ROOT / path).read_text(encoding="utf-8")


def test_the_package_works_without_its_folder(tmp_path):
    """As pip copies it to Colab's site-packages: only what pyproject.toml names goes along."""
    patterns = ["**/*.py", *TOOL["setuptools"]["package-data"]["helpers"]]
    for path in {path for pattern in patterns for path in (ROOT / "helpers").glob(pattern) if path.is_file()}:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    show = ("import importlib, sys, helpers\nassert helpers.__file__.startswith(sys.argv[1]), helpers.__file__\n"
            "for name in sys.argv[2:]:\n    importlib.import_module(name)\n"
            "from helpers.exercises import check\nfrom helpers.explorers import GrowthExplorer\n"
            "GrowthExplorer().figure()\nprint(check('01.1', 40))")
    run = subprocess.run([sys.executable, "-c", show, str(tmp_path), *MODULES], capture_output=True, text=True, cwd=tmp_path,
                         env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert run.returncode == 0 and "not yet" in run.stdout, run.stderr


def test_each_lesson_says_where_to_look_if_the_package_is_missing():
    """Where the traceback of the import shows it: in the line above the first import from helpers."""
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        first = next("".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
                     if cell["cell_type"] == "code")
        place = "ModuleNotFoundError:" if path.name.startswith("00") else r"# .*notebooks/places\.md .*\nfrom helpers"
        assert re.search(place, first) and "notebooks/places.md" in first, path.name
