"""The explorers without a browser: state in, picture and sentence out, and what answers bad input."""

import base64
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass, replace

import numpy as np
import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings, strategies as st
from matplotlib.text import Text
from PIL import Image

from helpers import explorers
from helpers.explorers import GrowthExplorer
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, MultiChoice, Number, Slider
from helpers.explorers.fields import exact, number_text
from helpers.explorers.growth import CURVES, LENGTHS, WIDTHS, GrowthState, on_the_floor
from helpers.explorers.live import OWN
from helpers.explorers.stage import KEPT, Stage, encode_png
from helpers.figures import png

EXPLORERS = [getattr(explorers, name) for name in explorers.__all__ if name != "Explorer"]
PRESETS = GrowthExplorer.presets


def counts(explorer):
    """The exact numbers that an explorer shows, by the first words of their label."""
    return {label.split(",")[0]: int(text.replace(",", "")) for label, text in explorer.numbers().items() if text.replace(",", "").isdigit()}


states = st.builds(
    GrowthState, n=st.integers(10, 10**7), d=st.integers(16, 16_384), axes=st.sampled_from(["log", "linear"]),
    curves=st.lists(st.sampled_from(list(CURVES)), min_size=1, max_size=5, unique=True).map(
        lambda chosen: tuple(key for key in CURVES if key in chosen)),
)


DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)  # pictures are slow: no time is spent on the smallest failure


# the numbers

def test_the_example():
    explorer = GrowthExplorer(n=100, d=512, curves=("dance", "products", "projections", "layer", "feed_forward"))
    assert counts(explorer) == {
        "the dance": 5_120_000, "two products": 20_480_000, "projections": 209_715_200,
        "attention layer": 230_195_200, "feed-forward": 419_430_400, "n = 2d (tokens)": 1_024,
    }
    assert explorer.numbers()["share of n² in the attention layer"] == "8.9 %"
    sentence = explorer.sentence()
    for words in ("n = 100 tokens", "20,480,000", "230,195,200", "8.9 %", "below 2d = 1,024", "10.2 times", "2.18 times"):
        assert words in sentence, words


def test_picture_sentence_and_numbers_speak_of_the_chosen_curves_alone():
    """Lesson 01 shows two curves before lesson 03 asks for the layer's share: nothing may give it away."""
    explorer = GrowthExplorer(n=100, d=512, curves=("walk", "dance"))
    assert counts(explorer) == {"walk past the door": 100, "the dance": 5_120_000}
    assert "5,120,000 meetings, 51,200 for each look" in explorer.sentence()
    shown = " ".join(text.get_text() for text in explorer.figure().findobj(match=Text) if text.get_visible())
    for told in (explorer.sentence(), " ".join(explorer.numbers()), shown):
        assert not re.search("8.9 %|2d|2.18|layer|projections", told)
    without_layer = GrowthExplorer(n=100, d=512, curves=("walk", "dance", "products", "projections"))
    assert "8.9 %" not in without_layer.text() and "10.2 times" in without_layer.sentence()


@pytest.mark.parametrize("state, words", [
    (dict(curves=("walk", "dance")), "the gap grows"), (dict(curves=("walk", "projections")), "straight line"),
    (dict(curves=("dance", "projections")), "overtakes"), (dict(axes="linear", curves=("walk", "dance")), "hides"),
    (dict(n=1_024, axes="linear"), "of like size"),
])
def test_the_title_states_what_this_picture_shows(state, words):
    explorer = GrowthExplorer(**({"n": 100, "d": 512} | state))
    assert any(words in text.get_text() for text in explorer.figure().texts)


@pytest.mark.parametrize("d", WIDTHS)
def test_at_the_crossing_no_cost_of_the_layer_lies_on_the_floor(d):
    state = GrowthState(n=max(2 * d, 10), d=d, axes="linear", curves=("products", "projections", "layer"))
    assert not on_the_floor(state)


