"""What the notebooks need when pytest runs them, all or one: `pytest notebooks/05_….ipynb`.

nbval runs each notebook, cell by cell, and compares saved text with fresh text. Two things are
added: its kernels show explorers as pictures, as the saved notebooks do; and pictures are compared.
"""
import os
from pathlib import Path

import nbval.plugin
import pytest
from pictures import picture_fault
from store import environment

SETUP, COMPARE = nbval.plugin.IPyNbFile.setup, nbval.plugin.IPyNbCell.compare_outputs


def setup(self):
    """nbval's start of a kernel, in the environment in which notebooks are stored."""
    with environment():
        SETUP(self)


def compare_outputs(self, test, ref, skip_compare=None):
    """nbval's comparison, and then the pictures."""
    if not COMPARE(self, test, ref, skip_compare):
        return False
    path, cell = self.parent.path, self.cell.get("id")
    if fault := picture_fault(ref, test, f"{path.stem}-{cell}"):
        self.comparison_traceback.append(
            f"{os.path.relpath(path, Path(__file__).parents[1])}, cell {cell}: {fault}\n"
            f"If the new one is right, store it: make notebooks N={path.stem.partition('_')[0]}")
    return not fault


def pytest_configure(config):
    patch = pytest.MonkeyPatch()
    patch.setattr(nbval.plugin.IPyNbFile, "setup", setup)
    patch.setattr(nbval.plugin.IPyNbCell, "compare_outputs", compare_outputs)
    config.add_cleanup(patch.undo)
