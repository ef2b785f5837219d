"""`import helpers.…` of each module in a process of its own; the bare interpreter is the measure."""

import pkgutil
import subprocess
import sys

import helpers
import pytest

MODULES = ["helpers"] + [f"helpers.{module.name}" for module in pkgutil.iter_modules(helpers.__path__)]


@pytest.mark.parametrize("module", ["sys", *MODULES])
def test_one_import(module, timed):
    command = [sys.executable, "-c", f"import {module}"]
    name = "(the bare interpreter)" if module == "sys" else module
    timed("import in a fresh process", name, lambda: subprocess.run(command, check=True), rounds=5, warmup=1)
