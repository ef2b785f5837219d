"""What every explorer does, asked of each: state in; picture, sentence and numbers out; and no traceback."""

import os
import random
import subprocess
import sys
from decimal import Decimal
from html import unescape
from math import exp, log
from threading import Thread
from time import sleep
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from helpers import explorers, roofline
from helpers.explorers import GrowthExplorer, RooflineExplorer, TilingExplorer, tiling
from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import OWN, Choice, Number, Several, control_of, exact, number_text, read_number
from helpers.explorers.scene import HEIGHT, WIDTH, Axes, Page
from helpers.memory import KEPT_IN
from helpers.published import MODELS
from helpers.tiles import OUTER, block_traffic, tiled_attention

EXPLORERS = [cls for cls in (getattr(explorers, name) for name in explorers.__all__ if name != "Explorer")
             if issubclass(cls, Explorer)]
each = pytest.mark.parametrize("cls", EXPLORERS, ids=lambda cls: cls.__name__)


def some_value(control, chance):
    """Some value of a control; its ends are as likely as all that lies between."""
    if isinstance(control, Several):
        chosen = chance.sample(list(control.options), chance.randint(1, min(control.most, len(control.options))))
        return tuple(key for key in control.options if key in chosen)
    if isinstance(control, Choice):
        return chance.choice(list(control.options))
    low, high = control.low, control.high
    between = exp(chance.uniform(log(low), log(high))) if low > 0 else chance.uniform(low, high)
    return chance.choice((low, high, *control.values, round(between) if control.whole else float(f"{between:.3g}")))


def some_states(cls, count):
    """Explorers at the start, at each preset, and at random values, the same in each run."""
    chance, found = random.Random(cls.__name__), [cls(), *(cls(preset=name) for name in cls.presets)]
    while len(found) < count:
        try:
            found.append(cls(**{control.name: some_value(control, chance) for control in cls.controls}))
        except ValueError:  # values that contradict each other
            continue
    return found


def panel(explorer):
    explorer.widget()
    return explorer._panel


def parts(explorer, control):
    return next(row.parts for one, row in panel(explorer).rows if one is control)


def message(explorer):
    return unescape(panel(explorer).message.value)


def nudge(explorer, control):
    """Move a control once, as a hand does."""
    first, *others = parts(explorer, control)
    if isinstance(control, Several):
        full = sum(tick.value for tick in (first, *others)) == control.most
        tick = next((tick for tick in (first, *others) if tick.value == full), first)
        tick.value = not tick.value
    elif isinstance(control, Number) and not control.values:
        now = getattr(explorer.state, control.name)
        first.value = number_text(control.low if now == control.high else min(now * 2 or 1, control.high))
    else:
        first.index = (first.index + 1) % len(first.options)


def assert_together(explorer):
    """State, picture, words and controls of an explorer speak of the same state."""
    live, shown = panel(explorer), explorer.shown
    assert explorer.view(explorer.state, None).numbers == shown.numbers and shown.svg() in live.picture.value
    assert shown.sentence in unescape(live.picture.value).replace("\xa0", " ")
    for control, row in live.rows:
        assert all(control.read(row, part) == getattr(explorer.state, control.name) for part in row.parts)
    assert live.preset.value == (explorer.preset_name() or OWN)


# the picture and the words

@each
def test_the_words_are_few_and_the_picture_is_well_formed(cls):
    for explorer in some_states(cls, 20):
        assert len(explorer.sentence().split()) <= 25 and explorer.sentence().endswith("."), explorer.sentence()
        assert explorer.numbers() and all(isinstance(text, str) and text for text in explorer.numbers().values())
        drawn = ElementTree.fromstring(explorer.shown.svg())
        assert drawn.get("aria-label") == explorer.shown.alt and len(explorer.shown.alt) >= 30
        again = eval(repr(explorer), {cls.__name__: cls})
        assert (again.state, again.numbers(), again.text()) == (explorer.state, explorer.numbers(), explorer.text())


@each
def test_all_marks_stay_on_the_page(cls):
    ghosts = [cls() for _ in cls.controls[:3]]
    for explorer, control in zip(ghosts, cls.controls):
        nudge(explorer, control)
    for explorer in [*some_states(cls, 12), *ghosts]:
        figure = explorer.figure()
        figure.canvas.draw()
        for text in figure.axes[0].texts:
            box = text.get_window_extent()
            assert 0 <= box.x0 and box.x1 <= WIDTH and 0 <= box.y0 and box.y1 <= HEIGHT, (explorer, text.get_text())
        for kind, mark in explorer.shown.page.marks:
            x, y, wide, high = mark.get("within") or (mark.get("x", 0), mark.get("y", 0), mark.get("wide", 0), mark.get("high", 0))
            corners = sum(mark.get("pieces", ()), []) if not mark.get("within") else ()
            assert all(-0.1 <= x <= WIDTH + 0.1 and -0.1 <= y <= HEIGHT + 0.1
                       for x, y in [(x, y), (x + wide, y + high), *corners]), (explorer, kind, mark)


