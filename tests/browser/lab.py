"""JupyterLab in headless Chromium: one server for all browser tests, one page for each.

Chromium is looked for where the environment variable CHROMIUM says, then on the path. Without
one, the tests skip and say so.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(__file__).parent / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TOKEN = uuid4().hex
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # every cell in the page, seen or not
}


def chromium_path():
    """Where Chromium is, or None."""
    return next(filter(None, (shutil.which(name) for name in (os.environ.get("CHROMIUM"), *NAMES) if name)), None)


@pytest.fixture(scope="session")
def browser():
    path = chromium_path()
    if path is None:
        pytest.skip(f"no Chromium: set CHROMIUM to its path, or install one of {', '.join(NAMES)}")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory, browser):
    """A JupyterLab over a copy of notebooks/, with settings of its own: (address, folder)."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", home / "course" / "notebooks")
    settings = home / "config" / "labconfig"
    settings.mkdir(parents=True)
    (settings / "default_setting_overrides.json").write_text(json.dumps(QUIET))
    environment = {name: value for name, value in os.environ.items() if name != "HELPERS_PICTURES"} | {
        "JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"), "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_DATA_DIR": str(home / "data"), "IPYTHONDIR": str(home / "ipython"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(home / "server.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
             "--ServerApp.port_retries=0",
             "--ServerApp.kernel_websocket_connection_class=helpers.server.PromptConnection",  # as `make lab` does
             f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home / 'course'}"],
            env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            if process.poll() is not None:
                pytest.fail("JupyterLab did not start:\n" + (home / "server.log").read_text()[-2000:])
            try:
                urllib.request.urlopen(f"{address}/api", timeout=1)
                break
            except OSError:
                time.sleep(0.25)
        yield address, home / "course"
    finally:
        process.terminate()
        process.wait(20)


class Lab:
    """One notebook open in JupyterLab, and what a reader does with it."""

    def __init__(self, page, address):
        self.page, self.address, self.console = page, address, []
        page.on("console", lambda message: self.console.append((message.type, message.text)))
        page.on("pageerror", lambda error: self.console.append(("pageerror", str(error))))

    def open(self, path):
        """Open a notebook and wait until its kernel is there *and* idle: either alone lies."""
        self.page.goto(f"{self.address}/lab/tree/{path}?reset&token={TOKEN}")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function("""() => {
            const name = document.querySelector('.jp-KernelName');
            const light = document.querySelector('.jp-Notebook-ExecutionIndicator');
            return name && !/No Kernel/.test(name.textContent) && light && light.dataset.status === 'idle';
        }""", timeout=60_000)
        return self

    def run_all(self):
        """Run all cells from the menu and wait until each code cell has run.

        A saved notebook has its numbers already, so we watch each prompt go through [*].
        """
        self.page.evaluate("""() => {
            window.ran = new Set();
            const look = () => document.querySelectorAll('.jp-CodeCell').forEach(cell => {
                if (cell.querySelector('.jp-InputPrompt').textContent.includes('*')) window.ran.add(cell);
            });
            new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
        }""")
        self.page.click(".lm-MenuBar-item:has-text('Run')")
        self.page.click(".lm-Menu-item:has(.lm-Menu-itemLabel:text-is('Run All Cells'))")
        self.page.wait_for_function("""() => {
            const cells = [...document.querySelectorAll('.jp-CodeCell')];
            const light = document.querySelector('.jp-Notebook-ExecutionIndicator').dataset.status;
            return cells.length && light === 'idle' && cells.every(cell => window.ran.has(cell)
                && /^\\[[0-9]+\\]:$/.test(cell.querySelector('.jp-InputPrompt').textContent.trim()));
        }""", timeout=120_000)
        return self

    def live(self):
        """Wait for the live explorer and bring it into view."""
        try:
            self.page.wait_for_selector("img.widget-image", timeout=30_000)
        except Exception:
            self.screenshot("no-live-explorer")
            raise
        self.page.locator("img.widget-image").first.scroll_into_view_if_needed()
        return self

    def picture(self):
        """The bytes of the live picture."""
        return bytes(self.page.evaluate("""async () => {
            const data = await fetch(document.querySelector('img.widget-image').src);
            return [...new Uint8Array(await data.arrayBuffer())];
        }"""))

    def sentence(self):
        return self.page.locator(".widget-html p").first.inner_text()

    def slider(self, label):
        """The handle of the slider whose label begins so, focused."""
        handle = self.page.locator(f".widget-box:has(> .widget-label:has-text('{label}')) .noUi-handle").first
        handle.focus()
        return handle

    def wait_for_new(self, picture_source, timeout=10_000):
        self.page.wait_for_function(
            "old => document.querySelector('img.widget-image').src !== old", arg=picture_source, timeout=timeout)

    def source(self):
        return self.page.evaluate("document.querySelector('img.widget-image').src")

    def troubles(self):
        """What a reader would call broken: error outputs, lost widgets, errors on the console."""
        found = self.page.locator(".jp-OutputArea-output[data-mime-type*='error'], .jp-RenderedText[data-mime-type*='stderr']").all_inner_texts()
        body = self.page.inner_text(".jp-Notebook")
        found += re.findall(r"(?i).*(?:model not found|error displaying widget|error creating widget).*", body)
        found += [text for kind, text in self.console if kind in ("error", "pageerror") and not HARMLESS.search(text)]
        return found

    def screenshot(self, name):
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


# What JupyterLab itself writes to the console in any notebook, explorers or not.
HARMLESS = re.compile(r"favicon|Failed to load resource.*404|WebSocket is already in CLOSING")


@pytest.fixture
def lab(browser, server):
    """An empty page of 1280 × 720 in front of the server: `lab.open(path)` opens a notebook."""
    yield from _page(browser, server, width=1280, height=720)


def _page(browser, server, width, height, zoom=1.0):
    context = browser.new_context(viewport={"width": width, "height": height}, device_scale_factor=zoom)
    lab = Lab(context.new_page(), server[0])
    yield lab
    context.close()
    for session in json.load(_request(f"{server[0]}/api/sessions")):  # a kernel is 100 MB: none outlives its test
        _request(f"{server[0]}/api/sessions/{session['id']}", "DELETE")


def _request(address, method="GET"):
    return urllib.request.urlopen(urllib.request.Request(address, method=method, headers={"Authorization": f"token {TOKEN}"}))


@pytest.fixture
def zoomed(browser, server, request):
    """As `lab`, at the browser zoom that the test names: the same screen, fewer and larger pixels."""
    zoom = request.param
    yield from _page(browser, server, round(1280 / zoom), round(720 / zoom), zoom)
