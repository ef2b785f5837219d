"""The pictures of lesson 03's steps: to scale, with what one number of the result costs."""
import pytest
from matplotlib.patches import Rectangle

from helpers.figures import matrix_step

X, W_Q, Q = ("x", "n × d"), ("w_q", "d × d"), ("q", "n × d")
K_T, SCORES, SCALED = ("k.T", "d × n"), ("scores", "n × n"), ("scaled", "n × n")


def sides(figure):
    """name: (height, width) in inches of each matrix drawn."""
    return {patch.get_label(): (patch.get_height(), patch.get_width()) for patch in figure.axes[0].patches
            if isinstance(patch, Rectangle) and patch.get_label()}


def test_sides_are_to_the_scale_of_the_example():
    drawn = sides(matrix_step(X, W_Q, Q)) | sides(matrix_step(Q, K_T, SCORES))
    assert {name: (round(512 * high), round(512 * wide)) for name, (high, wide) in drawn.items()} == {
        "x": (100, 512), "w_q": (512, 512), "q": (100, 512), "k.T": (512, 100), "scores": (100, 100)}


@pytest.mark.parametrize(("matrices", "each", "words"), [
    ((X, W_Q, Q), "", "n·d numbers,\neach d multiply-adds"),
    ((Q, K_T, SCORES), "", "n·n numbers,\neach d multiply-adds"),
    ((("weights", "n × n"), ("v", "n × d"), ("mixed", "n × d")), "", "n·d numbers,\neach n multiply-adds"),
    ((SCORES, SCALED), "1 division", "n·n numbers,\neach 1 division"),
])
def test_it_says_what_one_number_costs(matrices, each, words):
    assert matrix_step(*matrices, each=each).axes[0].texts[-1].get_text() == words


@pytest.mark.parametrize("matrices", [(X, W_Q, Q), (Q, K_T, SCORES), (SCORES, SCALED)])
def test_nothing_is_drawn_outside_or_over_the_words(matrices):
    figure = matrix_step(*matrices, each="1 division")
    axes = figure.axes[0]
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in axes.texts if text.get_text()]
    for box in boxes:
        assert 0 <= box.x0 and box.x1 <= 700 and 0 <= box.y0 and box.y1 <= figure.bbox.height
    assert all(box.x1 < boxes[-1].x0 for box in boxes[:-1])


@pytest.mark.parametrize(("matrices", "message"), [
    ((X,), "1 given"), ((X, W_Q, Q, Q), "4 given"), ((X, Q, W_Q), "does not give"), ((X, W_Q, SCORES), "does not give"),
    ((X, SCORES), "elementwise"), ((("x", "n × m"), W_Q, Q), "x: size 'n × m' is unknown"),
])
def test_what_does_not_fit_is_named(matrices, message):
    with pytest.raises(ValueError, match=message):
        matrix_step(*matrices)
