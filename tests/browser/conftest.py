"""The fixtures of lab.py, which the benchmarks use too."""

from lab import browser, lab, server  # noqa: F401
