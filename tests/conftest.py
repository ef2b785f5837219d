"""What the notebooks need when pytest runs them.

nbval runs every notebook, cell by cell, and compares saved text with fresh text. Two things
are added here: its kernels show explorers as pictures (HELPERS_PICTURES), as the saved
notebooks do; and pictures are compared too, in the same run, since nbval leaves them out.
"""
import base64
import os
from pathlib import Path

import hypothesis
import nbval.plugin
import pytest
from pictures import compare

from helpers.storing import ENVIRONMENT, matplotlib_series

ROOT = Path(__file__).parents[1]
hypothesis.settings.register_profile("course", deadline=None)     # no timed assertions
hypothesis.settings.load_profile("course")
DIFFERENCES = Path("picture-differences")      # where pytest was started; git ignores it


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


def picture_fault(stored, fresh, name, folder=None):
    """What is wrong with the pictures of a cell's outputs; "" when they show the same."""
    stored, fresh = _pictures(stored), _pictures(fresh)
    if len(stored) != len(fresh):
        return f"the notebook holds {len(stored)} pictures, the code draws {len(fresh)}"
    for (old, about_old), (new, about_new) in zip(stored, fresh):
        if about_old.get("alt") != about_new.get("alt"):
            return (f"the alternative text was {about_old.get('alt')!r} "
                    f"and is {about_new.get('alt')!r}")
        if old == new:
            continue
        drawn_by = about_old.get("drawn_by", matplotlib_series())
        fault, excess = compare(old, new, drawn_by == matplotlib_series())
        if fault:
            folder = folder or DIFFERENCES
            _save(folder, name, old, new, excess)
            return (f"the saved picture ({drawn_by}) is not the one that the code draws "
                    f"({matplotlib_series()}): {fault}. Both lie in {os.path.relpath(folder)}")
    return ""


def _pictures(outputs):
    """(PNG bytes, metadata) of each picture among the outputs."""
    return [(base64.b64decode(output["data"]["image/png"]),
             output.get("metadata", {}).get("image/png", {}))
            for output in outputs if "image/png" in output.get("data", {})]


def _save(folder, name, stored, fresh, excess):
    """Write the two pictures, and where they differ in black, for a person to look at."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}-stored.png").write_bytes(stored)
    (folder / f"{name}-fresh.png").write_bytes(fresh)
    if excess is not None:
        from PIL import Image
        Image.fromarray((255 - excess).astype("uint8")).save(folder / f"{name}-difference.png")
