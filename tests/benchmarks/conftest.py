"""What the benchmarks share: times kept for the table at the end, p50, p95 and how many times the first of their kind.

Nothing here asserts a duration: a slow machine is no broken course.
"""

import statistics
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from lab import browser, lab, server  # noqa: E402, F401

ROWS = []  # (what, design, milliseconds of each round)


@pytest.fixture
def timed(benchmark):
    """Run `move` many times under pytest-benchmark and keep each time for the table."""
    def run(what, design, move, rounds, warmup=5):
        benchmark.group = what
        benchmark.pedantic(move, rounds=rounds, warmup_rounds=warmup)
        ROWS.append((what, design, [1000 * seconds for seconds in benchmark.stats.stats.data]))
    return run


def pytest_terminal_summary(terminalreporter):
    if not ROWS:
        return
    write = terminalreporter.write_line
    terminalreporter.section("p50 and p95 in milliseconds, and how many times the first of its kind")
    write(f"{'what':<34}{'design':<34}{'p50':>9}{'p95':>9}{'× p50':>8}{'× p95':>8}")
    first = {}
    for what, design, times in ROWS:
        p50 = statistics.median(times)
        p95 = statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        base = first.setdefault(what, (p50, p95))
        write(f"{what:<34}{design:<34}{p50:>9.1f}{p95:>9.1f}{p50 / base[0]:>8.1f}{p95 / base[1]:>8.1f}")
