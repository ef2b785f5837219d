"""The base of the explorers: pictures over a kept background, widgets, typed numbers, and what answers bad input."""

import io
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass
from decimal import Decimal

import numpy as np
import pytest
from drawing import drawn_afresh
from hands import line, live, message
from hypothesis import given, strategies as st
from PIL import Image

from helpers import explorers
from helpers.explorers import GrowthExplorer
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, Number, Slider
from helpers.explorers.fields import exact, number_text, read_number
from helpers.explorers.growth import CURVES, GrowthState
from helpers.explorers.live import FEW, OWN
from helpers.explorers.stage import KEPT, Stage, encode_png

N, D, AXES, CHOSEN = GrowthExplorer.controls


@dataclass(frozen=True)
class TinyState:
    size: int = 3
    price: float = 2.5
    colour: str = "red"


class Tiny(Explorer):
    """The smallest explorer there can be, with fields that can contradict each other."""

    State = TinyState
    title = "A square of a chosen size"
    controls = (Slider("size", "side", "cm", (1, 3, 9)), Number("price", "price", "USD an hour", low=0.01, high=1000),
                Choice("colour", "colour", {"red": "Red", "blue": "Blue"}))
    presets = {"large": {"size": 9}, "dear": {"price": 1e2}}

    def consistent(self, state):
        if state.size == 9 and state.colour == "red":
            raise ValueError("size = 9 and colour = 'red' contradict each other: choose 'blue' or a smaller side.")

    def build(self, figure, state):
        axes = figure.add_axes([0, 0, 1, 1])
        return axes.plot([], []), axes.text(0.5, 0.5, "", transform=axes.transAxes), axes.text(-0.01, 0.2, "at the edge", rotation=30)

    def update(self, artists, state):
        (drawn,), text, _ = artists
        drawn.set_data([0, state.size], [0, state.size])
        drawn.set_color(state.colour)
        text.set(text=f"{state.size}", color=state.colour, fontsize=10 if state.colour == "red" else 20)

    def sentence(self):
        return f"The side is {self.state.size} cm."

    def numbers(self):
        return {}


# the picture

def test_our_png_holds_the_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (13, 7, 4), np.uint8)
    assert (np.asarray(Image.open(io.BytesIO(encode_png(pixels)))) == pixels).all()


def test_backgrounds_are_kept_but_not_without_end():
    stage = Stage(GrowthExplorer())
    for power in range(1, 6):
        for d in (16, 512):
            stage.pixels(GrowthState(n=10**power + 1, d=d, axes="linear"))
    assert len(stage._scenes) == KEPT


def test_a_text_that_changes_in_its_place_is_drawn_anew():
    assert len(list(drawn_afresh(Tiny(), [TinyState(size, colour=colour) for size in (1, 3) for colour in ("red", "blue")]))) == 4


# numbers that are typed

@pytest.mark.parametrize("text, value", [
    ("2.5", "2.5"), ("2,048", "2048"), ("10 000", "10000"), ("1_000", "1000"), ("12,345.678", "12345.678"), ("1e21", "1e21"),
    (" .5 ", "0.5"), ("-3", "-3"), ("−3", "-3"), ("１２．５", "12.5"), ("10\u202f000", "10000"), ("5.", "5"),
    ("", None), ("many", None), ("2,5", None), ("1,00", None), ("2,0480", None), ("1 2", None), ("e5", None), (".", None),
    ("nan", None), ("inf", None), ("0x10", None), ("10²", None), ("--3", None), ("1e99999", None), ("2.5.1", None),
])
def test_what_is_read(text, value):
    assert read_number(text) == (None if value is None else Decimal(value))


@given(st.one_of(st.integers(-10**40, 10**40), st.floats(allow_nan=False, allow_infinity=False),
                 st.builds(lambda m, k: m * 10**k, st.integers(1, 10**7), st.integers(0, 40))))
def test_what_is_shown_is_read_back_exactly(value):
    again = exact(read_number(number_text(value)))
    assert again == exact(value) and type(again) is type(exact(value))


