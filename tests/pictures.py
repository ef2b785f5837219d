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
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from store import DRAWN_BY

STRICT, LOOSE = 8, 40
DIFFERENCES = Path("picture-differences")      # where pytest was started; git ignores it


def compare(stored, fresh, same_series):
    """"" when two PNGs (bytes) show the same; else a sentence; with it the map of differences."""
    stored, fresh = pixels(stored), pixels(fresh)
    if stored.shape != fresh.shape:
        return f"it was {stored.shape[1]} × {stored.shape[0]} pixels and is {fresh.shape[1]} × {fresh.shape[0]}", None
    reach, limit = (1, STRICT) if same_series else (3, LOOSE)
    if not same_series:
        stored, fresh = (np.ptp(picture, axis=2, keepdims=True) for picture in (stored, fresh))
    excess = np.maximum(outside(stored, fresh, reach), outside(fresh, stored, reach))
    worst = sliding_window_view(np.pad(excess, 2, mode="edge"), (5, 5)).mean(axis=(2, 3))
    row, column = np.unravel_index(worst.argmax(), worst.shape)
    return "" if worst.max() <= limit else (
        f"it differs by {worst.max():.0f} of 255 (limit {limit}) at {column} pixels from the left, {row} from the top"), excess


def pixels(png):
    """The picture on white, as integers (height, width, 3), at the size at which it is shown."""
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    if image.width > 1_000:     # a sharp one has twice the pixels
        image = image.reduce(2)
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB")).astype(np.int16)


def outside(one, other, reach):
    """How far each pixel of `other` lies outside all that `one` has within `reach` pixels."""
    padded = np.pad(one, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    low, high = one, one
    for row, column in np.ndindex(2 * reach + 1, 2 * reach + 1):
        moved = padded[row:row + one.shape[0], column:column + one.shape[1]]
        low, high = np.minimum(low, moved), np.maximum(high, moved)
    return np.maximum(low - other, other - high).clip(0).max(axis=2)


def picture_fault(stored, fresh, name, folder=DIFFERENCES):
    """What is wrong with the pictures of a cell's outputs; "" when they show the same."""
    stored, fresh = (
        [(base64.b64decode(output["data"]["image/png"]), output.get("metadata", {}).get("image/png", {}))
         for output in outputs if "image/png" in output.get("data", {})] for outputs in (stored, fresh))
    if len(stored) != len(fresh):
        return f"the notebook holds {len(stored)} pictures, the code draws {len(fresh)}"
    for (old, about_old), (new, about_new) in zip(stored, fresh):
        if about_old.get("alt") != about_new.get("alt"):
            return f"the alternative text was {about_old.get('alt')!r} and is {about_new.get('alt')!r}"
        drawn_by = about_old.get("drawn_by", DRAWN_BY)
        fault, excess = ("", None) if old == new else compare(old, new, drawn_by == DRAWN_BY)
        if fault:       # both, and where they differ in black, for a person to look at
            folder.mkdir(exist_ok=True)
            (folder / f"{name}-stored.png").write_bytes(old)
            (folder / f"{name}-fresh.png").write_bytes(new)
            if excess is not None:
                Image.fromarray((255 - excess).astype("uint8")).save(folder / f"{name}-difference.png")
            return (f"the saved picture ({drawn_by}) is not the one that the code draws ({DRAWN_BY}): {fault}. "
                    f"Both lie in {os.path.relpath(folder)}")
    return ""
