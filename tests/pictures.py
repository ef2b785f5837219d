"""Is the fresh picture the stored one? Tells another renderer from another curve.

Within one series of Matplotlib (3.11.x) the house style gives the same bytes on every Python
that was tried, so the comparison there is strict: a changed digit in a label is seen. Between
series (3.10 and 3.11) letters and ticks move by several pixels and the curves stay; then only
the coloured pixels count, and they may move by three.

Measured, as the largest mean excess over 5 × 5 pixels (0 to 255):
    strict  other patch version or Python 0.0 · a digit of ten changed 29 · a curve times 1.05: 17
    loose   3.9 or 3.10 against 3.11 at most 29, in lessons 00, 02, 03 and 12 at most 13 ·
            a curve doubled 138 · a bar 3 % higher 57
"""
import base64
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from store import DRAWN_BY

STRICT, LOOSE = 8, 40
DIFFERENCES = Path("picture-differences")      # where pytest was started; git ignores it


def compare(stored, fresh, same_series):
    """"" when two PNGs (bytes) show the same; else a sentence; with it the map of differences."""
    stored, fresh = _pixels(stored), _pixels(fresh)
    if stored.shape != fresh.shape:
        height, width, _ = stored.shape
        new_height, new_width, _ = fresh.shape
        return f"the size was {width} × {height} pixels and is {new_width} × {new_height}", None
    if same_series:
        reach, limit = 1, STRICT
    else:
        stored, fresh = (picture.max(2, keepdims=True) - picture.min(2, keepdims=True)
                         for picture in (stored, fresh))
        reach, limit = 3, LOOSE
    excess = np.maximum(_excess(stored, fresh, reach), _excess(fresh, stored, reach))
    worst = _box_mean(excess, 5)
    if worst.max() <= limit:
        return "", excess
    row, column = np.unravel_index(worst.argmax(), worst.shape)
    return (f"it differs by {worst.max():.0f} of 255 (limit {limit}) at {column} pixels from "
            f"the left, {row} from the top"), excess


def _pixels(png):
    """The picture on white, as integers (height, width, 3), at the size at which it is shown."""
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    if image.width > 1_000:     # a sharp one has twice the pixels
        image = image.reduce(2)
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB")).astype(int)


def _excess(one, other, reach):
    """How far each pixel of `other` lies outside all that `one` has within `reach` pixels."""
    padded = np.pad(one, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    low, high = one, one
    for row in range(2 * reach + 1):
        for column in range(2 * reach + 1):
            moved = padded[row:row + one.shape[0], column:column + one.shape[1]]
            low, high = np.minimum(low, moved), np.maximum(high, moved)
    return np.maximum(low - other, other - high).clip(0).max(axis=2)


def _box_mean(values, size):
    """Mean over size × size neighbours."""
    half = size // 2
    sums = np.pad(values, half, mode="edge").cumsum(0).cumsum(1)
    sums = np.pad(sums, ((1, 0), (1, 0)))
    return (sums[size:, size:] - sums[:-size, size:]
            - sums[size:, :-size] + sums[:-size, :-size]) / size**2


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
        drawn_by = about_old.get("drawn_by", DRAWN_BY)
        fault, excess = compare(old, new, drawn_by == DRAWN_BY)
        if fault:
            folder = folder or DIFFERENCES
            _save(folder, name, old, new, excess)
            return (f"the saved picture ({drawn_by}) is not the one that the code draws "
                    f"({DRAWN_BY}): {fault}. Both lie in {os.path.relpath(folder)}")
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
        Image.fromarray((255 - excess).astype("uint8")).save(folder / f"{name}-difference.png")
