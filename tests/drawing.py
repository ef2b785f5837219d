"""What the tests of the explorers share: a move over a kept background is a new figure, pixel for pixel."""

import numpy as np

from helpers.explorers.stage import Stage


def drawn_afresh(explorer, states):
    """Move through the states on one stage; each new figure, after the move was found equal to it."""
    stage = Stage(explorer)
    for state in states:
        moved = stage.pixels(state).astype(int)
        fresh = explorer.compose(state)[0]
        fresh.canvas.draw()
        assert np.abs(moved - np.asarray(fresh.canvas.buffer_rgba()).astype(int)).max() <= 2, state
        yield fresh


def assert_not_cut(figure, *further):
    """Every visible text in a drawn figure, and the further ones given, lies inside the figure."""
    width, height = figure.canvas.get_width_height()
    for text in [*figure.texts, *(text for axes in figure.axes for text in axes.texts), *further]:
        if text.get_visible() and text.get_text():
            box = text.get_window_extent()
            assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height, text.get_text()
