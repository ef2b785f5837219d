"""What the project says it needs is what it uses, and its modules depend downward only."""
import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from types import SimpleNamespace

import pytest
import yaml
from documents import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = sorted((ROOT / "helpers").rglob("*.py"))

# Imported under another name than the package's.
PACKAGE_OF = {"yaml": "pyyaml", "IPython": "ipython", "PIL": "pillow"}
# Imported here, and always installed with a package of the list: no lines of their own there.
COMES_WITH = {"ipython": "ipywidgets", "traitlets": "ipywidgets", "pillow": "matplotlib",
              **dict.fromkeys(("nbformat", "nbclient", "jupyter-core", "jupyter-client", "jupyter-server", "nbconvert"),
                              "jupyterlab"), "packaging": "pytest"}
# Used without an import: run as a program, or loaded by pytest.
NOT_IMPORTED = {"jupyterlab", "pytest-xdist", "pytest-benchmark"}

# A module of helpers may import those that stand before it; an oracle and the tools of a machine import less.
ORDER = ("sizes", "words", "notation", "tracing", "layers", "counting", "transformer", "published", "memory", "tiles",
         "roofline", "measuring", "planning", "shrinking", "figures", "explorers", "exercises", "environment")
MAY_IMPORT = {name: ORDER[:place] for place, name in enumerate(ORDER)} | dict(
    words=(), counting=("sizes", "words"), environment=(), storing=())
# Slow to import, so only where a module cannot do without: SymPy 0.4 s, the others 0.3 s each.
SLOW = {"sympy", "matplotlib", "ipywidgets"}
MAY_LOAD = {"figures": {"matplotlib"}, "explorers": {"matplotlib", "ipywidgets"}}


def names_and_bounds(lines):
    """{"numpy": ">=2.2", …} from a list of requirements."""
    return {re.match(r"[\w.-]+", line)[0].lower(): re.sub(r"^[\w.-]+", "", line) for line in lines}


RUN_TIME = names_and_bounds(PROJECT["dependencies"])
TEST = names_and_bounds(PROJECT["optional-dependencies"]["test"])
PEERS = names_and_bounds(PROJECT["optional-dependencies"]["peers"])


