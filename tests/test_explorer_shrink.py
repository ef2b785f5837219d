"""ShrinkExplorer: values, slopes and marks are those of `helpers.shrinking`, at any state that the controls reach."""

import re
from dataclasses import fields, replace
from itertools import product
from math import log

import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.explorers import ShrinkExplorer
from helpers.explorers.shrink import HIGH, LOOKS, LOW, UNITS, ShrinkState, curve, heading, job, loose, pulling, shrunk
from helpers.shrinking import COUNTED, LEVERS, Job, elasticity, job_at
from helpers.shrinking import buildable_values as buildable, job_cost as cost, largest_within as alone, lever_value as now
from helpers.published import MODELS

GRIDS = {control.name: list(getattr(control, "values", None) or getattr(control, "options", None) or (1e-6, 0.05, 3, 24.5, 1e9))
         for control in ShrinkExplorer.controls}
some = st.lists(st.sampled_from(list(LEVERS)), min_size=1, max_size=5, unique=True).map(
    lambda chosen: tuple(lever for lever in LEVERS if lever in chosen))
states = st.builds(ShrinkState, **{name: st.sampled_from(values) for name, values in GRIDS.items() if name != "levers"}, levers=some)
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return ShrinkExplorer(**{field.name: getattr(state, field.name) for field in fields(ShrinkState)})


def test_each_control_offers_all_there_is():
    assert set(LOOKS) == set(LEVERS) == set(GRIDS["levers"]) and set(UNITS) == set(COUNTED) == set(GRIDS["counted"])
    looks = [(dash, marker) for _, dash, marker in LOOKS.values()]
    assert len({marker for _, marker in looks}) == len(looks) and len(set(map(str, looks))) == len(looks)
    assert len({colour for colour, *_ in LOOKS.values()}) >= 6


@settings(max_examples=60, deadline=None)
@given(states)
def test_the_numbers_are_those_of_the_plan(state):
    asked = Job(MODELS[state.model], state.counted, state.n, state.batch, 16, state.accelerator)
    unit, scale = UNITS[state.counted]
    shown, said = explorer_at(state).numbers(), explorer_at(state).sentence()
    today = cost(asked)
    if isinstance(today, int):
        assert shown[f"today ({COUNTED[state.counted][1]})"] == f"{today:,}"
    for lever in state.levers:
        words, of = LEVERS[lever]
        found = alone(asked, lever, state.limit * scale)
        text = shown[f"{words} ({of})"]
        assert shown[f"elasticity of {words}"] == f"{float(elasticity(asked, lever)):.3f}"
        if len(buildable(asked, lever)) == 1:
            assert "cannot be less" in text
        elif found.value is None:
            assert "none" in text and (today <= state.limit * scale or words in re.split("Never by|not even", said)[1])
        elif found.value == found.before:
            assert "meets it" in text and "met already" in said
        else:
            assert f"{found.before:,} → {found.value:,}" in text and f"{words} = {found.value:,} instead of {found.before:,}" in said


@settings(max_examples=60, deadline=None)
@given(states)
def test_curves_hold_values_that_can_be_built_and_start_at_today(state):
    asked = job(state)
    for lever in state.levers:
        shares, left = curve(asked, lever)
        assert (shares[0], left[0]) == (1, 1) and shares == sorted(set(shares), reverse=True) and shares[-1] >= 1 / 64
        for share, found in zip(shares, left):
            value = round(share * now(asked, lever))
            assert value in buildable(asked, lever) and found == cost(job_at(asked, lever, value)) / cost(asked)
        assert left == sorted(left, reverse=True)


