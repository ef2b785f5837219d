"""What every explorer of the course does, asked of each: state in, picture and sentence out, and no traceback."""

import base64
import io
import json
import re
from html import unescape

import pytest
from drawing import assert_not_cut, drawn_afresh
from hands import EXPLORERS, line, live, message, nudge, seen, some_states, wrong_values
from PIL import Image

from helpers.explorers.controls import MultiChoice, Number, Slider
from helpers.explorers.fields import number_text
from helpers.explorers.live import OWN
from helpers.explorers.stage import Stage
from helpers.figures import png

each = pytest.mark.parametrize("cls", EXPLORERS, ids=lambda cls: cls.__name__)


@pytest.fixture
def undrawn(monkeypatch):
    """Pictures cost most: where none is looked at, none is drawn. The states that would have been drawn."""
    drawn = []
    monkeypatch.setattr(Stage, "png", lambda self, state: drawn.append(state) or repr(state).encode())
    return drawn


# state in, picture and sentence out

@each
def test_a_move_draws_what_a_new_figure_would_and_no_text_is_cut(cls):
    chosen = some_states(cls, 4)
    for figure in drawn_afresh(cls(), [*chosen, chosen[0]]):
        assert_not_cut(figure, *(text for axes in figure.axes for text in (axes.xaxis.label, axes.yaxis.label, axes.title, axes._left_title)))
        for axis in (axis for axes in figure.axes if axes.axison for axis in (axes.xaxis, axes.yaxis)):
            ticks = axis.get_tightbbox()  # the numbers beside the ticks, and the label
            assert ticks is None or 0 <= ticks.x0 and 0 <= ticks.y0 and ticks.x1 <= 700 and ticks.y1 <= 400, axis.get_label_text()


@each
def test_the_picture_depends_on_the_state_alone_and_leaves_it(cls):
    start, *others = some_states(cls, 2, "again")
    explorer = cls()
    first = png(explorer.figure())
    for state in others:
        explorer.state = state
        explorer.figure()
        assert explorer.state == state
    explorer.reset()
    assert explorer.state == start and png(explorer.figure()) == first


@each
def test_what_is_said_depends_on_the_state_alone_and_a_state_can_be_handed_in(cls):
    explorer = cls()
    for state in some_states(cls, 8, "said"):
        explorer.state = state
        handed_in = eval(repr(explorer), {cls.__name__: cls})
        assert handed_in.state == state and repr(handed_in) == repr(explorer)
        assert (handed_in.sentence(), handed_in.numbers(), handed_in.alt()) == (explorer.sentence(), explorer.numbers(), explorer.alt())
        assert re.fullmatch(r"[^\n]{20,}[.!?]", explorer.sentence()) and explorer.numbers()
        for label, text in explorer.numbers().items():
            assert label.strip() and isinstance(text, str) and text.strip() and f"{label} " in explorer.text()


@each
def test_no_control_is_dead(cls):
    """Each changes the picture or the text: at the start, or else with a preset or a single choice, for what acts only there."""
    starts = [{}, *cls.presets.values(), *({control.name: (key,)} for control in cls.controls
                                           if isinstance(control, MultiChoice) for key in control.options)]
    waiting, explorer = list(cls.controls), cls()
    for start in starts:
        explorer.reset()
        explorer.change(**start)
        state, before = explorer.state, seen(explorer)
        for control in list(waiting):
            nudge(explorer, control)
            if not message(explorer):
                assert getattr(explorer.state, control.name) != getattr(state, control.name)
                assert explorer.sentence() in unescape(live(explorer).text.value)
                if seen(explorer) != before:
                    waiting.remove(control)
            explorer.state = state
        if not waiting:
            return
    pytest.fail(f"nothing is seen of {', '.join(control.name for control in waiting)}")


# the controls

@each
def test_labels_have_units_and_fields_have_names(cls):
    explorer = cls()
    for control, widget in live(explorer)._controls:
        words = unescape(widget.children[0].value)
        assert control.label in words
        if isinstance(control, (Slider, Number)):
            assert control.unit and f"({control.unit})" in words
            assert line(explorer, control)[-1].description == f"{control.label} ({control.unit})"