@each
def test_every_control_moves_something(cls):
    starts = [{}, *cls.presets.values(), *({control.name: (key,)} for control in cls.controls
                                           if isinstance(control, Several) for key in control.options)]
    waiting = list(cls.controls)
    for start in starts:
        for control in list(waiting):
            explorer = cls(**start)
            before = panel(explorer).picture.value, explorer.text()
            nudge(explorer, control)
            assert_together(explorer)
            if (panel(explorer).picture.value, explorer.text()) != before:
                waiting.remove(control)
    assert not waiting


@each
def test_presets_load_and_reset_goes_back(cls):
    explorer = cls()
    start = explorer.state
    for name, values in cls.presets.items():
        panel(explorer).preset.value = name
        assert all(getattr(explorer.state, field) == value for field, value in values.items())
        assert_together(explorer)
    explorer.reset()
    assert explorer.state == start
    assert_together(explorer)
    assert len([*panel(explorer).rows]) == len(cls.controls)


def test_the_state_before_a_move_stays_as_a_ghost():
    explorer = GrowthExplorer(n=100, d=512)
    explorer.change(n=200)
    assert "× 2.18" in explorer.shown.svg() and "× 4.00" in explorer.shown.svg()
    explorer.change(n=400)  # the same hand goes on
    assert "× 16.0" in explorer.shown.svg()
    explorer.reset()
    assert "×" not in explorer.shown.svg()


# bad input

@each
def test_a_wrong_value_is_named_in_one_sentence_and_nothing_moves(cls):
    explorer = cls()
    state, picture = explorer.state, panel(explorer).picture.value
    for control in cls.controls:
        wrong = [None, True, ["no such"], float("nan"), "no such"]
        wrong += [control.low - 1, control.high + 1, float("inf"), 10**400, "12"] if isinstance(control, Number) else [3, ("log", "log")]
        for value in wrong:
            for act in (explorer.change, cls):
                with pytest.raises(ValueError, match=control.name) as refused:
                    act(**{control.name: value})
                assert refused.value._render_traceback_() == [str(refused.value)]
            assert control.name in message(explorer)
        if isinstance(control, Number):
            field = parts(explorer, control)[-1]
            for typed in ("many", "", "1,00", "-1e30", "1e9999"):
                good, field.value = field.value, typed
                assert control.label in message(explorer) and field.value == good
    for act in (lambda: explorer.load("no such"), lambda: explorer.change(no_such=3), lambda: cls(3), lambda: cls("no such")):
        with pytest.raises(ValueError) as refused:
            act()
    assert explorer.state == state and panel(explorer).picture.value == picture
    explorer.reset()
    assert message(explorer) == ""


def test_values_beside_a_preset_go_before_it():
    explorer = GrowthExplorer(preset="GPT-2 (1,024 × 768)", n=3_000)
    assert (explorer.state.n, explorer.state.d) == (3_000, 768)
    with pytest.raises(AttributeError, match="no explorer 'GrowthExporer'"):
        explorers.GrowthExporer


# the machinery

class Tiny(Explorer):
    """The smallest explorer there can be; it refuses a state, fails on another, and takes its time."""

    controls = (control_of("size", "side", 3, "cm", values=(1, 3, 9)), Number("price", "price", "USD", 0.01, 1e6, 2.5),
                Choice("colour", "colour", {"red": "Red", "blue": "Blue"}, "red"))
    presets = {"large": {"size": 9, "colour": "blue"}, "dear": {"price": 100}}

    @staticmethod
    def view(s, before):
        sleep(0.003)
        if s.size == 9 and s.colour == "red":
            raise ValueError("size = 9 and colour = 'red' contradict each other: choose 'blue'.")
        page = Page()
        page.words(100, 100, f"{s.size} {s.price / (s.size - 7)} {s.colour}")
        return View(page, "A square", f"The side is {s.size} cm.", {"all": repr(s)})


def test_a_view_can_refuse_a_state_and_may_fail():
    tiny = Tiny()
    side, field = parts(tiny, Tiny.controls[0])
    side.value = 9
    assert "contradict" in message(tiny) and (side.value, field.value, tiny.state) == (3, "3", Tiny.State())
    field.value = "7"
    assert "ZeroDivisionError" in message(tiny) and tiny.state == Tiny.State()
    tiny.load("large")
    assert message(tiny) == "" and side.value == 9
    assert_together(tiny)


