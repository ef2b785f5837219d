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
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
TOKEN = uuid4().hex
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # every cell in the page, seen or not
}


@pytest.fixture(scope="session")
def browser():
    path = next(filter(None, map(shutil.which, filter(None, (os.environ.get("CHROMIUM"), *NAMES)))), None)
    if path is None:
        pytest.skip(f"no Chromium: set CHROMIUM to its path, or install one of {', '.join(NAMES)}")
    with pytest.importorskip("playwright.sync_api").sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
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
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
               "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    environment = os.environ | {"HELPERS_PICTURES": "", "JUPYTER_CONFIG_PATH": str(ROOT / "tools")} | {
        name: str(home / folder) for name, folder in folders.items()}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with open(home / "server.log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
             "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home / 'course'}"],
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
    """One notebook open in JupyterLab, and what a reader does with it and with the explorer at hand."""

    def __init__(self, page, address, folder):
        self.page, self.address, self.folder, self.console, self.place = page, address, folder, [], 0
        page.on("console", lambda message: self.console.append((message.type, message.text)))
        page.on("pageerror", lambda error: self.console.append(("pageerror", str(error))))

    def write(self, name, *cells):
        """A notebook of these code cells, in the server's folder; its path."""
        from nbformat import v4, write
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel})
        write(notebook, self.folder / f"{name}.ipynb")
        return f"{name}.ipynb"

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

    def run_all(self, restart=False):
        """Run all cells from the menu, in a new kernel if asked, and wait until each code cell has run.

        A saved notebook has its numbers already, so we watch each prompt go through [*].
        """
        self.page.evaluate("""() => {
            window.ran = new Set();
            const look = () => document.querySelectorAll('.jp-CodeCell').forEach(cell => {
                if (cell.querySelector('.jp-InputPrompt').textContent.includes('*')) window.ran.add(cell);
            });
            new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
        }""")
        self.menu(*("Kernel", "Restart Kernel and Run All Cells…") if restart else ("Run", "Run All Cells"))
        if restart:
            self.page.click(".jp-Dialog button.jp-mod-accept")
        self.page.wait_for_function("""() => {
            const cells = [...document.querySelectorAll('.jp-CodeCell')];
            const light = document.querySelector('.jp-Notebook-ExecutionIndicator').dataset.status;
            return cells.length && light === 'idle' && cells.every(cell => window.ran.has(cell)
                && /^\\[[0-9]+\\]:$/.test(cell.querySelector('.jp-InputPrompt').textContent.trim()));
        }""", timeout=240_000)
        return self

    def menu(self, *names):
        """Choose from the menu bar: `lab.menu("Run", "Run All Cells")`."""
        self.page.click(f".lm-MenuBar-item:has-text('{names[0]}')")
        for name in names[1:]:
            self.page.click(f".lm-Menu-item:has(.lm-Menu-itemLabel:text-is('{name}'))")

    # the explorer at hand: the first of the page, or the one at `lab.place`

    @property
    def box(self):
        return self.page.locator(".explorer").nth(self.place)

    def live(self):
        """Wait for the live explorer and bring it into view."""
        self.box.locator("svg.page").wait_for(timeout=30_000)
        self.box.scroll_into_view_if_needed()
        return self

    def shows(self, explorer):
        """Wait until picture (by its alternative text), sentence and numbers are those of this explorer."""
        shown = explorer.shown
        expected = [shown.alt, shown.sentence, *(text for pair in shown.numbers.items() for text in pair)]
        end, found = time.monotonic() + 10, []
        while found != expected and time.monotonic() < end:
            self.page.wait_for_timeout(50)
            found = self.box.evaluate("""box => [box.querySelector('svg.page').getAttribute('aria-label'),
                ...[...box.querySelectorAll('[role=status], td')].map(x => x.textContent.replaceAll('\\u00a0', ' '))]""")
        assert found == expected, f"the page speaks of another state than {explorer}"

    def says(self, words):
        self.box.filter(has_text=words).wait_for(timeout=10_000)

    def warns(self, words):
        self.box.locator("[role=alert]", has_text=words).wait_for(timeout=10_000)

    def field(self, label):
        """The text field or the list of this name, its unit left out or not."""
        return self.box.get_by_label(re.compile(rf"^{re.escape(label)}( \(.*)?$")).and_(
            self.page.locator("input[type=text], select")).first

    def move(self, label, *keys):
        row = self.field(label).locator("xpath=ancestor::*[contains(@class, 'widget-hbox')][1]")
        for key in keys:
            row.locator(".noUi-handle").press(key)

    def type(self, label, text, enter=True):
        self.field(label).click()
        for key in ("Control+a", *text, *["Enter"] * enter):
            self.page.keyboard.press(key)

    def choose(self, label, text):
        """Choose from the list of this name, or press the button with this text."""
        if self.field(label).count():
            self.field(label).select_option(label=text)
        else:
            group = self.box.locator(".widget-radio", has_text=label)
            group.get_by_role("radio", name=text, exact=True).click()

    def press(self, button):
        self.box.get_by_role("button", name=button, exact=True).click()

    def tick(self, text):
        self.box.get_by_role("checkbox", name=text, exact=True).press("Space")

    def more(self):
        """Open or close what stands behind "more", if anything does."""
        for fold in self.box.get_by_role("checkbox", name="more", exact=True).all():
            fold.press("Space")

    def troubles(self):
        """What a reader would call broken: error outputs, lost widgets, errors on the console."""
        errors = ".jp-OutputArea-output[data-mime-type*='error'], .jp-RenderedText[data-mime-type*='stderr']"
        found = self.page.locator(errors).all_inner_texts()
        body = self.page.inner_text(".jp-Notebook")
        found += re.findall(r"(?i).*(?:model not found|error displaying widget|error creating widget).*", body)
        found += [text for kind, text in self.console if kind in ("error", "pageerror") and not HARMLESS.search(text)]
        return found


# What JupyterLab itself writes to the console in any notebook, explorers or not.
HARMLESS = re.compile(r"favicon|Failed to load resource.*404|WebSocket is already in CLOSING")


@pytest.fixture
def lab(browser, server):
    """An empty page of 1280 × 720 in front of the server: `lab.open(path)` opens a notebook."""
    with one_page(browser, server) as page:
        yield page


@contextmanager
def one_page(browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        yield Lab(context.new_page(), *server)
    finally:
        context.close()
        for session in json.load(_request(f"{server[0]}/api/sessions")):  # a kernel is 100 MB: none outlives its page
            _request(f"{server[0]}/api/sessions/{session['id']}", "DELETE")


def _request(address, method="GET"):
    return urllib.request.urlopen(urllib.request.Request(address, method=method, headers={"Authorization": f"token {TOKEN}"}))
