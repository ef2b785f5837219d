"""Where an explorer's picture is drawn fast: over a cached background, into one PNG.

A new figure for each move costs 50 ms and more. Here the axes, the grid and the labels are drawn
once and kept; a move restores them, draws only what moved, and encodes the pixels.
"""

import struct
import zlib
from collections import OrderedDict

import numpy as np

KEPT = 8  # backgrounds: about 2 MB each


def encode_png(pixels):
    """An array (height, width, 3 or 4) of bytes as PNG, the fourth channel dropped.

    Pillow tries five filters a row; a plot's flat areas compress as well without any, in a
    quarter of the time.
    """
    height, width = pixels.shape[:2]
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    rows[:, 0] = 0  # filter: none
    rows[:, 1:] = pixels[:, :, :3].reshape(height, 3 * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def moving(artists):
    """The artists in a dict or list, nested or not, as one flat list."""
    if isinstance(artists, dict):
        artists = artists.values()
    if isinstance(artists, (list, tuple)) or not hasattr(artists, "draw"):
        return [artist for part in artists for artist in moving(part)]
    return [artists]


class Stage:
    """The backgrounds of one explorer, newest kept, and the picture of a state over its background."""

    def __init__(self, explorer):
        self._explorer = explorer
        self._scenes = OrderedDict()

    def pixels(self, state):
        """The picture of `state`: an array (height, width, 4) of bytes, overwritten by the next call."""
        canvas, background, artists, flat = self._scene(state)
        self._explorer.update(artists, state)
        canvas.restore_region(background)
        renderer = canvas.get_renderer()
        for artist in flat:
            artist.draw(renderer)
        return np.asarray(canvas.buffer_rgba())

    def png(self, state):
        """The picture of `state` as PNG bytes."""
        return encode_png(self.pixels(state))

    def _scene(self, state):
        key = self._explorer.frame(state)
        if key not in self._scenes:
            figure, artists = self._explorer.compose(state)
            flat = moving(artists)
            for artist in flat:
                artist.set_animated(True)
            figure.canvas.draw()
            background = figure.canvas.copy_from_bbox(figure.bbox)
            self._scenes[key] = figure.canvas, background, artists, flat
            while len(self._scenes) > KEPT:
                self._scenes.popitem(last=False)
        self._scenes.move_to_end(key)
        return self._scenes[key]