@pytest.mark.parametrize("pause", [0, 0.001, 0.004])
@pytest.mark.parametrize("order", ["number first", "preset first"])
def test_two_threads_that_answer_at_once_leave_all_together(pause, order):
    """JupyterLab answers one widget in the main thread while another is answered in a subshell."""
    for _ in range(4):
        tiny = Tiny()
        acts = [lambda: parts(tiny, Tiny.controls[1])[0].set_state({"value": "800"}),
                lambda: panel(tiny).preset.set_state({"index": 1}),
                lambda: parts(tiny, Tiny.controls[0])[0].set_state({"index": 0})]
        panel(tiny)
        threads = [Thread(target=act) for act in (acts if order == "number first" else acts[::-1])]
        for thread in threads:
            thread.start()
            sleep(pause)
        for thread in threads:
            thread.join()
        assert_together(tiny)
        assert tiny.state.size in (1, 9) and tiny.state.price == 800 and tiny.state.colour == "blue"


def test_both_renderers_draw_each_kind_of_mark():
    page = Page()
    axes = Axes(page, 80, 50, 300, 300, (1, 10**6, "log"), (0, 50, "linear"), "x", "y")
    axes.curve([1, 10, 10**6], [0, 60, 20], "#0072B2", (4, 2), name="cut", says="a < b")
    for shape in "osD^v>X":
        axes.point(1_000, 20, shape, "#D55E00", hollow=shape == "o", fade=0.5, says=shape)
    axes.upright(10, "n = 10")
    axes.name_ends()
    page.box(400, 100, 200, 30, "#009E73", hatched=True, says="a box")
    page.words(400, 200, "x < y & z", bold=True, turn=30, halo=True, anchor="end")
    page.cells(500, 200, 40, 40, np.arange(16, dtype=np.uint8).reshape(4, 4), np.arange(48, dtype=np.uint8).reshape(16, 3))
    tags = {node.tag for node in ElementTree.fromstring(page.svg("a picture")).iter()}
    assert tags == {"path", "text", "image", "title", "svg"}
    figure = page.figure()
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    assert (0x00, 0x9E, 0x73) in {tuple(pixel) for pixel in pixels[115, 420:440, :3]}
    assert len(np.unique(pixels[200:240, 500:540, :3].reshape(-1, 3), axis=0)) >= 16


@pytest.mark.parametrize("text, value", [
    ("2.5", "2.5"), ("2,048", "2048"), ("10 000", "10000"), ("12,345.678", "12345.678"), ("1e21", "1e21"), ("−3", "-3"),
    ("10\u202f000", "10000"), ("128 K", "128000"), ("2.5M", "2500000"), ("15T", "15e12"),
    *((text, None) for text in ("", "many", "2,5", "1,00", "1 2", "e5", "nan", "inf", "10²", "--3", "1e99999", "k", "3kk"))])
def test_what_is_read(text, value):
    assert read_number(text) == (None if value is None else Decimal(value))


@given(st.one_of(st.integers(-10**40, 10**40), st.floats(allow_nan=False, allow_infinity=False)))
def test_what_is_shown_is_read_back_exactly(value):
    again = exact(read_number(number_text(value)))
    assert again == exact(value) and type(again) is type(exact(value))


@pytest.mark.parametrize("typed, value", [("8192 tokens", 8_192), ("128k", 128_000), ("3 000", 3_000), ("2 Tokens", None)])
def test_a_unit_may_be_typed(typed, value):
    explorer = GrowthExplorer()
    field = parts(explorer, GrowthExplorer.controls[0])[-1]
    field.value = typed
    assert explorer.state.n == (value or 100) and field.value == number_text(explorer.state.n)
    assert bool(message(explorer)) == (value is None)


@each
def test_a_saved_notebook_gets_a_picture_and_its_text(cls, monkeypatch):
    import IPython.display

    outputs = []
    monkeypatch.setattr(IPython.display, "display", lambda data, metadata=None, raw=False: outputs.append((data, metadata or {})))
    monkeypatch.setenv("HELPERS_PICTURES", "1")
    explorer = cls()
    explorer._ipython_display_()
    (picture, metadata), (text, _) = outputs
    assert set(picture) == {"image/png", "text/plain"} and metadata["image/png"]["alt"] == explorer.shown.alt
    assert text == {"text/plain": explorer.text()} and explorer._panel is None
    monkeypatch.delenv("HELPERS_PICTURES")
    explorer._ipython_display_()
    assert "application/vnd.jupyter.widget-view+json" in outputs[-1][0]


def test_importing_the_explorers_imports_nothing_heavy():
    code = ("import sys; import helpers.explorers as e; found = lambda *names: print([m for m in names if m in sys.modules]); "
            "found('sympy', 'matplotlib', 'ipywidgets', 'numpy', 'IPython'); "
            "e.GrowthExplorer().widget(); found('sympy', 'matplotlib'); "
            "e.GrowthExplorer().figure(); found('sympy', 'matplotlib.pyplot')")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert result.stdout.split("\n") == ["[]", "[]", "[]", ""]


