"""What the benchmarks share, and the table at the end: p50, p95 and how many times faster.

Nothing here asserts a duration: a slow machine is no broken course.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import pytest

from helpers import explorers

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from lab import browser, lab, server  # noqa: E402, F401

ROWS = []  # (what, design, milliseconds of each round)

# The same figure both ways, moved by its first slider. `interact` does what its manual shows: a function
# that draws and shows.
EXPLORER = """
from helpers.explorers import {name}
explorer = {name}()
explorer
"""
INTERACT = """
%matplotlib inline
from dataclasses import replace
from matplotlib import pyplot as plt
from ipywidgets import SelectionSlider, interact
from helpers.explorers.controls import Slider
from helpers.figures import house

drawing = {name}()
moved = next(control for control in drawing.controls if isinstance(control, Slider))
ours = next(widget for control, widget in explorer._live._controls if control is moved)
def draw(value):
    with house():
        figure = plt.figure()
        state = replace(drawing.state, **{{moved.name: value}})
        drawing.update(drawing.build(figure, state), state)
        plt.show()

slider = SelectionSlider(options=[(f"{{number:,}}", number) for number in moved.values],
                         value=min(moved.values, key=lambda number: abs(number - getattr(drawing.state, moved.name))))
interact(draw, value=slider);
"""
NAMES = [name for name in explorers.__all__ if name != "Explorer"]


@pytest.fixture
def timed(benchmark):
    """Run `move` many times under pytest-benchmark and keep each time for the table."""
    def run(what, design, move, rounds, warmup=5):
        benchmark.group = what
        benchmark.pedantic(move, rounds=rounds, warmup_rounds=warmup)
        ROWS.append((what, design, [1000 * seconds for seconds in benchmark.stats.stats.data]))
    return run


class Kernel:
    """A kernel as JupyterLab starts it, and messages as JupyterLab sends them."""

    def __init__(self):
        from jupyter_client.manager import start_new_kernel

        start = time.perf_counter()
        self.manager, self.client = start_new_kernel(kernel_name="python3")
        self.started = time.perf_counter() - start
        self.messages = 0

    def wait(self, message_id):
        """Read until the kernel is idle again after this message; return what it sent."""
        found = []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return found
            found.append(message)

    def run(self, code):
        return self.wait(self.client.execute(code, store_history=False))

    def value(self, expression):
        text = next(m for m in self.run(f"print(__import__('json').dumps({expression}))") if m["msg_type"] == "stream")
        return json.loads(text["content"]["text"])

    def move(self, model, index):
        """What the browser sends when a slider moves; return all that comes back."""
        content = {"comm_id": model, "data": {"method": "update", "state": {"index": index}, "buffer_paths": []}}
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)
        return self.wait(message["header"]["msg_id"])

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel(monkeypatch):
    monkeypatch.delenv("HELPERS_PICTURES", raising=False)
    one = Kernel()
    yield one
    one.close()


def pytest_terminal_summary(terminalreporter):
    if not ROWS:
        return
    write = terminalreporter.write_line
    terminalreporter.section("p50 and p95 in milliseconds, and how many times slower than the first of its kind")
    write(f"{'what':<34}{'design':<38}{'p50':>9}{'p95':>9}{'× p50':>8}{'× p95':>8}")
    first = {}
    for what, design, times in ROWS:
        p50 = statistics.median(times)
        p95 = statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        base = first.setdefault(what, (p50, p95))
        write(f"{what:<34}{design:<38}{p50:>9.1f}{p95:>9.1f}{p50 / base[0]:>8.1f}{p95 / base[1]:>8.1f}")
