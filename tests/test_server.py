"""What `make lab` asks of JupyterLab's server."""

from types import SimpleNamespace

from documents import ROOT
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from helpers.server import PromptConnection


def test_the_connection_sends_at_once_and_is_otherwise_jupyters(monkeypatch):
    done = []
    handler = SimpleNamespace(set_nodelay=done.append)
    monkeypatch.setattr(PromptConnection, "websocket_handler", handler)
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: done.append("connected") or "a future")
    assert PromptConnection.__new__(PromptConnection).connect() == "a future"
    assert done == [True, "connected"]


def test_make_lab_and_the_browser_tests_start_the_same_server():
    for path in ("Makefile", "tests/browser/lab.py"):
        text = (ROOT / path).read_text(encoding="utf-8")
        assert "--ServerApp.kernel_websocket_connection_class=helpers.server.PromptConnection" in text
