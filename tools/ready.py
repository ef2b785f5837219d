"""An environment with all that the course needs: `python tools/ready.py [test]` makes or fills it.

It is .venv, or the folder that VENV names; without VENV, this very Python if it has all. Any Python
from 3.11 may start the commands for students and teachers, which begin here.
"""
import sys

if sys.version_info < (3, 11):
    sys.exit(f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: the course needs "
             f"3.11 or newer. Name another: /path/to/python3 {' '.join(sys.argv)}")
import os
import re
import subprocess
import tempfile
import tomllib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COURSE = ROOT / "notebooks"
OFFLINE = "NewConnectionError|name resolution|getaddrinfo|Network is unreachable|No route to host"


def lessons(numbers=()):
    """The lessons of the course by their number, or only these; one sentence refuses others."""
    course = {path.name[:2]: path for path in sorted(COURSE.glob("[0-9][0-9]_*.ipynb"))}
    if unknown := [number for number in numbers if number not in course]:
        sys.exit(f"there is no lesson {unknown[0]!r}; give numbers such as 03")
    return {number: course[number] for number in numbers or course}


def listed(extra="", lowest=False):
    """What pyproject.toml asks for, in pip's words; `lowest`: the least version of each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {"": [], **project["optional-dependencies"]}
    if extra not in extras:
        sys.exit(f"pyproject.toml has no extra {extra!r}, only {', '.join(filter(None, extras))}")
    sign = "==" if lowest else ">="
    return [line.replace(">=", sign) for line in project["dependencies"] + extras[extra]]


def met(line):
    """Does this Python have what a line asks for?"""
    from packaging.requirements import Requirement  # comes with JupyterLab
    wanted = Requirement(line)
    try:
        return wanted.specifier.contains(version(wanted.name), prereleases=True)
    except PackageNotFoundError:
        return False


def missing(lines):
    """Those that this Python does not meet; the course itself is installed last."""
    if not find_spec("packaging") or not find_spec("helpers"):
        return ["helpers"]
    return [line for line in lines if not met(line)]


def run(words, **more):
    """A program's exit status; Ctrl-C is its own affair."""
    program = subprocess.Popen(words, **more)
    while True:
        try:
            return program.wait()
        except KeyboardInterrupt:
            pass


def fails(*words):
    """Does a command not do what it should? Not a word of it is shown."""
    try:
        return run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) != 0
    except OSError:
        return True


def surroundings():
    """`os.environ` for programs that write at home, and in a folder of odd letters."""
    own, home = dict(os.environ), Path.home()
    if sys.getfilesystemencoding() != "utf-8":
        own["PYTHONUTF8"] = "1"     # under LANG=C; pytest-xdist's workers speak UTF-8 only
    if not os.access(home, os.W_OK):    # Jupyter and Matplotlib must write somewhere
        place = ROOT / ".home" if os.access(ROOT, os.W_OK) else Path(tempfile.mkdtemp())
        place.mkdir(exist_ok=True)
        print(f"{home} cannot be written: settings are kept in {place}", flush=True)
        own["HOME"] = str(place)
    return own


def ready(extra="", folder=os.environ.get("VENV"), lowest=False):
    """The Python that has it all; where none can be had, one sentence ends the program."""
    lines, place = listed(extra, lowest), ROOT / (folder or ".venv")
    here = not folder or Path(sys.prefix).resolve() == place.resolve()
    if here and not missing(lines):
        return sys.executable
    inside = str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    there = os.path.lexists(inside)
    if there and fails(inside, "-c", ""):
        sys.exit(f"The environment {place.name} no longer works (was Python updated or removed?): "
                 "remove that folder (make clean), and try again")
    if there and not fails(inside, __file__, "--missing", *lines):
        return inside
    if not there or fails(inside, "-m", "pip", "--version"):    # the latter: stopped half-way
        if not find_spec("venv") or not find_spec("ensurepip"):
            sys.exit("python3-venv is missing: this Python has no venv module. On Debian and "
                     "Ubuntu: sudo apt install python3-venv")
        if run([sys.executable, "-m", "venv", str(place)]):
            sys.exit(f"The environment {place.name} could not be made: the reason stands above")
    print(f"Installing the packages into {place.name}: about a minute and 500 MB, once", flush=True)
    with open(place / "pip.log", "w+", encoding="utf-8", errors="replace") as log:
        if run([inside, "-m", "pip", "install", "--disable-pip-version-check", "-e", ".", *lines],
               cwd=ROOT, stdout=log, stderr=log):
            log.seek(0)
            said = log.read()
            errors = re.findall("ERROR: (.*)", said) or ["pip was stopped"]
            why = ("there is no network. Connect, and try again" if re.search(OFFLINE, said)
                   else errors[-1].rstrip("."))
            sys.exit(f"The packages could not be installed: {why}. All that pip said: {log.name}")
    return inside


if __name__ == "__main__":
    if sys.argv[1:2] == ["--missing"]:
        sys.exit(", ".join(missing(sys.argv[2:])) or 0)
    ready(*sys.argv[1:2])