def test_the_counts_are_what_the_traced_layers_cost():
    layers, tracing = pytest.importorskip("helpers.layers"), pytest.importorskip("helpers.tracing")
    for n, d in ((100, 512), (7, 3), (10**7, 16_384)):
        weights = dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d))
        attention = tracing.trace(layers.self_attention, x=(n, d), **weights).matmul_flops
        forward = tracing.trace(layers.feed_forward, x=(n, d), w_in=(d, 4 * d), w_out=(4 * d, d)).matmul_flops
        assert CURVES["layer"][2](n, d) == attention and CURVES["feed_forward"][2](n, d) == forward
        assert CURVES["products"][2](n, d) + CURVES["projections"][2](n, d) == attention


@given(st.integers(10, 10**7), st.integers(16, 16_384))
def test_counts_are_exact_at_any_size(n, d):
    found = counts(GrowthExplorer(n=n, d=d))
    assert found["the dance"] * 4 == found["two products"] == 4 * n**2 * d
    assert found["attention layer"] == found["two products"] + found["projections"]


@pytest.mark.parametrize("n, d, words", [
    (1_023, 512, "below 2d = 1,024"), (1_024, 512, "exactly at 2d = 1,024"), (1_025, 512, "above 2d = 1,024"),
    (10**7, 16, "over 99.9 %"), (10, 16_384, "0.031 %"), (1_024, 512, "50.0 %"),
])
def test_the_sentence_says_on_which_side_of_2d_we_are(n, d, words):
    assert words in GrowthExplorer(n=n, d=d).sentence()


def test_linear_axes_say_what_they_hide():
    explorer = GrowthExplorer(n=100_000, d=512, axes="linear", curves=("walk", "projections", "products"))
    tallest = max(CURVES[key][2](100_000, 512) for key in explorer.state.curves)
    assert sum(CURVES[key][2](100_000, 512) < tallest / 50 for key in explorer.state.curves) == 2
    assert "2 of the 3 curves are" in explorer.sentence()
    explorer.change(n=1_000)
    assert "1 of the 3 curves is" in explorer.sentence()


# the picture

def test_the_picture_draws_the_curves():
    explorer = GrowthExplorer(n=100, d=512, curves=("dance", "layer"))
    axes, = explorer.figure().axes
    lines = {line.get_label(): line for line in axes.lines if line.get_label() in CURVES}
    assert list(lines) == ["dance", "layer"]
    for key, line in lines.items():
        for x, y in zip(*line.get_data()):
            assert y == pytest.approx(CURVES[key][2](x, 512))
    points = {tuple(line.get_data()[1]) for line in axes.lines if line.get_linestyle() == "None"}
    assert points == {(5_120_000.0,), (230_195_200.0,)}
    words = [text.get_text().strip() for text in axes.texts]
    assert "n = 100" in words and "n = 2d" in words and "the dance, n²·d" in words


@pytest.mark.parametrize("cls", EXPLORERS)
def test_the_picture_depends_on_the_state_alone(cls):
    first = png(cls().figure())
    other = cls()
    for name in cls.presets:
        other.load(name)
        other.figure()
    other.reset()
    assert png(other.figure()) == first == png(cls().figure())


WALKS = {
    "n on one background": [GrowthState(n=n) for n in (10, 16, 100, 1_000, 1_024, 10**7, 100)],
    "d, the names on the right move": [GrowthState(d=d, curves=("products", "layer")) for d in (16, 512, 4_096, 16_384, 512)],
    "linear, limits that jump": [GrowthState(n=n, d=d, axes="linear") for n, d in ((100, 512), (90, 512), (101, 512), (100, 128), (100, 512))],
}


@pytest.mark.parametrize("walk", WALKS)
def test_moves_one_after_another_draw_what_new_figures_would(walk):
    check_moves(WALKS[walk])


