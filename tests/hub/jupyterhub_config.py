"""The hub that thirty.py starts: the lines that notebooks/hub.md prints, and what only a trial has."""
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from jupyterhub.spawner import SimpleLocalProcessSpawner

ROOT, PORT = Path(__file__).resolve().parents[2], int(os.environ["HUB_PORT"])
c = get_config()  # noqa: F821
c.JupyterHub.spawner_class = SimpleLocalProcessSpawner      # in place of TLJH's, which asks systemd
sys.modules["tljh.user_creating_spawner"] = SimpleNamespace(UserCreatingSpawner=SimpleLocalProcessSpawner)
if "HUB_DEFAULTS" not in os.environ:
    printed = (ROOT / "notebooks" / "hub.md").read_text(encoding="utf-8")
    exec(re.search(r"^```python\n(.*?)^```", printed, re.M | re.S)[1].replace("/srv/course", str(ROOT)))
c.SimpleLocalProcessSpawner.home_dir_template = "homes/{username}"
c.Spawner.args = ["--allow-root"] * (os.geteuid() == 0)
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.allow_all = True
c.JupyterHub.bind_url, c.JupyterHub.hub_port = f"http://127.0.0.1:{PORT}", PORT + 1
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