@each
def test_a_preset_sets_the_controls_and_a_move_leaves_it(cls, undrawn):
    explorer = cls()
    chooser = live(explorer)._preset
    for name, values in [*cls.presets.items()][:8]:
        chooser.value = OWN
        chooser.value = name
        assert undrawn[-1] == explorer.state and chooser.value == name == explorer.preset_name(), chooser.value
        assert cls(preset=name).state == explorer.state or set(values) < {control.name for control in cls.controls}
        for control, widget in live(explorer)._controls:
            assert control.read(widget) == getattr(explorer.state, control.name)
            assert getattr(explorer.state, control.name) == values.get(control.name, getattr(explorer.state, control.name))
        nudge(explorer, next(control for control in cls.controls if control.name in values))
        assert chooser.value != name and explorer.preset_name() != name
    explorer.reset()
    assert explorer.state == cls().state and len(undrawn) == 1 + 2 * len([*cls.presets][:8]) + 1


@each
def test_the_controls_follow_a_state_set_from_code(cls, undrawn):
    explorer = cls()
    live(explorer)
    for state in some_states(cls, 4, "set"):
        explorer.state = state
        assert undrawn[-1] == state
        for control, widget in live(explorer)._controls:
            assert control.read(widget) == getattr(state, control.name)
            if isinstance(control, (Slider, Number)):
                assert line(explorer, control)[-1].value == number_text(getattr(state, control.name))


@each
def test_numbers_can_be_typed(cls, undrawn):
    explorer = cls()
    for control in cls.controls:
        if isinstance(control, Slider):
            beside, new = line(explorer, control)[-1], (control.values[0] + control.values[-1]) // 2
            beside.value = f" {new} {control.unit}"
            assert message(explorer) or getattr(explorer.state, control.name) == new == undrawn[-1].__dict__[control.name]
            assert beside.value == number_text(getattr(explorer.state, control.name))


# bad input

@each
def test_a_wrong_value_is_named_in_one_sentence_and_nothing_moves(cls, undrawn):
    explorer = cls()
    state, before = explorer.state, seen(explorer)
    for control in cls.controls:
        for wrong in wrong_values(control):
            for act in (lambda: explorer.change(**{control.name: wrong}), lambda: cls(**{control.name: wrong})):
                with pytest.raises(ValueError, match=f"^{control.name} ") as refused:
                    act()
                assert refused.value._render_traceback_() == [str(refused.value)]
            assert message(explorer).count(control.name)
            assert explorer.state == state and seen(explorer) == before and len(undrawn) == 1
    for act in (lambda: explorer.load("no such"), lambda: explorer.change(no_such=3), lambda: setattr(explorer, "state", None)):
        with pytest.raises(ValueError) as refused:
            act()
        assert str(refused.value) in message(explorer) and explorer.state == state


@each
def test_what_is_no_number_is_answered_on_the_page(cls, undrawn):
    explorer = cls()
    state, before = explorer.state, seen(explorer)
    for control in cls.controls:
        if not isinstance(control, (Slider, Number)):
            continue
        beside = line(explorer, control)[-1]
        good = beside.value
        for typed in ("many", "", "1,00", "-1e30", "1e9999"):
            beside.value = typed
            assert message(explorer).count(control.label) and (f"“{typed}”" if typed else "empty") in message(explorer)
            assert f"such as {good}." in message(explorer)
            assert beside.value == good and explorer.state == state and seen(explorer) == before and len(undrawn) == 1
    explorer.reset()
    assert message(explorer) == ""


@each
def test_a_preset_beside_what_contradicts_it_is_refused(cls, undrawn):
    for name, values in [*cls.presets.items()][:2]:
        for control in cls.controls:
            if control.name in values:
                explorer = cls(preset=name, **{control.name: values[control.name]})
                nudge(explorer, control)
                other = getattr(explorer.state, control.name)
                if other != values[control.name]:
                    with pytest.raises(ValueError, match=re.escape(f"preset {name!r} sets {control.name} = ")):
                        cls(preset=name, **{control.name: other})


# the picture for a saved notebook

@each
def test_a_saved_notebook_gets_a_picture_and_text_and_no_widget(cls, monkeypatch):
    import IPython.display

    outputs = []
    monkeypatch.setattr(IPython.display, "display", lambda data, metadata=None, raw=False: outputs.append((data, metadata or {})))
    monkeypatch.setenv("HELPERS_PICTURES", "1")
    explorer = cls()
    explorer._ipython_display_()
    (picture, metadata), (text, _) = outputs
    assert set(picture) == {"image/png", "text/plain"} and set(text) == {"text/plain"}
    assert metadata == {"image/png": {"alt": explorer.alt()}} and len(explorer.alt()) >= 30
    assert Image.open(io.BytesIO(base64.b64decode(picture["image/png"]))).size == (700, 400)
    assert explorer.sentence().split()[0] in text["text/plain"] and all(v in text["text/plain"] for v in explorer.numbers().values())
    assert explorer._live is None
    assert len(picture["image/png"]) < 60_000
    json.dumps([picture, text, metadata])