# the numbers: each explorer's against what it shows

@given(st.integers(10, 10**7), st.integers(16, 65_536))
def test_growth_counts_exactly(n, d):
    shown = GrowthExplorer(n=n, d=d, curves=("walk", "dance", "products", "projections", "layer")).numbers()
    counts = [int(text.replace(",", "")) for text in shown.values() if text.replace(",", "").isdigit()]
    assert counts == [n, n * n * d, 4 * n * n * d, 8 * n * d * d, 8 * n * d * d + 4 * n * n * d, 2 * d]
    explorer = GrowthExplorer(n=n, d=d, curves=("walk", "dance"))  # lesson 01 gives nothing of 03 away
    assert not any(word in told for told in (explorer.text(), explorer.shown.svg()) for word in (" %", "2d", "layer", "projections"))


@pytest.mark.parametrize("model, accelerator, n", [("Llama-3 8B", "H100 SXM", 16), ("Mixtral 8x7B", "A100 80GB", 128),
                                                   ("DeepSeek-V3", "H200", 4_096), ("GPT-2", "H100 SXM", 8_192)])
def test_the_fewest_sequences_are_the_fewest(model, accelerator, n):
    shown = RooflineExplorer(model=model, accelerator=accelerator, n=n).numbers()["arithmetic is the limit from (sequences)"]
    if shown.startswith("never"):
        assert roofline.decode(MODELS[model], accelerator, n, 10**9).limit == "memory"
    else:
        least = int(shown.replace(",", ""))
        assert roofline.decode(MODELS[model], accelerator, n, least).limit == "arithmetic"
        assert least == 1 or roofline.decode(MODELS[model], accelerator, n, least - 1).limit == "memory"


def test_roofline_shows_the_numbers_of_the_helper():
    for explorer in some_states(RooflineExplorer, 30):
        s, shown = explorer.state, explorer.numbers()
        work = (roofline.prefill if s.phase == "prefill" else roofline.decode)(MODELS[s.model], s.accelerator, s.n, s.batch, *KEPT_IN[s.precision])
        assert (shown["FLOPs"], shown["bytes"]) == (f"{work.flops:,}", f"{work.bytes_moved:,}")
        assert work.limit in explorer.sentence() and work.limit in explorer.shown.title.lower()


@given(st.integers(1, 48), st.integers(1, 4), st.integers(1, 500), st.integers(1, 9), st.integers(1, 9), st.sampled_from(OUTER))
@example(48, 2, 130, 8, 8, "queries")     # fits: the closed form
@example(47, 2, 100, 8, 8, "keys")        # does not fit, and the last blocks are shorter: a few turns tell of all
@example(40, 2, 170, 8, 8, "keys")        # the keys and values may wait on the chip
@example(40, 2, 500, 8, 8, "queries")     # all that comes again is there still
def test_tiling_counts_what_the_simulator_counts(n, d, M, rows, columns, outer):
    found = block_traffic(tiled_attention(n, d, min(rows, n), min(columns, n), outer), M, ("tile",))
    assert +tiling.traffic(TilingExplorer.State(n, d, M, rows, columns, outer)) == found.reads + found.writes


def test_tiling_says_what_a_tile_costs():
    start = TilingExplorer()
    assert start.numbers()["FLOPs per byte"] == f"{4 * 1_024**2 * 64 / (2 * 2_230_272):.1f}"
    assert "needs 20,608 elements, the chip holds 32,768; 2.23 million" in start.sentence() and "half the traffic" in start.shown.title
    for values, words in (({"M": 4_096}, "not fit"), ({"n": 4_096, "d": 128, "M": 262_144}, "as plain"),
                          ({"n": 4_096, "d": 256, "M": 262_144, "rows": 16}, "more than plain")):
        assert words in TilingExplorer(**values).shown.title


@pytest.mark.parametrize("name", explorers.__all__[1:])
def test_every_option_of_every_control_can_be_chosen(name):
    explorer, refused = getattr(explorers, name)(), []
    for control in explorer.controls:
        several = isinstance(getattr(explorer.state, control.name), tuple)
        for option in getattr(control, "options", ()):
            try:
                explorer.change(**{control.name: (option,) if several else option})
            except ValueError as error:
                assert "give a model without it" in str(error)    # a state, of which no count is known
                refused.append(option)
        explorer.reset()
    assert refused == ["Qwen3-Next 80B-A3B"] * (name == "MemoryExplorer")


def test_what_is_no_state_is_refused_and_the_package_lists_its_explorers():
    with pytest.raises(ValueError, match=r"^n: set it with explorer.change\(n=5\)"):
        GrowthExplorer().n = 5
    with pytest.raises(ValueError, match="state = 3 is no GrowthState"):
        GrowthExplorer().state = 3
    assert "GrowthExplorer" in dir(explorers)
