"""The package stays small: its lines, files, public names and longest line may fall, and never rise."""
import ast
import subprocess
import sys

import pytest
from documents import ROOT

MODULES = sorted((ROOT / "helpers").rglob("*.py"))
LINES, FILES, NAMES, LONGEST = 7_998, 53, 307, 100    # lower them with the package


def test_the_package_keeps_to_its_budget():
    texts = [path.read_text(encoding="utf-8") for path in MODULES]
    lines = [line for text in texts for line in text.splitlines()]
    names = [node.name for text in texts for node in ast.parse(text).body
             if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")]
    assert (len(lines) <= LINES, len(MODULES) <= FILES, len(names) <= NAMES, max(map(len, lines)) <= LONGEST) == (
        True, True, True, True), f"{len(lines)} lines, {len(MODULES)} files, {len(names)} names, {max(map(len, lines))} wide"


def test_ruff_finds_no_unused_name_and_no_long_line():
    pytest.importorskip("ruff")
    run = subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise",
                          "helpers", "tests", "tools", "notebooks/conftest.py"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
