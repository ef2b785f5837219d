"""The drawing of lesson 02: its colours must say what the trace says."""

import doctest
import re

import pytest

from helpers.figures import product_sizes, products
from helpers.notation import d, n
from helpers.tracing import trace

SIZES = {"n": n, "d": d, None: 1}


@pytest.mark.parametrize("name", products.PRODUCTS)
def test_factors_multiply_to_the_traced_count(name):
    sides = products.PRODUCTS[name]
    rows, summed, columns = (SIZES[side and side[0]] for side in sides)
    count = 1
    for factor in products.count_text(sides).split("·"):
        count *= SIZES.get(factor, int(factor) if factor.isdigit() else None)
    assert trace(lambda a, b: a @ b, a=(rows, summed), b=(summed, columns)).flops == count


def test_every_side_is_named_inside_the_figure():
    figure = product_sizes()
    figure.canvas.draw()
    frame, words = figure.bbox, []
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1, f"{text.get_text()!r} leaves the figure"
        words.append(text.get_text())
    for letter, meaning in (("d", "traits"), ("d", "columns"), ("n", "keys"), ("n", "queries"), ("n", "tokens")):
        assert any(re.fullmatch(rf"{letter}\s{meaning}", word) for word in words)


def test_examples():
    assert doctest.testmod(products).failed == 0