def test_a_number_is_typed_and_whole_ones_stay_whole():
    tiny = Tiny()
    field, = line(tiny, Tiny.controls[1])
    for typed, value, shown in (("3", 3, "3"), ("2.50", 2.5, "2.5"), ("1e2", 100, "100"), ("0.01", 0.01, "0.01"),
                                ("1,000", 1000, "1,000"), ("7 USD an hour", 7, "7")):
        field.value = typed
        assert (tiny.state.price, type(tiny.state.price), field.value) == (value, type(value), shown)
    for wrong, words in (("many", "price: “many” is not a number. Type a number from 0.01 to 1,000 USD an hour, such as 7."),
                         ("1001", "“1001” is out of range"), ("", "an empty field is not a number")):
        field.value = wrong
        assert words in message(tiny) and field.value == "7" and tiny.state.price == 7


@pytest.mark.parametrize("value", [np.float64(2.5), np.int64(3), np.float32(0.5), 3.0])
def test_numpys_numbers_are_taken(value):
    state = Tiny(price=value).state
    assert state.price == value and type(state.price) is (float if value % 1 else int)


def test_a_whole_number_is_asked_for():
    chips = Number("chips", "accelerators", "chips", 1, 10**6, whole=True)
    assert chips.check(8.0) == 8 and type(chips.check(8.0)) is int
    with pytest.raises(ValueError, match="chips = 2.5 is not a whole number: accelerators is a whole number from 1 to 1,000,000 chips"):
        chips.check(2.5)


# bad input

def test_wrong_changes_leave_the_state_alone():
    explorer = GrowthExplorer()
    for act in (lambda: explorer.load("Llama"), lambda: explorer.change(k=3), lambda: setattr(explorer, "state", {"n": 100}),
                lambda: setattr(explorer, "state", None), lambda: explorer.change(n=11, d=0)):
        with pytest.raises(ValueError):
            act()
        assert explorer.state == GrowthState()
    with pytest.raises(FrozenInstanceError):
        explorer.state.n = 3


def test_fields_that_contradict_each_other_are_answered():
    with pytest.raises(ValueError, match="contradict each other: choose 'blue'") as refused:
        Tiny(size=9)
    assert refused.value._render_traceback_() == [str(refused.value)]
    tiny = Tiny()
    slider, field = line(tiny, Tiny.controls[0])
    slider.value = 9
    assert "contradict each other" in message(tiny) and (slider.value, field.value, tiny.state) == (3, "3", TinyState())
    live(tiny)._preset.value = "large"
    assert "contradict each other" in message(tiny) and live(tiny)._preset.value == OWN
    tiny.state = TinyState(9, colour="blue")
    assert message(tiny) == "" and slider.value == 9 and live(tiny)._preset.value == "large"


def test_a_preset_holds_beside_what_it_does_not_contradict():
    assert Tiny(preset="dear", price=100.0, size=1).state == TinyState(1, 100)
    with pytest.raises(ValueError, match=r"preset 'dear' sets price = 100, and price = 3 is given beside it. Leave one .* change\(price=3\)"):
        Tiny(preset="dear", price=3)


def test_too_many_curves_are_answered_on_the_page():
    explorer = GrowthExplorer(curves=("walk", "dance", "products", "projections", "layer"))
    picture, last = live(explorer).image.value, line(explorer, CHOSEN)[-1]
    last.value = True
    assert "at most 5" in message(explorer) and not last.value
    assert live(explorer).image.value == picture and len(explorer.state.curves) == 5
    line(explorer, N)[0].index += 1
    assert message(explorer) == ""


def test_a_failing_picture_leaves_the_last_good_one_and_says_so(monkeypatch, capsys):
    explorer = GrowthExplorer()
    slider, field = line(explorer, N)
    picture = live(explorer).image.value
    monkeypatch.setattr(GrowthExplorer, "update", lambda *args: 1 / 0)
    slider.value = 1_000
    assert "could not be drawn (ZeroDivisionError" in message(explorer) and live(explorer).image.value == picture
    assert field.value == "1,000"
    monkeypatch.undo()
    explorer.reset()
    assert message(explorer) == ""
    assert capsys.readouterr().err == ""


def test_a_mistake_of_ours_is_said_in_one_sentence_too(monkeypatch):
    explorer = GrowthExplorer()
    slider, _ = line(explorer, N)
    monkeypatch.setattr(GrowthExplorer, "_checked", lambda *args: {}["n"])
    slider.value = 1_000
    assert ">That was not possible (KeyError: 'n').<" in message(explorer) and slider.value == 100