def imported(tree):
    """Top-level names of the packages that a syntax tree imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
            yield node.args[0].value.partition(".")[0]


def third_party(sources, own=()):
    """The packages that the sources import, by the name under which they are installed."""
    found = {name for source in sources for name in imported(ast.parse(source))}
    return {PACKAGE_OF.get(name, name).replace("_", "-") for name in found
            if name not in sys.stdlib_module_names and name not in {"helpers", *own}}


def python_sources(folder):
    return [path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.py"))]


def notebook_sources():
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield "".join(cell["source"])


def used_by_readers():
    return third_party([*python_sources("helpers"), *notebook_sources()])


def used_by_tests():
    own = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("tools/*.py"), ROOT / "notebooks/conftest.py"]
    return third_party([path.read_text(encoding="utf-8") for path in own if path.parent.name != "peers"],
                       own=[path.stem for path in own])


def test_environment_yml_and_pyproject_say_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, with_pip = environment["dependencies"]
    listed = names_and_bounds(packages)
    assert listed.pop("python") == PROJECT["requires-python"]
    assert listed.pop("pip") == "" and with_pip == {"pip": ["-e ."]}
    assert listed == RUN_TIME
    assert environment["name"] == PROJECT["name"] and environment["channels"] == ["conda-forge"]


def test_readers_need_no_more_than_the_list():
    missing = {name for name in used_by_readers()
               if name not in RUN_TIME and COMES_WITH.get(name) not in RUN_TIME}
    assert not missing, f"imported by helpers or a notebook, and not in pyproject.toml: {missing}"


def test_tests_need_no_more_than_the_list():
    known = RUN_TIME | TEST
    missing = {name for name in used_by_tests()
               if name not in known and COMES_WITH.get(name) not in known}
    assert not missing, f"imported by a test, and not in pyproject.toml: {missing}"


def test_peers_need_what_their_extra_lists():
    own = [path.stem for path in (ROOT / "tests/peers").glob("*.py")]
    used = third_party(python_sources("tests/peers"), own) - RUN_TIME.keys() - TEST.keys()
    assert used == PEERS.keys() or not used     # nothing where the folder is left out


def test_all_that_is_listed_is_used():
    unused = (RUN_TIME | TEST).keys() - used_by_readers() - used_by_tests() - NOT_IMPORTED
    assert not unused, f"in pyproject.toml, and imported nowhere: {unused}"


def test_every_package_in_the_list_has_its_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name, bound in (RUN_TIME | TEST | PEERS).items():
        assert bound.startswith(">="), f"{name}: a lower bound, and no upper one"
        assert re.search(rf'"{name}{bound}",\s+# \S', text), f"{name}: its reason as a comment"


@pytest.mark.parametrize(("package", "carrier"), COMES_WITH.items())
def test_what_is_said_to_come_with_another_package_does(package, carrier):
    seen, open_ = set(), [carrier]
    while open_:
        try:
            lines = requires(open_.pop()) or []
        except PackageNotFoundError:    # for another system than this one
            continue
        names = {re.match(r"[\w.-]+", line)[0].lower().replace("_", "-")
                 for line in lines if "extra ==" not in line}
        open_ += names - seen
        seen |= names
    assert package in seen


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def helpers_imports(path):
    """(module, names) of each import from helpers in a file, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names if alias.name.startswith("helpers"))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name}: write helpers.… in full"
            if node.module.partition(".")[0] == "helpers":
                yield node.module, tuple(alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_arrows_run_downward(path):
    own = (module_name(path).split(".") + [""])[1]
    assert own in MAY_IMPORT or not own, f"helpers.{own} has no row in DESIGN's table of arrows"
    for module, names in helpers_imports(path):
        targets = [module.split(".")[1]] if "." in module else names
        for target in targets:
            assert own and (target == own or target in MAY_IMPORT[own]), (
                f"helpers.{own or '__init__'} imports {target}, and may import {MAY_IMPORT.get(own)}")
        if own == "layers" and targets == ["tracing"]:
            assert set(names) <= {"step", "repeat"}, "layers takes only labels from tracing"


def test_no_cycles():
    names = {module_name(path): path for path in MODULES}
    edges = {}
    for name, path in names.items():
        edges[name] = {target for module, given in helpers_imports(path)
                       for target in [module, *(f"{module}.{one}" for one in given)]
                       if target in names and target != name
                       # a folder's own __init__ is loaded before its files in any case
                       and not name.startswith(f"{target}.")}
    done = set()

    def visit(name, way):
        assert name not in way, f"a cycle: {' → '.join([*way[way.index(name):], name])}"
        if name not in done:
            for target in edges[name]:
                visit(target, [*way, name])
            done.add(name)
    for name in names:
        visit(name, [])


@pytest.mark.parametrize("group", [None, *MAY_LOAD])
def test_slow_packages_are_loaded_only_where_needed(group):
    """In one fresh process for each group of modules with the same leave."""
    names = [name for name in map(module_name, MODULES)
             if (part := (name.split(".") + [""])[1]) == group
             or group is None and part not in MAY_LOAD and part != "storing"]
    watch = ("import importlib, sys\nfor name in sys.argv[2:]:\n    importlib.import_module(name)\n"
             "    for slow in sys.argv[1].split(','):\n"
             "        if slow in sys.modules:\n            sys.exit(f'importing {name} loads {slow}: '\n"
             "                     'import it in the function that needs it')")
    refused = ",".join(sorted(SLOW - MAY_LOAD.get(group, set())))
    run = subprocess.run([sys.executable, "-c", watch, refused, *names],
                         capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr


def test_helpers_itself_imports_nothing():
    assert not list(imported(ast.parse((ROOT / "helpers/__init__.py").read_text(encoding="utf-8"))))


def test_the_server_of_make_lab_and_of_the_browser_tests_sends_at_once(monkeypatch):
    from traitlets.config import PyFileConfigLoader
    config = PyFileConfigLoader("jupyter_server_config.py", str(ROOT / "tools")).load_config()
    prompt, done = config.ServerApp.kernel_websocket_connection_class, []
    monkeypatch.setattr(prompt, "websocket_handler", SimpleNamespace(set_nodelay=done.append))
    monkeypatch.setattr(prompt.__base__, "connect", lambda self: done.append("connected") or "a future")
    assert prompt.__new__(prompt).connect() == "a future" and done == [True, "connected"]
    for path in ("Makefile", "tests/browser/lab.py"):
        assert "JUPYTER_CONFIG_PATH" in (ROOT / path).read_text(encoding="utf-8")