@pytest.mark.parametrize("preset", ShrinkExplorer.presets)
def test_a_curve_leaves_its_start_with_the_elasticity_as_slope(preset):
    state = ShrinkExplorer(preset=preset).state
    asked = job(state)
    for lever in ("n", "window"):
        value = now(asked, lever)
        near = value - max(1, value // 500)
        slope = log(cost(asked) / cost(job_at(asked, lever, near))) / log(value / near)
        assert slope == pytest.approx(float(elasticity(asked, lever)), abs=0.01)


@settings(max_examples=40, deadline=None)
@given(states)
def test_marks_stand_where_the_limit_is_met(state):
    _, artists = ShrinkExplorer().compose(state)
    today, share = cost(job(state)), state.limit * UNITS[state.counted][1] / cost(job(state))
    for lever, mark in zip(state.levers, artists["marks"]):
        points = [tuple(map(float, pair)) for pair in zip(*mark.get_data())]
        found = shrunk(state, lever)
        if found.value is None or found.value == found.before or found.value * 64 < found.before or found.cost < LOW * today:
            assert not points
        else:
            (x, y), = points
            assert x * found.before == pytest.approx(found.value) and y == found.cost / today <= share * (1 + 1e-12)
    height, words = artists["limit"][0].get_ydata()[0], artists["words"].get_text()
    assert height == share if LOW <= share <= HIGH else words.endswith("↑" if share > HIGH else "↓")


def test_the_words_beside_the_line_hold_the_limit_and_today():
    _, artists = ShrinkExplorer().compose(ShrinkState())
    assert artists["words"].get_text() == "limit 24.0 GB, today 33.2 GB"
    assert artists["limit"][0].get_ydata()[0] == pytest.approx(24 / 33.240391680)


@pytest.mark.parametrize("values, words", [
    (dict(), "Width d pulls most: 1 % less saves 1.42 %; 5 of 5 meet the limit"),
    (dict(levers=("n", "groups"), limit=20), "Groups h_kv pulls most"), (dict(limit=40), "; the limit is met"),
    (dict(counted="cache", limit=8), "Five levers pull alike: 1 % less saves 1.00 %"),
    (dict(counted="cache", levers=("n", "d")), "Two levers pull alike"),
    (dict(counted="weights", levers=("n", "batch", "window")), "None of these levers moves this cost"),
    (dict(model="DeepSeek-V3", counted="cache", levers=("groups",)), "None of these levers moves this cost"),
    (dict(counted="cache", levers=("batch",)), "None of these levers moves this cost"),
])
def test_the_title_states_the_finding(values, words):
    assert words in heading(explorer_at(ShrinkState(**values)).state)


@settings(max_examples=60, deadline=None)
@given(states)
def test_the_title_names_the_strongest_of_those_that_can_be_less(state):
    title, asked = heading(state), job(state)
    pulls = {lever: elasticity(asked, lever) for lever in loose(state)}
    if not any(pulls.values()):
        assert title.startswith("None")
        return
    assert f"1 % less saves {pulling(max(pulls.values())).replace('under ', '<')} %" in title
    meets = sum(shrunk(state, lever).value is not None for lever in state.levers)
    assert f"{meets} of {len(state.levers)} meet" in title or title.endswith("limit is met")


def test_the_sheet_accepts_what_picture_and_sentence_show_in_two_decimals():
    from helpers.exercises import check
    moves = {"n = 8,192: elasticity of n": (dict(n=8_192), "n"), "n = 8,192, batch 16: elasticity of n": (dict(n=8_192, batch=16), "n"),
             "n = 8,192, forward pass: elasticity of n": (dict(n=8_192, counted="forward"), "n"),
             "n = 8,192, forward pass: elasticity of groups": (dict(n=8_192, counted="forward"), "groups"),
             "batch 16, writing one token: elasticity of n": (dict(batch=16, counted="write"), "n")}
    pulls = {row: elasticity(job(ShrinkExplorer(**move).state), lever) for row, (move, lever) in moves.items()}
    for digits in (2, 3, 5):
        assert "correct" in repr(check("14.5", {row: [1, round(float(pull), digits)] for row, pull in pulls.items()})), digits


def test_what_cannot_help_is_said():
    said = ShrinkExplorer(preset="GPT-2, a forward pass of 0.1 TFLOPs").sentence()
    assert "Never by groups h_kv (leaves 0.246 TFLOPs at the least) or precision (changes nothing)" in said
    said = ShrinkExplorer(counted="forward", n=131_072, limit=100, levers=("window",)).sentence()
    assert "No lever of these meets it alone, not even window w (leaves" in said
    latent = ShrinkExplorer(preset="DeepSeek-V3, its cache into 40 GB")
    assert "Latent attention caches no heads" in latent.sentence() and latent.numbers()["groups h_kv (heads)"] == "no groups: cannot be less"
    assert "Batch b = 1 cannot be less." in ShrinkExplorer(levers=("n", "batch")).sentence()
    assert "Sequences change no weights" in ShrinkExplorer(preset="Mixtral 8x7B, its weights into 24 GB").sentence()
    for counted in COUNTED:
        time = counted in ("read", "write")
        said = ShrinkExplorer(counted=counted).sentence()
        assert ("accelerator counts for seconds alone" in said) != time and ("H100" in said) == time


@pytest.mark.parametrize("counted", COUNTED)
def test_the_sentence_names_the_cost_and_the_limit_with_their_unit(counted):
    state = ShrinkState(counted=counted, limit=3)
    unit, scale = UNITS[counted]
    said = explorer_at(state).sentence()
    today = float(re.search(rf"([\d.,]+) {unit}; the limit is 3\.00 {unit}", said)[1].replace(",", ""))
    assert today == pytest.approx(cost(job(state)) / scale, rel=0.006)


@pytest.mark.parametrize("preset", ShrinkExplorer.presets)
def test_presets_set_the_controls_and_are_above_their_limit(preset):
    explorer = ShrinkExplorer(preset=preset)
    state = explorer.state
    assert explorer.preset_name() == preset and cost(job(state)) > state.limit * UNITS[state.counted][1]
    assert any(shrunk(state, lever).value is not None for lever in state.levers)
    assert all(value in GRIDS[name] for name, value in ShrinkExplorer.presets[preset].items() if name != "limit")


@settings(max_examples=8, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would(chosen):
    for fresh in drawn_afresh(ShrinkExplorer(), chosen):
        assert_not_cut(fresh)


SHOWN = ((1e-6, ("n", "batch", "window", "d", "layers")), (1e9, ("heads", "groups", "bits")), (1e9, ("n", "window")))
EDGES = [ShrinkState(model, counted, limit, n, batch, levers=levers) for (model, n, batch), counted, (limit, levers) in product(
    (("GPT-2", 16, 1), ("Llama-3 405B", 2**20, 4_096), ("DeepSeek-V3", 100_000, 3)), COUNTED, SHOWN)]


@pytest.mark.parametrize("state", EDGES + [replace(ShrinkState(preset), counted=counted) for preset in ("Mixtral 8x7B", "Mistral 7B")
                                           for counted in COUNTED], ids=str)
def test_no_text_is_cut_and_none_covers_another(state):
    figure, _ = ShrinkExplorer().compose(state)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    main, = figure.axes
    texts = [*figure.texts, *main.texts, main.xaxis.label, main.yaxis.label, *main.get_xticklabels(), *main.get_yticklabels()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    assert not [text for text, box in boxes if box.x0 < 0 or box.x1 > width or box.y0 < 0 or box.y1 > height]
    over = [(a, b) for i, (a, one) in enumerate(boxes) for b, other in boxes[i + 1:] if one.overlaps(other)]
    assert not over


@pytest.mark.parametrize("values, words", [
    ({"limit": 0}, "limit = 0 is out of range"), ({"limit": "24 GB"}, "limit = '24 GB'"), ({"limit": float("nan")}, "limit = nan"),
    ({"limit": True}, "limit = True"), ({"n": 15}, "n = 15 is out of range"), ({"batch": 0}, "batch = 0"),
    ({"model": "GPT2"}, "model = 'GPT2'"), ({"counted": "flops"}, "choose 'forward', 'weights'"),
    ({"accelerator": "H100"}, "accelerator = 'H100'"), ({"levers": ()}, "choose at least 1"),
    ({"levers": ("width",)}, "levers holds 'width'"), ({"levers": tuple(LEVERS)}, "at most 5"),
    ({"window": 3}, "has no 'window'"), ({"preset": "Llama-3 8B into 24 GB"}, "Nearest: 'Llama-3 8B with 128 k into 24 GB'"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        ShrinkExplorer(**values)
