"""What every explorer does, asked of each: state in; picture, sentence and numbers out; and no traceback."""

import random
import subprocess
import sys
from contextlib import nullcontext
from decimal import Decimal
from html import unescape
from math import exp, log
from threading import Thread
from time import sleep
from xml.etree import ElementTree

import pytest
from hypothesis import given, strategies as st

from helpers import explorers
from helpers.explorers import GrowthExplorer
from helpers.explorers.explorer import Explorer, View
from helpers.explorers.panel import OWN, Choice, Number, Several, control_of, exact, number_text, read_number
from helpers.explorers.scene import HEIGHT, WIDTH, Page

EXPLORERS = [getattr(explorers, name) for name in explorers.__all__ if name != "Explorer"]
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
        assert ElementTree.fromstring(explorer.shown.svg()).get("aria-label") == explorer.shown.alt and len(explorer.shown.alt) >= 30
        again = eval(repr(explorer), {cls.__name__: cls})
        assert (again.state, again.numbers(), again.text()) == (explorer.state, explorer.numbers(), explorer.text())


@each
def test_all_marks_are_drawn_and_stay_on_the_page(cls):
    ghosts = [cls() for _ in cls.controls[:3]]
    for explorer, control in zip(ghosts, cls.controls):
        nudge(explorer, control)
    for explorer in [*some_states(cls, 12), *ghosts]:
        axes, drawn = explorer.figure().axes[0], ElementTree.fromstring(explorer.shown.svg())
        for kind, tag, artists in (("path", "path", axes.patches), ("words", "text", axes.texts), ("cells", "image", axes.images)):
            assert len(drawn.findall(f".//{tag}")) == len(artists) == [one for one, _ in explorer.shown.page.marks].count(kind)
        for text in axes.texts:
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
def test_every_option_of_every_control_can_be_chosen(cls):
    for control in cls.controls:
        for option in getattr(control, "options", ()):
            unknown = (cls.__name__, option) == ("MemoryExplorer", "Qwen3-Next 80B-A3B")    # no count of its activations is published
            with pytest.raises(ValueError, match="give a model without it") if unknown else nullcontext():
                cls(**{control.name: (option,) if isinstance(control, Several) else option})


@each
def test_presets_load_and_reset_goes_back(cls):
    explorer = cls()
    for name, values in cls.presets.items():
        panel(explorer).preset.value = name
        assert vars(explorer.state).items() >= values.items()
        assert_together(explorer)
    explorer.reset()
    assert explorer.state == cls().state
    assert_together(explorer)


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
        with pytest.raises(ValueError, match=rf"^{control.name}: set it with explorer.change\({control.name}="):
            setattr(explorer, control.name, control.start)
        if isinstance(control, Number):
            field = parts(explorer, control)[-1]
            for typed in ("many", "", "1,00", "-1e30", "1e9999"):
                good, field.value = field.value, typed
                assert control.label in message(explorer) and field.value == good
    for act in (lambda: explorer.load("no such"), lambda: explorer.change(no_such=3), lambda: cls(3), lambda: cls("no such"),
                lambda: setattr(explorer, "state", 3)):
        with pytest.raises(ValueError, match="no such|no_such|3"):
            act()
    assert explorer.state == state and panel(explorer).picture.value == picture
    explorer.reset()
    assert message(explorer) == ""


def test_the_package_lists_its_explorers_and_names_what_is_none():
    assert dir(explorers) == sorted(explorers.__all__)
    with pytest.raises(AttributeError, match="no explorer 'GrowthExporer'"):
        explorers.GrowthExporer


# the machinery

class Tiny(Explorer):
    """It refuses a state, fails on another, and takes its time."""

    controls = (control_of("size", "side", 3, "cm", values=(1, 3, 9)), Number("price", "price", "USD", 0.01, 1e6, 2.5),
                Choice("colour", "colour", {"red": "Red", "blue": "Blue"}, "red"))
    presets = {"large": {"size": 9, "colour": "blue"}, "dear": {"price": 100}}

    @staticmethod
    def view(s, before):
        sleep(0.003)
        if s.size == 9 and s.colour == "red":
            raise ValueError("size = 9 and colour = 'red' contradict each other: choose 'blue'.")
        page = Page()
        page.words(100, 100, f"{s.size} < {s.price / (s.size - 7)} & {s.colour}")
        page.box(100, 200, 50, 50, "red", says="a < b & c")
        return View(page, "A square", f"The side is {s.size} cm.", {"all": repr(s)})


def test_a_view_can_refuse_a_state_and_may_fail():
    tiny = Tiny()
    side, field = parts(tiny, Tiny.controls[0])
    side.value = 9
    assert "contradict" in message(tiny) and (side.value, field.value, tiny.state) == (3, "3", Tiny.State())
    field.value = "7"
    assert "ZeroDivisionError" in message(tiny) and tiny.state == Tiny.State()
    tiny.load("large")
    assert message(tiny) == "" and side.value == 9 and "9 < 1.25 & blue" in ElementTree.fromstring(tiny.shown.svg()).itertext()
    assert_together(tiny)


@pytest.mark.parametrize("pause", [0, 0.001, 0.004])
@pytest.mark.parametrize("order", [1, -1])
def test_threads_that_answer_at_once_leave_all_together(pause, order):
    """JupyterLab answers one widget in the main thread while another is answered in a subshell."""
    for _ in range(4):
        tiny = Tiny()
        threads = [Thread(target=part.set_state, args=(state,)) for part, state in (
            (parts(tiny, Tiny.controls[1])[0], {"value": "800"}), (panel(tiny).preset, {"index": 1}),
            (parts(tiny, Tiny.controls[0])[0], {"index": 0}))][::order]
        for thread in threads:
            thread.start()
            sleep(pause)
        for thread in threads:
            thread.join()
        assert_together(tiny)
        assert tiny.state.size in (1, 9) and tiny.state.price == 800 and tiny.state.colour == "blue"


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
    code = """if True:
        import sys, helpers.explorers as explorers
        def found(*names): print([name for name in names if name in sys.modules])
        found("sympy", "matplotlib", "ipywidgets", "numpy", "IPython")
        explorers.GrowthExplorer().widget(), found("sympy", "matplotlib")
        explorers.GrowthExplorer().figure(), found("sympy", "matplotlib.pyplot")"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n[]\n[]\n"
