"""The environment is made, filled and named by one module, whichever command asks for it."""
import os
import re
import runpy
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import export
import grading
import pytest
import ready
import yaml
from documents import ROOT

on_posix = pytest.mark.skipif(os.name == "nt", reason="signals and homes are others on Windows")
LISTED = ready.listed("test")
README, MAKEFILE, WORKFLOW = ((ROOT / name).read_text(encoding="utf-8")
                              for name in ("README.md", "Makefile", ".github/workflows/machines.yml"))


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A course in an empty folder; programs are not run but listed. `answers`: what each of them returns, by a word of it."""
    said, answers = [], {}

    def run(words, **more):
        said.append(list(map(str, words)))
        if "venv" in words:
            Path(words[-1]).mkdir(exist_ok=True)
        if "install" in words:
            more["stdout"].write(answers.get("pip says", ""))
        return next((status for word, status in answers.items() if word in words), 0)
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    monkeypatch.setattr(ready, "ROOT", tmp_path)
    monkeypatch.setattr(ready, "run", run)
    return said, answers


@pytest.fixture
def inside(tmp_path):
    """The Python of an environment that is there."""
    python = tmp_path.joinpath(".venv", *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    python.parent.mkdir(parents=True)
    python.touch()
    return python


@pytest.mark.parametrize(("there", "answers", "programs", "refusal"), [
    (False, {}, "venv install", None), (True, {}, "-c --missing", None),
    (True, {"--missing": 1}, "-c --missing --version install", None),                       # of an older list
    (True, {"--missing": 1, "--version": 1}, "-c --missing --version venv install", None),  # left half made
    (False, {"venv": 3}, "venv", "could not be made"), (True, {"-c": 1}, "-c", "The environment .venv no longer works")])
def test_an_environment_is_made_or_filled_where_it_lacks_something(world, inside, there, answers, programs, refusal):
    said, given = world
    given.update(answers)
    if not there:
        inside.unlink()
    with pytest.raises(SystemExit, match=refusal) if refusal else nullcontext():
        assert ready.ready("test", ".venv") == str(inside)
    for words, program in zip(said, programs.split(), strict=True):
        assert program in words and (program in "venv -c --version" or words[-len(LISTED):] == LISTED)


def test_without_a_folder_named_a_python_that_has_all_is_taken_as_it_is(world, inside, monkeypatch):
    monkeypatch.setattr(ready, "missing", lambda lines: [])
    assert ready.ready("test", None) == sys.executable and world[0] == []
    monkeypatch.setattr(ready, "missing", lambda lines: ["numpy"])
    assert ready.ready("test", None) == str(inside)


@pytest.mark.parametrize("says, why", [
    ("WARNING: Retrying after NewConnectionError(…)\nERROR: Could not find a version\nERROR: No match", "there is no network"),
    ("socket.gaierror: Temporary failure in name resolution", "there is no network"),
    ("Collecting numpy\nERROR: first\nERROR: No space left on device.\n", ": No space left on device. All"), ("", "pip was stopped")])
def test_an_installation_that_fails_has_its_reason_in_one_sentence(world, says, why):
    world[1].update({"install": 1, "pip says": says})
    with pytest.raises(SystemExit) as stopped:
        ready.ready("", ".venv")
    [line] = str(stopped.value).splitlines()
    assert why in line and "pip.log" in line and line.count("ERROR") == 0


def test_the_lowest_versions_are_those_of_the_list(world):
    ready.ready("test", ".venv-lowest", True)
    pinned = world[0][-1][-len(LISTED):]
    assert len(pinned) >= 12 and all(">=" in line and line.replace(">=", "==") == pin for line, pin in zip(LISTED, pinned))


def test_what_is_installed_is_compared_with_the_list(monkeypatch):
    assert ready.missing(["numpy>=2", "numpy>=99", "no-such-package>=1"]) == ["numpy>=99", "no-such-package>=1"]
    for absent in ("helpers", "packaging"):
        monkeypatch.setattr(ready, "find_spec", lambda name: name != absent)
        assert ready.missing([]) == ["helpers"]       # installed last, so an installation that was stopped lacks it


def test_a_command_goes_on_in_the_environment_with_its_own_words(world, monkeypatch):
    command = [str(ROOT / "tools/workbook.py"), "--lab"]
    monkeypatch.setattr(ready, "ready", lambda: "/elsewhere/python")
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit):
        runpy.run_path(command[0], run_name="__main__")
    assert world[0] == [["/elsewhere/python", *command]]


@on_posix
def test_ctrl_c_is_left_to_the_program_that_runs():
    child = "import os, signal, sys, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(0.5); sys.exit(7)"
    code = f"import sys; sys.path.insert(0, 'tools'); import ready; sys.exit(ready.run([sys.executable, '-c', {child!r}]))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 7


def test_an_old_python_is_told_so():
    code = f"import runpy, sys; sys.version_info = (3, 8, 1); runpy.run_path({str(ROOT / 'tools/ready.py')!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.count("\n") == 1 and "Python 3.8 is too old" in run.stderr


@on_posix
def test_a_home_that_cannot_be_written_is_replaced(world, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    assert Path(ready.surroundings()["HOME"]) == ready.ROOT / ".home" and "cannot be written" in capsys.readouterr().out
    monkeypatch.setattr(ready, "ROOT", tmp_path / "nothing that can be written")
    assert os.access(ready.surroundings()["HOME"], os.W_OK)
    monkeypatch.undo()
    assert ready.surroundings() == dict(os.environ)
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")      # LANG=C, where Python is told to obey it
    assert ready.surroundings() == {**os.environ, "PYTHONUTF8": "1"}


def test_an_extra_or_a_lesson_that_is_not_there_is_refused_in_a_sentence():
    with pytest.raises(SystemExit, match="has no extra '--help', only test, "):
        ready.ready("--help", ".venv")
    run = subprocess.run([sys.executable, ROOT / "tools/test.py", "3"], capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr == "there is no lesson '3'; give numbers such as 03\n"
    for refuses in export.chosen, grading.main:
        with pytest.raises(SystemExit, match="there is no lesson '3'; give numbers such as 03"):
            refuses(["3"])


def test_readme_makefile_and_monthly_workflow_run_the_same_two_commands():
    """One to study, one to test: on Windows as the README writes them, elsewhere by make, in the workflow on three systems."""
    windows = README[README.index("## Windows"):].split("\n## ")[0]
    for script, words in (("workbook", " --lab"), ("test", "")):
        assert f"py tools\\{script}.py{words}\n" in windows and f"python tools/{script}.py{words}\n" in windows
        assert f"$(IN) tools/{script}.py{words}" in MAKEFILE
    assert len(re.findall(r"-m pytest|-m pip", MAKEFILE + WORKFLOW + README.replace("tests/browser", ""))) == 2   # browser and benchmarks
    work = yaml.safe_load(WORKFLOW)
    steps, matrix = work["jobs"]["test"]["steps"], work["jobs"]["test"]["strategy"]["matrix"]
    assert [step["run"] for step in steps if "run" in step] == ["python tools/workbook.py", "python tools/test.py ${{ matrix.versions }}"]
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    assert matrix["versions"] == ["", "--lowest"] and matrix["python"] == ["3.11", "3.x"]
    assert re.fullmatch(r"\d+ \d+ \d+ \* \*", work[True]["schedule"][0]["cron"])    # YAML's word for "on"
