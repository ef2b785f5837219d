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
