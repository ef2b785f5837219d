"""What the notebooks need when pytest runs them.

nbval runs every notebook, cell by cell, and compares saved text with fresh text. Two things
are added here: its kernels show explorers as pictures (HELPERS_PICTURES), as the saved
notebooks do; and pictures are compared too, in the same run, since nbval leaves them out.
"""
import os
from pathlib import Path

import hypothesis
import nbval.plugin
import pytest
from pictures import picture_fault

from helpers.storing import ENVIRONMENT

ROOT = Path(__file__).parents[1]
hypothesis.settings.register_profile("course", deadline=None)     # no timed assertions
hypothesis.settings.load_profile("course")


def pytest_configure(config):
    with_pictures = pytest.MonkeyPatch()
    with_pictures.setattr(nbval.plugin.IPyNbFile, "setup", _setup(nbval.plugin.IPyNbFile.setup))
    with_pictures.setattr(nbval.plugin.IPyNbCell, "compare_outputs",
                          _compare_outputs(nbval.plugin.IPyNbCell.compare_outputs))
    config.add_cleanup(with_pictures.undo)


def _setup(setup):
    """nbval's start of a kernel, in the environment in which notebooks are stored."""
    def in_storing_environment(self):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in ENVIRONMENT.items():
                patch.setenv(name, value)
            setup(self)
    return in_storing_environment


def _compare_outputs(compare_outputs):
    """nbval's comparison, and then the pictures."""
    def compare_pictures_too(self, test, ref, skip_compare=None):
        if not compare_outputs(self, test, ref, skip_compare):
            return False
        fault = picture_fault(ref, test, f"{self.parent.path.stem}-{self.cell.get('id')}")
        if fault:
            self.comparison_traceback.append(
                f"{os.path.relpath(self.parent.path, ROOT)}, cell {self.cell.get('id')}: {fault}\n"
                "If the new one is right, store it: "
                f"make notebooks N={self.parent.path.stem.partition('_')[0]}")
        return not fault
    return compare_pictures_too
