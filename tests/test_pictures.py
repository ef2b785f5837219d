"""The comparison of pictures tells a changed picture from one that another machine drew."""
import base64
import io

import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageFilter
from pictures import compare, picture_fault
from store import DRAWN_BY


def picture(factor=1, number="5,120,000", title="Twice as long, four times the cost", size=(7, 4)):
    figure = Figure(figsize=size, dpi=100)
    axes = figure.subplots()
    lengths = [10, 100, 1_000, 10_000, 100_000]
    axes.loglog(lengths, [factor * n**2 for n in lengths], linewidth=2.5)
    axes.text(1_000, 1e3, number, color="black")
    axes.set_title(title)
    axes.set_ylim(1, 1e12)      # fixed, or the axis would follow the curve and hide its change
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def softened(png, by):
    """The picture with softer edges, as another way of smoothing them gives."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").filter(ImageFilter.GaussianBlur(by)).save(
        buffer, format="png")
    return buffer.getvalue()


@pytest.mark.parametrize(("same_series", "softer"), [(True, 0.2), (False, 0.4)])
def test_the_same_picture_passes(same_series, softer):
    assert compare(picture(), picture(), same_series)[0] == ""
    assert compare(picture(), softened(picture(), softer), same_series)[0] == ""


@pytest.mark.parametrize("changed", [
    dict(factor=1.2), dict(number="5,129,000"), dict(title="Twice as long, for times the cost"),
    dict(size=(7, 4.1))])
def test_a_change_is_seen_within_a_series(changed):
    assert compare(picture(), picture(**changed), True)[0]


@pytest.mark.parametrize("changed", [dict(factor=2), dict(size=(7, 4.1))])
def test_a_changed_curve_is_seen_between_series(changed):
    assert compare(picture(), picture(**changed), False)[0]


def output(png, alt="a line that rises with slope two", drawn_by=None):
    about = {"alt": alt, "drawn_by": drawn_by or DRAWN_BY}
    return {"output_type": "display_data", "metadata": {"image/png": about},
            "data": {"image/png": base64.b64encode(png).decode()}}


def test_the_fault_names_both_pictures_and_saves_them(tmp_path):
    assert picture_fault([output(picture())], [output(picture())], "x", tmp_path) == ""
    assert "1 pictures" in picture_fault([output(picture())], [], "x", tmp_path)
    assert "alternative text" in picture_fault(
        [output(picture())], [output(picture(), alt="another")], "x", tmp_path)
    fault = picture_fault([output(picture())], [output(picture(factor=2))], "x", tmp_path)
    assert "not the one that the code draws" in fault
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "x-difference.png", "x-fresh.png", "x-stored.png"]


def test_letters_may_move_when_another_series_drew_them(tmp_path):
    old = output(picture(number="5,129,000"), drawn_by="Matplotlib 3.0")
    assert picture_fault([old], [output(picture())], "x", tmp_path) == ""
