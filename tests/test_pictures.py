"""The comparison of pictures tells a changed picture from one that another machine drew."""
import base64
import io
from functools import cache

import pytest
from PIL import Image, ImageFilter
from pictures import compare, picture_fault
from store import DRAWN_BY

from helpers.figures import new_figure

OTHER = "Matplotlib 3.0"


@cache
def picture(factor=1, number="5,120,000", title="Twice as long, four times the cost", size=(7, 4), softer=0):
    """A PNG; softer: with softer edges, as another way of smoothing them gives."""
    figure = new_figure(*size)
    axes = figure.subplots()
    lengths = [10, 100, 1_000, 10_000, 100_000]
    axes.loglog(lengths, [factor * n**2 for n in lengths])
    axes.text(1_000, 1e3, number, color="black")
    axes.set(title=title, ylim=(1, 1e12))      # fixed, or the axis would follow the curve and hide its change
    buffer, soft = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png")
    Image.open(buffer).convert("RGB").filter(ImageFilter.GaussianBlur(softer)).save(soft, format="png")
    return soft.getvalue()


@pytest.mark.parametrize("changed, same_series, seen", [
    ({}, True, False), (dict(softer=0.2), True, False), ({}, False, False), (dict(softer=0.4), False, False),
    (dict(factor=1.2), True, True), (dict(number="5,129,000"), True, True), (dict(size=(7, 4.1)), True, True),
    (dict(title="Twice as long, for times the cost"), True, True),
    (dict(factor=2), False, True), (dict(size=(7, 4.1)), False, True)])
def test_a_change_is_seen_and_another_renderer_is_not(changed, same_series, seen):
    assert bool(compare(picture(), picture(**changed), same_series)[0]) == seen


def output(alt="a line that rises with slope two", drawn_by=DRAWN_BY, **drawn):
    return {"output_type": "display_data", "metadata": {"image/png": {"alt": alt, "drawn_by": drawn_by}},
            "data": {"image/png": base64.b64encode(picture(**drawn)).decode()}}


@pytest.mark.parametrize("stored, fresh, fault", [
    ([output()], [output()], ""), ([output()], [], "1 pictures"), ([output()], [output(alt="another")], "alternative text"),
    ([output()], [output(factor=2)], "not the one that the code draws"),
    ([output(number="5,129,000", drawn_by=OTHER)], [output()], "")])      # letters may move between series
def test_the_fault_names_both_pictures_and_saves_them(tmp_path, stored, fresh, fault):
    said = picture_fault(stored, fresh, "x", tmp_path)
    assert fault in said and bool(said) == bool(fault)
    saved = ["x-difference.png", "x-fresh.png", "x-stored.png"] if "draws" in fault else []
    assert sorted(path.name for path in tmp_path.iterdir()) == saved
