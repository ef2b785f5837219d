"""A class logs in to a JupyterHub at once, opens lessons and runs them all; no part of `make test`.

    python -m pip install -e ".[hub]"; npm install configurable-http-proxy
    PATH=$PWD/node_modules/.bin:$PATH python tests/hub/thirty.py

Hub and proxy run on this machine, with the lines that notebooks/hub.md prints. A student is a
thread that sends what JupyterLab sends, and draws nothing. Linux only: memory is PSS.
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import psutil
import requests
import websocket

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT), str(ROOT / "tools")]
import workbook  # noqa: E402

# Chromium fetches 158 files for the page, 7.6 MB; these are about as many and as much.
SCRIPTS = sorted(Path(sys.prefix, "share/jupyter/lab/static").glob("*.js"), key=lambda path: path.stat().st_size)
FILES = [path.name for path in SCRIPTS[-1:] + SCRIPTS[100:250]]


class Student(threading.Thread):
    """Logs in, starts a server and runs the lessons; notes the seconds, or what went wrong."""

    def __init__(self, name, hub, lessons, delay):
        super().__init__(daemon=True)
        self.name, self.hub, self.lessons, self.delay, self.home = name, hub, lessons, delay, f"/user/{name}/"
        self.seconds, self.fault, self.http = {}, "", requests.Session()

    def run(self):
        time.sleep(self.delay)
        start = time.monotonic()
        try:
            self.log_in()
            assert "jupyter-config-data" in self.ask("GET", self.home + "lab").text, "this is not JupyterLab's page"
            for name in FILES:
                self.ask("GET", f"{self.home}static/lab/{name}")
            self.seconds["the lab page"] = time.monotonic() - start
            for path in self.lessons:
                self.run_all(path)
        except Exception as error:
            self.fault = f"{type(error).__name__} after {time.monotonic() - start:.0f} s: {error}"[:200]

    def ask(self, method, path, **more):
        reply = self.http.request(method, self.hub + path, timeout=400, **more)
        assert reply.ok, f"{method} {path}: {reply.status_code} {reply.reason}"
        return reply

    def token(self, path):
        return next(cookie.value for cookie in self.http.cookies if (cookie.name, cookie.path) == ("_xsrf", path))

    def log_in(self):
        """The form, then the events of the page that waits for the server."""
        self.ask("GET", "/hub/login")
        form = {"username": self.name, "password": "any", "_xsrf": self.token("/hub/")}
        self.ask("POST", "/hub/login?next=%2Fhub%2Fspawn", data=form)
        path = f"/hub/api/users/{self.name}/server/progress?_xsrf={self.token('/hub/')}"
        events = (json.loads(line[5:]) for line in self.ask("GET", path, stream=True).iter_lines() if line.startswith(b"data:"))
        end = next(event for event in events if event.get("ready") or event.get("failed"))
        assert end.get("ready"), end["message"]

    def run_all(self, path):
        """A session, all code cells in a row, as Run All Cells sends them, and the notebook saved."""
        start, number, file, session = time.monotonic(), path.name[:2], f"workbook/{path.name}", uuid4().hex
        headers = {"X-XSRFToken": self.token(self.home)}
        notebook = self.ask("GET", f"{self.home}api/contents/{file}").json()
        asked = {"path": file, "name": path.name, "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self.ask("POST", self.home + "api/sessions", json=asked, headers=headers).json()["kernel"]["id"]
        cookies = "; ".join(f"{c.name}={c.value}" for c in self.http.cookies if c.path in ("/", self.home))
        wire = websocket.create_connection(
            f"ws{self.hub[4:]}{self.home}api/kernels/{kernel}/channels?session_id={session}", timeout=400, cookie=cookies)
        waiting = {uuid4().hex: cell["source"] for cell in notebook["content"]["cells"] if cell["cell_type"] == "code"}
        for name, code in waiting.items():
            header = {"msg_id": name, "msg_type": "execute_request", "session": session, "username": "", "version": "5.4", "date": ""}
            content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
            wire.send(json.dumps({"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}))
        while waiting:
            message = wire.recv()
            message = json.loads(message) if isinstance(message, str) else {"msg_type": "one with buffers"}
            if message["msg_type"] in ("stream", "display_data", "execute_result"):
                self.seconds.setdefault(f"{number}, first output", time.monotonic() - start)
            if message["msg_type"] == "execute_reply":
                waiting.pop(message["parent_header"]["msg_id"], None)
                assert message["content"]["status"] == "ok", f"lesson {number}: {message['content'].get('evalue', 'aborted')}"
        self.seconds[f"{number}, all cells"] = time.monotonic() - start
        self.ask("PUT", f"{self.home}api/contents/{file}", json=notebook, headers=headers)
        wire.close()


def started(folder, defaults=False):
    """The hub in this folder, and its address."""
    port = 18_000
    while any(socket.socket().connect_ex(("127.0.0.1", port + more)) == 0 for more in range(3)):
        port += 10
    environment = os.environ | {"HUB_PORT": str(port), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                                "PYTHONPATH": str(ROOT), **({"HUB_DEFAULTS": "1"} if defaults else {})}
    with open(folder / "hub.log", "wb") as log:
        hub = subprocess.Popen([sys.executable, "-m", "jupyterhub", "-f", str(ROOT / "tests/hub/jupyterhub_config.py")],
                               cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    while hub.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/hub/login", timeout=5).raise_for_status()
            return hub, f"http://127.0.0.1:{port}"
        except requests.RequestException:
            time.sleep(0.5)
    sys.exit("the hub did not start:\n" + (folder / "hub.log").read_text()[-2000:])


def measured(hub):
    """[hub, proxy, …] and, for each student, [server, kernel, …]: MB now (PSS) and processor seconds."""
    def both(process):
        return process.memory_full_info().pss / 1e6, sum(process.cpu_times()[:2])
    servers = [child for child in hub.children() if "singleuser" in " ".join(child.cmdline())]
    return [both(process) for process in (hub, *hub.children()) if process not in servers], [
        [both(server), *map(both, sorted(server.children(), key=psutil.Process.create_time))] for server in servers]


def trial(folder, given):
    """Start the hub, let them all in, and print what they saw."""
    lessons = [workbook.lessons()[number] for number in given.lessons]
    workbook.WORKBOOK = folder / "workbook"
    workbook.make()
    names = [f"s{number:02d}" for number in range(1, given.students + 1)]
    for name in names:
        shutil.copytree(folder / "workbook", folder / "homes" / name / "workbook")
    hub, address = started(folder, given.defaults)
    try:
        load, free, start = [os.getloadavg()[0]], psutil.virtual_memory().available / 1e9, time.monotonic()
        students = [Student(name, address, lessons, place * given.apart) for place, name in enumerate(names)]
        for student in students:
            student.start()
        while any(student.is_alive() for student in students):
            load.append(os.getloadavg()[0])
            time.sleep(1)
        good, bad = ([student for student in students if bool(student.fault) == wrong] for wrong in (False, True))
        print(f"{len(good)} of {len(students)} ran all of {', '.join(given.lessons)}; {time.monotonic() - start:.0f} s, load {load[0]:.0f} to {max(load):.0f}",
              *(f"  {student.name}: {student.fault}" for student in bad), sep="\n")
        own, servers = measured(psutil.Process(hub.pid))
        print(f"  GB available: {free:.1f} before, {psutil.virtual_memory().available / 1e9:.1f} now; hub and proxy, MB and processor s:", own)
        rows = {f"seconds to {step}": [student.seconds[step] for student in good] for student in good for step in student.seconds}
        for place, what in enumerate(["server", *(f"kernel of {number}" for number in given.lessons)]):
            found = [group[place] for group in servers if len(group) > place]
            rows |= {f"{what}, MB": [mb for mb, _ in found], f"{what}, processor s": [seconds for _, seconds in found]}
        rows["a student in all, MB"] = [sum(mb for mb, _ in group) for group in servers]
        print(f"  {'':32}     min  median     max")
        for what, values in rows.items():
            print(f"  {what:32} {min(values, default=0):7.1f} {median(values or [0]):7.1f} {max(values, default=0):7.1f}")
        return bool(bad)
    finally:
        hub.terminate()         # it ends its proxy and its servers
        hub.wait(120)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--students", type=int, default=30, help="30 if left out")
    words.add_argument("--apart", type=float, default=0, help="seconds between two logins: 0")
    words.add_argument("--lessons", nargs="+", default=["01", "12"], choices=sorted(workbook.lessons()))
    words.add_argument("--defaults", action="store_true", help="without the lines of notebooks/hub.md")
    given = words.parse_args()
    if not shutil.which("configurable-http-proxy"):
        sys.exit("configurable-http-proxy is not found: npm install configurable-http-proxy, and put node_modules/.bin on the PATH")
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(trial(Path(temporary), given))
