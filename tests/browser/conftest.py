"""The fixtures of lab.py, which the benchmarks use too."""

from lab import browser, lab, server, zoomed  # noqa: F401