@settings(max_examples=10, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_any_move_draws_what_a_new_figure_would(chosen):
    check_moves(chosen)


def check_moves(chosen, explorer=GrowthExplorer()):
    """Over the cached background as from nothing: to the pixel."""
    assert len(list(drawn_afresh(explorer, chosen))) == len(chosen)


@settings(max_examples=30, deadline=None, phases=DRAWN)
@given(states)
def test_no_text_is_cut_and_no_curve_leaves_the_axes(state):
    figure = GrowthExplorer(**{name: getattr(state, name) for name in ("n", "d", "curves", "axes")}).figure()
    figure.canvas.draw()
    axes, = figure.axes
    right, top = axes.get_xlim()[1], axes.get_ylim()[1]
    assert_not_cut(figure, axes.xaxis.label, axes.yaxis.label)
    for line in axes.lines:
        if line.get_label() in CURVES:
            assert line.get_xdata()[-1] == pytest.approx(right) and max(line.get_ydata()) <= top * 1.000001
    names = [text.get_window_extent() for text in axes.texts if text.get_position()[0] > 1 and "n =" not in text.get_text()]
    assert all(a.y1 <= b.y0 + 3 or b.y1 <= a.y0 + 3 for i, a in enumerate(names) for b in names[i + 1:])


def test_our_png_holds_the_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (13, 7, 4), np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(encode_png(pixels)))) == pixels).all()


def test_backgrounds_are_kept_but_not_without_end():
    stage = Stage(GrowthExplorer())
    for power in range(1, 7):
        for d in (16, 512, 4_096):
            stage.pixels(GrowthState(n=10**power + 1, d=d, axes="linear"))
    assert len(stage._scenes) == KEPT


# bad input

BAD_WHOLE = [0, -1, 2.5, 100.0, "a", "100", True, False, float("nan"), None, [100], 10**7 + 1, 9, np.int64(3)]


@pytest.mark.parametrize("value", BAD_WHOLE)
def test_a_wrong_n_is_named(value):
    with pytest.raises(ValueError, match=r"n = .* is (out of range|not a whole number): sequence length n is a whole number from 10 to 10,000,000 tokens"):
        GrowthExplorer(n=value)
    explorer = GrowthExplorer()
    with pytest.raises(ValueError, match="n = "):
        explorer.state = replace(explorer.state, n=value)
    assert explorer.state == GrowthState()


@pytest.mark.parametrize("value", [0, 15, 16_385, 512.0, True, None])
def test_a_wrong_d_is_named(value):
    with pytest.raises(ValueError, match=r"d = .*from 16 to 16,384 elements"):
        GrowthExplorer(d=value)


def test_the_sliders_ends_are_allowed():
    for n, d in ((10, 16), (10**7, 16_384)):
        explorer = GrowthExplorer(n=n, d=d)
        explorer.widget()
        assert (explorer.state.n, explorer.state.d) == (n, d)


