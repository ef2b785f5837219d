"""Where an explorer's picture is drawn fast: over a cached background, into one PNG.

A new figure for each move costs 50 ms and more. Here the axes, the grid and the labels are drawn
once and kept; a move restores them, draws only what moved, and encodes the pixels.
"""

import struct
import zlib
from collections import OrderedDict
from math import floor

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Text

KEPT = 8          # backgrounds: about 2 MB each
KEPT_TEXTS = 400  # drawn texts for each background: about 5 KB each; a hand goes there and back


def encode_png(pixels):
    """An array (height, width, 4) of bytes, red to opacity, as PNG.

    Pillow tries five filters a row; a plot's flat areas compress as well without any, in a
    quarter of the time.
    """
    height, width, channels = pixels.shape
    rows = np.empty((height, 1 + channels * width), np.uint8)
    rows[:, 0] = 0  # filter: none
    rows[:, 1:] = pixels.reshape(height, channels * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
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


class Texts:
    """Texts drawn once and stamped where they are wanted: shaping and drawing letters costs most of a move."""

    def __init__(self):
        self._stamps = OrderedDict()

    def draw(self, text, canvas):
        """Draw a Text as `text.draw` would; one that is rotated or clipped is drawn that way."""
        if not text.get_visible() or not text.get_text():
            return
        if text.get_rotation() or getattr(text, "arrow_patch", None):
            text.draw(canvas.get_renderer())
            return
        x, y = text.get_transform().transform(text.get_unitless_position())
        left, low = floor(x), floor(y)
        key = (id(text), text.get_text(), text.get_color(), text.get_fontsize(), text.get_ha(), text.get_va(),
               round(x - left, 3), round(y - low, 3))
        if key not in self._stamps:
            self._stamps[key] = self._stamp(text, left, low, canvas)
            while len(self._stamps) > KEPT_TEXTS:
                self._stamps.popitem(last=False)
        self._stamps.move_to_end(key)
        (across, down), colour, cover = self._stamps[key]
        height, width = cover.shape[:2]
        top = int(canvas.get_renderer().height) - low + down
        spot = np.asarray(canvas.buffer_rgba())[max(0, top):top + height, max(0, left + across):left + across + width, :3]
        if spot.shape[:2] != (height, width):  # over the edge
            text.draw(canvas.get_renderer())
            return
        spot[:] = (spot * (255 - cover) + colour * cover + 127) // 255

    def _stamp(self, text, left, low, canvas):
        whole = canvas.get_renderer()
        sheet = RendererAgg(int(whole.width), int(whole.height), whole.dpi)
        text.draw(sheet)
        drawn = np.asarray(sheet.buffer_rgba())
        rows, columns = np.nonzero(drawn[:, :, 3].any(1))[0], np.nonzero(drawn[:, :, 3].any(0))[0]
        part = drawn[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1].astype(np.uint16)
        return (columns[0] - left, rows[0] - (int(whole.height) - low)), part[:, :, :3], part[:, :, 3:]


class Stage:
    """The backgrounds of one explorer, newest kept, and the picture of a state over its background."""

    def __init__(self, explorer):
        self._explorer = explorer
        self._scenes = OrderedDict()

    def pixels(self, state):
        """The picture of `state`: an array (height, width, 4) of bytes, overwritten by the next call."""
        canvas, background, artists, flat, texts = self._scene(state)
        self._explorer.update(artists, state)
        canvas.restore_region(background)
        renderer = canvas.get_renderer()
        for artist in flat:
            if isinstance(artist, Text):
                texts.draw(artist, canvas)
            else:
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
            self._scenes[key] = figure.canvas, background, artists, flat, Texts()
            while len(self._scenes) > KEPT:
                self._scenes.popitem(last=False)
        self._scenes.move_to_end(key)
        return self._scenes[key]
