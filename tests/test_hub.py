"""What notebooks/hub.md prints can be pasted, and is what the measured hub ran (tests/hub/thirty.py measures)."""
import os
import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import yaml
from documents import ROOT
from traitlets import HasTraits, Int
from traitlets.config import Config

PAGE = (ROOT / "notebooks" / "hub.md").read_text(encoding="utf-8")
VALUES = yaml.safe_load(re.search(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)[1])
HOME = "/home/jovyan"     # where the chart mounts a student's storage


class Server(HasTraits):
    """As a hub's: it has a port, and takes any."""
    port = Int(0)


@pytest.fixture
def printed(monkeypatch):
    """What the page's Python sets."""
    monkeypatch.setitem(sys.modules, "tljh.user_creating_spawner", SimpleNamespace(UserCreatingSpawner=Server))
    config = Config()
    exec(re.search(r"^```python\n(.*?)^```", PAGE, re.M | re.S)[1], {"c": config})
    return config


def test_no_two_students_get_one_port(printed):
    ports = set()
    for number in range(1, 301):
        server = printed.JupyterHub.spawner_class()
        server.user, server.port = SimpleNamespace(id=number), 40_000
        ports.add(server.port)
    assert len(ports) == 300 and min(ports) > 1024 and max(ports) < 32_768, "below what the system hands out at random"


def test_both_hubs_are_told_the_same(printed):
    """The same limits, page and TCP setting, from a folder that is there."""
    one, many = printed.Spawner, VALUES["singleuser"]
    assert (one.mem_limit, one.cpu_limit, one.default_url, one.environment) == (
        many["memory"]["limit"], many["cpu"]["limit"], many["defaultUrl"], many["extraEnv"])
    assert one.http_timeout == VALUES["hub"]["config"]["KubeSpawner"]["http_timeout"]
    folder = one.environment["JUPYTER_CONFIG_PATH"].removeprefix("/srv/course/")
    assert (ROOT / folder / "jupyter_server_config.py").exists()
    assert "/srv/course /" not in PAGE and "git clone ADDRESS-OF-THE-REPOSITORY /srv/course\n" in PAGE


@pytest.mark.skipif(os.name == "nt", reason="the hook runs in a container of Linux")
def test_the_hook_fills_the_home_that_the_server_opens_and_once(tmp_path):
    """Even if it runs in the image's own folder, which has a workbook already."""
    assert VALUES["hub"]["config"]["KubeSpawner"]["working_dir"] == HOME
    *shell, line = VALUES["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
    course, home = tmp_path / "course", tmp_path / "home"
    for folder in (home, course / "workbook", course / "notebooks"):
        folder.mkdir(parents=True)
    for text in ("the first day", "the second"):
        (course / "workbook" / "01.ipynb").write_text(text)
        subprocess.run([*shell, line.replace("/srv/course", str(course)).replace(HOME, str(home))], cwd=course, check=True)
    assert (home / "workbook" / "01.ipynb").read_text() == "the first day" and (home / "notebooks").exists()


def test_neither_hub_shows_students_the_solutions():
    """Nor has the image the environment that tools/workbook.py may make."""
    one, many = (re.search(rf"^```\n({start} .*?)^```", PAGE, re.M | re.S)[1].splitlines() for start in ("sudo", "python"))
    assert one[-2:] == ["sudo rm -r /etc/skel/notebooks/solutions", "sudo chmod o= .git notebooks/solutions"]
    assert many[:2] == ["python tools/workbook.py", "rm -rf .git .venv notebooks/solutions"] and "repo2docker" in many[2]


@pytest.mark.skipif(find_spec("jupyterhub") is None, reason='the hub is an extra: python -m pip install -e ".[hub]"')
def test_the_measured_hub_runs_what_is_printed(monkeypatch, printed):
    """Each line of the page is in force in the trial's configuration, under this checkout's address."""
    monkeypatch.setenv("HUB_PORT", "18000")
    config = Config()
    monkeypatch.setitem(sys.modules, "tljh.user_creating_spawner", None)
    runpy.run_path(str(ROOT / "tests/hub/jupyterhub_config.py"), {"get_config": lambda: config})
    for name, value in printed.Spawner.items():
        meant = {"JUPYTER_CONFIG_PATH": str(ROOT / "tools")} if name == "environment" else value
        assert config.Spawner[name] == meant
    assert config.JupyterHub.spawner_class.__name__ == "OwnPort"


def test_what_is_calculated_follows_from_what_was_measured():
    """Thirty and three hundred, from the tables of the trial."""
    def row(start):
        return [float(number.replace(",", "")) for number in re.findall(
            r"(?<![\d.])\d[\d,]*\.?\d*", re.search(rf"^\| {re.escape(start)}[^|]*\|(.*)\|$", PAGE, re.M)[1])]
    (server, page), (one, _), (two, _), (all_three, _) = map(row, (
        "the server, with", "a kernel with lesson 01", "a kernel with lesson 12", "all three"))
    assert abs(server + one + two - all_three) <= 1.5, "rounded, and medians"
    run = row("a kernel with lesson 01")[1]
    peak, long = (int(re.search(pattern, PAGE)[1]) for pattern in (r"(\d+) at most", r"computes for (\d+) seconds"))
    each, cores = round(page + 0.4, 1), (8, 48)
    for start, expected in {
            "memory, two lessons": [n * all_three / 1000 for n in (30, 300)],
            "memory, all in lesson 10": [n * (server + peak) / 1000 for n in (30, 300)],
            "processor seconds until": [n * each for n in (30, 300)],
            "the same in time, with": [n * each / c for n, c in zip((30, 300), cores)],
            "processor seconds for all": [n * run for n in (30, 300)],
            "the same in time, each": [n * run / c for n, c in zip((30, 300), cores)],
            "all to run lesson 10": [n * long / c / 60 for n, c in zip((30, 300), cores)]}.items():
        said = row(start)
        assert all(abs(a - b) <= 0.51 for a, b in zip(said, expected, strict=True)), (start, said, expected)