@pytest.mark.parametrize("values, words", [
    ({"axes": "logarithmic"}, "axes = 'logarithmic' is unknown: choose 'log', 'linear'"),
    ({"axes": None}, "axes = None"), ({"axes": ["log"]}, "axes"),
    ({"curves": "dance"}, "give a tuple"), ({"curves": ()}, "choose at least 1"), ({"curves": tuple(CURVES)}, "at most 5"),
    ({"curves": ("dnace",)}, "Did you mean 'dance'"), ({"curves": ("dance", "dance")}, "twice"), ({"curves": (3,)}, "holds 3"),
    ({"curves": None}, "give a tuple"), ({"m": 3}, "has no 'm'"),
    ({"preset": "GPT2"}, "Nearest: 'GPT-2 "), ({"preset": "zzz"}, "There are 'the example"), ({"preset": 3}, "by name"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        GrowthExplorer(**values)


def test_wrong_changes_leave_the_state_alone():
    explorer = GrowthExplorer()
    for act in (lambda: explorer.load("Llama"), lambda: explorer.change(k=3), lambda: setattr(explorer, "state", {"n": 100}),
                lambda: setattr(explorer, "state", None), lambda: explorer.change(n=11, d=0)):
        with pytest.raises(ValueError):
            act()
        assert explorer.state == GrowthState()
    with pytest.raises(FrozenInstanceError):
        explorer.state.n = 3


def test_curves_come_in_one_order_however_given():
    assert GrowthExplorer(curves=["layer", "walk"]).state == GrowthExplorer(curves=("walk", "layer")).state


# the live widgets

def parts(explorer):
    explorer.widget()
    return {control.name: widget if isinstance(control, MultiChoice) else control.observed(widget)[0]
            for control, widget in explorer._live._controls} | {
        "preset": explorer._live._preset, "image": explorer._live.image, "text": explorer._live.text, "message": explorer._live.message}


def widget_of(explorer, control):
    """The line of a control in the live explorer."""
    explorer.widget()
    return next(widget for one, widget in explorer._live._controls if one is control)


def nudge(explorer, control):
    """Move a control once, as a hand does."""
    widget, *_ = parts = control.observed(widget_of(explorer, control))
    if isinstance(control, Number):
        widget.value = number_text(exact(getattr(explorer.state, control.name)) * (0.5 if control.whole is False else 1) or 1)
    elif isinstance(control, MultiChoice):
        full = sum(tick.value for tick in parts) == control.most
        tick = next((tick for tick in parts if tick.value == full), widget)
        tick.value = not tick.value
    else:
        widget.index = (widget.index + 1) % len(widget.options)


def starts(cls):
    """Where a control may be tried: the start; then each preset and each single choice, for what acts only there."""
    yield {}
    yield from cls.presets.values()
    for control in cls.controls:
        if isinstance(control, MultiChoice):
            yield from ({control.name: (key,)} for key in control.options)


@pytest.mark.parametrize("cls, control", [(cls, control) for cls in EXPLORERS for control in cls.controls],
                         ids=lambda value: getattr(value, "name", getattr(value, "__name__", "")))
def test_each_control_moves_the_state_and_the_picture_or_the_text(cls, control):
    for start in starts(cls):
        explorer = cls(**start)
        live = parts(explorer)
        before, state = (bytes(live["image"].value), live["text"].value), explorer.state
        nudge(explorer, control)
        assert getattr(explorer.state, control.name) != getattr(state, control.name)
        assert explorer.sentence() in unescaped(live["text"].value) and live["message"].value == ""
        words = next(box for one, box in explorer._live._controls if one is control).children[0].value
        words = unescaped(words)
        assert control.label in words and getattr(control, "unit", "") in words
        if (bytes(live["image"].value), live["text"].value) != before:
            return
    pytest.fail(f"{control.name} changes nothing that is seen")


def unescaped(text):
    from html import unescape

    return unescape(text)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_the_sliders_and_moving_leaves_it(name):
    explorer = GrowthExplorer(n=50, d=64)
    live = parts(explorer)
    assert live["preset"].value == OWN
    live["preset"].value = name
    assert {key: getattr(explorer.state, key) for key in PRESETS[name]} == PRESETS[name]
    assert (live["n"].value, live["d"].value) == (PRESETS[name]["n"], PRESETS[name]["d"])
    live["n"].index -= 1
    assert live["preset"].value == OWN and explorer.state.n < PRESETS[name]["n"]
    live["n"].index += 1
    assert live["preset"].value == name
    explorer.reset()
    assert explorer.state == GrowthState(n=50, d=64) and live["n"].value == 50


def test_one_preset_draws_once(monkeypatch):
    explorer = GrowthExplorer()
    live, drawn = parts(explorer), []
    monkeypatch.setattr(Stage, "png", lambda self, state: drawn.append(state) or b"")
    live["preset"].value = "GPT-2 (1,024 × 768)"
    assert drawn == [GrowthState(n=1_024, d=768)]
    explorer.load("the example (n = 100, d = 512)")
    assert drawn[1:] == [GrowthState()]


def test_code_moves_the_controls_even_off_the_grid():
    explorer = GrowthExplorer()
    live = parts(explorer)
    explorer.state = GrowthState(n=777, d=1_000, curves=("layer",), axes="linear")
    assert (live["n"].value, live["n"].label, live["d"].value, live["axes"].value) == (777, "777", 1_000, "linear")
    assert [tick.value for tick in live["curves"].children[1:]] == [key == "layer" for key in CURVES]
    live["n"].index += 1
    assert explorer.state.n == 1_000 and 777 not in dict(live["n"].options).values()


def test_nice_values_are_on_the_sliders():
    assert {10, 50, 100, 500, 512, 1_000, 1_024, 2_048, 4_096, 8_192, 100_000, 131_072, 1_000_000, 10**7} <= set(LENGTHS)
    assert {16, 128, 512, 768, 1_024, 1_536, 2_048, 4_096, 8_192, 12_288, 16_384} <= set(WIDTHS)
    for grid, largest in ((LENGTHS, 2), (WIDTHS, 1.51)):
        assert list(grid) == sorted(set(grid)) and all(b / a <= largest for a, b in zip(grid, grid[1:]))
    assert {values[key] for values in PRESETS.values() for key in ("n",)} <= set(LENGTHS)


def test_too_many_curves_are_answered_on_the_page():
    explorer = GrowthExplorer(curves=("walk", "dance", "products", "projections", "layer"))
    live = parts(explorer)
    picture, last = live["image"].value, live["curves"].children[-1]
    last.value = True
    assert "at most 5" in live["message"].value and not last.value
    assert live["image"].value == picture and len(explorer.state.curves) == 5
    live["n"].index += 1
    assert live["message"].value == ""


def test_a_failing_picture_leaves_the_last_good_one_and_says_so(monkeypatch, capsys):
    explorer = GrowthExplorer()
    live = parts(explorer)
    picture = live["image"].value
    monkeypatch.setattr(GrowthExplorer, "update", lambda *args: 1 / 0)
    live["n"].index += 1
    assert "could not be drawn (ZeroDivisionError" in live["message"].value and live["image"].value == picture
    monkeypatch.undo()
    explorer.reset()
    assert live["message"].value == ""
    assert capsys.readouterr().err == ""


def test_a_widget_is_made_once_and_follows():
    explorer = GrowthExplorer()
    assert explorer.widget() is explorer.widget()
    text = parts(explorer)["text"]
    explorer.change(n=2_000)
    assert "n = 2,000 tokens" in text.value


def test_a_move_sends_the_picture_and_the_text_once():
    explorer = GrowthExplorer()
    live = parts(explorer)
    sent = []
    for name, widget in live.items():
        for part in (widget, *getattr(widget, "children", ())):
            part.send_state = lambda key=None, name=name: sent.append((name, key))
    live["n"].index += 1
    assert [name for name, _ in sent if name in ("image", "text")] == ["image", "text"]
    assert not [name for name, _ in sent if name not in ("image", "text", "n", "preset")]


# pictures for saved notebooks

def shown(explorer, monkeypatch, pictures):
    import IPython.display

    outputs = []
    monkeypatch.setattr(IPython.display, "display", lambda data, metadata=None, raw=False: outputs.append((data, metadata or {})))
    monkeypatch.setenv("HELPERS_PICTURES", pictures)
    explorer._ipython_display_()
    return outputs


@pytest.mark.parametrize("cls", EXPLORERS)
def test_a_saved_notebook_gets_a_picture_and_text_and_no_widget(cls, monkeypatch):
    explorer = cls()
    (picture, metadata), (text, _) = shown(explorer, monkeypatch, "1")
    assert set(picture) == {"image/png", "text/plain"} and set(text) == {"text/plain"}
    assert metadata == {"image/png": {"alt": explorer.alt()}} and len(explorer.alt()) >= 30
    assert Image.open(io.BytesIO(base64.b64decode(picture["image/png"]))).size == (700, 400)
    assert explorer.sentence().split()[0] in text["text/plain"] and all(v in text["text/plain"] for v in explorer.numbers().values())
    assert explorer._live is None
    assert len(picture["image/png"]) < 60_000
    json.dumps([picture, text, metadata])


def test_live_is_a_widget_with_the_text_beside_it(monkeypatch):
    (data, _), = shown(GrowthExplorer(), monkeypatch, "")
    assert "application/vnd.jupyter.widget-view+json" in data and "8.9 %" in data["text/plain"]


# imports

def test_importing_the_explorers_imports_nothing_heavy():
    code = ("import sys; import helpers.explorers as e; "
            "print([m for m in ('sympy', 'matplotlib', 'ipywidgets', 'numpy', 'IPython') if m in sys.modules]); "
            "e.GrowthExplorer(); print([m for m in ('sympy', 'matplotlib', 'ipywidgets') if m in sys.modules]); "
            "e.GrowthExplorer().figure(); print([m for m in ('sympy', 'ipywidgets', 'matplotlib.pyplot') if m in sys.modules]); "
            "e.GrowthExplorer().widget(); print([m for m in ('sympy', 'matplotlib.pyplot') if m in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert result.stdout.split("\n") == ["[]", "[]", "[]", "[]", ""]


def test_an_unknown_explorer_is_named():
    with pytest.raises(AttributeError, match="no explorer 'GrowthExporer'"):
        explorers.GrowthExporer


# the base, with the smallest explorer there can be

@dataclass(frozen=True)
class TinyState:
    size: int = 3
    colour: str = "red"


class Tiny(Explorer):
    State = TinyState
    title = "A square of a chosen size"
    controls = (Slider("size", "side", "cm", (1, 3, 9)), Choice("colour", "colour", {"red": "Red", "blue": "Blue"}))

    def build(self, figure, state):
        axes = figure.add_axes([0, 0, 1, 1])
        return axes.plot([], []), axes.text(0.5, 0.5, "", transform=axes.transAxes), axes.text(-0.01, 0.2, "at the edge", rotation=30)

    def update(self, artists, state):
        (line,), text, _ = artists
        line.set_data([0, state.size], [0, state.size])
        line.set_color(state.colour)
        text.set(text=f"{state.size}", color=state.colour, fontsize=10 if state.colour == "red" else 20)

    def sentence(self):
        return f"The side is {self.state.size} cm."

    def numbers(self):
        return {}


def test_a_text_that_changes_in_its_place_is_drawn_anew():
    check_moves([TinyState(size, colour) for size in (3, 9) for colour in ("red", "blue")], Tiny())


def test_a_subclass_only_declares():
    tiny = Tiny(size=9)
    live = parts(tiny)
    assert tiny.text().startswith("The side is 9 cm.") and repr(tiny) == "Tiny(size=9, colour='red')"
    live["colour"].value = "blue"
    assert tiny.state == TinyState(9, "blue") and tiny.preset_name() is None
    with pytest.raises(ValueError, match="size = 4.0"):
        Tiny(size=4.0)


# how sizes are given

def test_sizes_are_given_by_name_and_numpys_whole_numbers_are_taken():
    for wrong in ((100, 512), (100,)):
        with pytest.raises(ValueError, match=r"by name: write n=…, d=…"):
            GrowthExplorer(*wrong)
    for wrong in (2.5, 100.0, "100", True, None, float("nan")):
        with pytest.raises(ValueError, match="n = .* is not a whole number"):
            GrowthExplorer(n=wrong)
    state = GrowthExplorer(n=np.int64(100)).state
    assert state.n == 100 and type(state.n) is int