@pytest.mark.parametrize("values, words", [({"m": 3}, "has no 'm'"), ({"preset": "GPT2"}, "Nearest: 'GPT-2 "),
                                           ({"preset": "zzz"}, "There are 'the example"), ({"preset": 3}, "by name")])
def test_a_wrong_name_is_answered_with_the_right_ones(values, words):
    with pytest.raises(ValueError, match=words):
        GrowthExplorer(**values)


def test_sizes_are_given_by_name_and_numpys_whole_numbers_are_taken():
    for wrong in ((100, 512), (100,)):
        with pytest.raises(ValueError, match=r"by name: write n=…, d=…"):
            GrowthExplorer(*wrong)
    for wrong in (2.5, 100.0, "100", True, None, float("nan")):
        with pytest.raises(ValueError, match="n = .* is not a whole number"):
            GrowthExplorer(n=wrong)
    state = GrowthExplorer(n=np.int64(100)).state
    assert state.n == 100 and type(state.n) is int


# the live widgets

def test_one_preset_draws_once(monkeypatch):
    explorer, drawn = GrowthExplorer(), []
    chooser = live(explorer)._preset
    monkeypatch.setattr(Stage, "png", lambda self, state: drawn.append(state) or b"")
    chooser.value = "GPT-2 (1,024 × 768)"
    assert drawn == [GrowthState(n=1_024, d=768)]
    explorer.load("the example (n = 100, d = 512)")
    assert drawn[1:] == [GrowthState()]


def test_code_and_the_field_move_the_slider_even_off_the_grid():
    explorer = GrowthExplorer()
    (n, beside), (d, _) = line(explorer, N), line(explorer, D)
    explorer.state = GrowthState(n=777, d=1_000, curves=("layer",), axes="linear")
    assert (n.value, n.label, beside.value, d.value, line(explorer, AXES)[0].value) == (777, "777", "777", 1_000, "linear")
    assert [tick.value for tick in line(explorer, CHOSEN)] == [key == "layer" for key in CURVES]
    n.index += 1
    assert explorer.state.n == 1_000 and 777 not in dict(n.options).values()
    beside.value = "1 234"
    assert (explorer.state.n, n.value, beside.value) == (1_234, 1_234, "1,234")


def test_a_widget_is_made_once_and_follows():
    explorer = GrowthExplorer()
    assert explorer.widget() is explorer.widget()
    explorer.change(n=2_000)
    assert "n = 2,000 tokens" in live(explorer).text.value


def test_a_move_sends_the_picture_first_and_each_part_once(monkeypatch):
    explorer = GrowthExplorer()
    slider, beside = line(explorer, N)
    parts = {"picture": live(explorer).image, "text": live(explorer).text, "field": beside, "preset": live(explorer)._preset}
    sent = []
    for name, widget in parts.items():
        monkeypatch.setattr(widget, "send_state", lambda key=None, name=name: sent.append(name))
    slider.index += 1
    assert sent == ["picture", "text", "field", "preset"]  # the preset is left once
    slider.index += 1
    assert sent[4:] == ["picture", "text", "field"]


def test_many_controls_stand_in_two_columns_and_few_below_each_other():
    from helpers.explorers import ModelExplorer

    for explorer, grids in ((GrowthExplorer(), 0), (ModelExplorer(), 1)):
        found = [child for child in explorer.widget().children if type(child).__name__ == "GridBox"]
        assert len(found) == grids == (len(explorer.controls) > FEW)
        assert sum(len(grid.children) for grid in found) == grids * len(explorer.controls)


def test_live_is_a_widget_with_the_text_beside_it(monkeypatch):
    import IPython.display

    outputs = []
    monkeypatch.setattr(IPython.display, "display", lambda data, raw: outputs.append(data))
    monkeypatch.delenv("HELPERS_PICTURES", raising=False)
    GrowthExplorer()._ipython_display_()
    data, = outputs
    assert "application/vnd.jupyter.widget-view+json" in data and "8.9 %" in data["text/plain"]


def test_a_subclass_only_declares():
    tiny = Tiny(size=1)
    assert tiny.text().startswith("The side is 1 cm.") and repr(tiny) == "Tiny(size=1, price=2.5, colour='red')"
    line(tiny, Tiny.controls[2])[0].value = "blue"
    assert tiny.state == TinyState(1, 2.5, "blue") and tiny.preset_name() is None


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
