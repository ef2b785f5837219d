"""The maps of 6·N·D's error: what they shade is what they are given."""

import numpy as np
import pytest

from helpers.figures import error_maps
from helpers.figures.training import LEVELS, PER_LAYER


def maps(lengths=None, vocabularies=None):
    return error_maps(lambda n, d: n / (6 * d), lambda V, L, d: V / (12 * L * d), lengths or {}, vocabularies or {})


def test_the_maps_hold_the_shares_they_are_given():
    left, right = maps().axes
    for axes, share in ((left, lambda x, d: x / (6 * d)), (right, lambda x, d: x / (12 * d / PER_LAYER * d))):
        (x, _), (y, _) = axes.get_xlim(), axes.get_ylim()
        values = axes.collections[0].get_array().reshape(121, 121)
        assert values[0, 0] == pytest.approx(share(x, y))
        assert values[-1, -1] == pytest.approx(share(axes.get_xlim()[1], axes.get_ylim()[1]))
        assert values.min() < LEVELS[1] and values.max() > LEVELS[-2], "each map reaches from the first shade to the last"


def test_a_model_stands_where_its_sizes_say_and_names_do_not_collide():
    names = {"PaLM 540B": (2_048, 18_432), "GPT-3 175B": (2_048, 12_288), "GPT-2": (1_024, 768)}
    figure = maps(names, names)
    figure.canvas.draw()
    for axes in figure.axes:
        assert [tuple(map(float, np.ravel(line.get_data()))) for line in axes.lines] == list(names.values())
        boxes = [text.get_window_extent() for text in axes.texts]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1:])


@pytest.mark.parametrize("which", ["lengths", "vocabularies"])
def test_too_many_models_are_refused(which):
    with pytest.raises(ValueError, match=f"{which} has 7 entries; mark at most six"):
        maps(**{which: {str(i): (1_000, 1_000) for i in range(7)}})
