"""ServingExplorer: what it says and draws is what `helpers.planning.serve` finds, at any state that the controls reach."""

import re
from dataclasses import fields, replace
from itertools import product

import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.explorers import ServingExplorer
from helpers.explorers.roofline import PRECISIONS
from helpers.explorers.serving import BATCHES, ServingState, heading, limits, money, over_batches, serving, stretch
from helpers.planning import serve
from helpers.published import ACCELERATORS, MODELS

GRIDS = {control.name: list(getattr(control, "values", None) or getattr(control, "options", None) or (0.01, 2.5, 7, 1_000))
         for control in ServingExplorer.controls}
states = st.builds(ServingState, **{name: st.sampled_from(values) for name, values in GRIDS.items()})
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return ServingExplorer(**{field.name: getattr(state, field.name) for field in fields(ServingState)})


@settings(max_examples=60, deadline=None)
@given(states)
def test_the_numbers_are_those_of_the_plan(state):
    weights, cache = PRECISIONS[state.precision]
    found = serve(MODELS[state.model], state.accelerator, state.prompt, state.written, state.batch, state.devices, weights, cache,
                  state.share / 100, state.price)
    explorer = explorer_at(state)
    assert explorer.serving() == found
    shown, said = explorer.numbers(), explorer.sentence()
    assert shown["KV cache (bytes)"] == f"{found.footprint.parts['KV cache']:,}"
    assert shown["it fits"] == ("yes" if found.fits else "no") and ("it does not fit" in said) != found.fits
    assert shown["largest batch that fits (users)"] == f"{found.largest_batch:,}"
    assert shown["a million tokens written (USD)"] == money(found.usd_per_million_written) and f"{money(found.usd_per_million_read)} USD to read" in said
    assert shown["limit of reading"] == found.reading.limit and found.writing.limit in said
    if not found.fits:
        need = int(re.search(r"needs ([\d,]+) of these", said)[1].replace(",", ""))
        memory = ACCELERATORS[state.accelerator].memory_bytes
        assert (need - 1) * memory < found.footprint.total_bytes <= need * memory


@settings(max_examples=40, deadline=None)
@given(states)
def test_the_curve_holds_every_batch_and_the_full_memory(state):
    rows = over_batches(state)
    most = serving(state).largest_batch
    assert {row[0] for row in rows} == {*BATCHES} | ({most} if 1 <= most <= BATCHES[-1] else set())
    (left, right), (bottom, top) = limits(state)
    for batch, speed, usd, limit, fits in rows:
        found = serving(replace(state, batch=batch))
        assert (speed, usd) == (found.tokens_per_second_per_user, found.usd_per_million_written)
        assert limit == found.writing.limit and fits == (batch <= most) == found.fits
        assert left < speed < right and bottom < usd < top, "on the axes"
    speeds, costs = [row[1] for row in rows], [row[2] for row in rows]
    assert speeds == sorted(speeds, reverse=True), "never faster for each user"
    assert all(b <= a * (1 + 1e-9) for a, b in zip(costs, costs[1:])), "never dearer"


@settings(max_examples=30, deadline=None)
@given(states)
def test_the_marks_stand_where_they_are_said_to(state):
    found = serving(state)
    _, artists = ServingExplorer().compose(state)
    (x,), (y,) = artists["here"][0].get_data()
    assert (x, y) == (found.tokens_per_second_per_user, found.usd_per_million_written)
    full = [tuple(map(float, pair)) for pair in zip(*artists["full"][0].get_data())]
    if 1 <= found.largest_batch <= BATCHES[-1]:
        at = serving(replace(state, batch=found.largest_batch))
        assert full == [(at.tokens_per_second_per_user, at.usd_per_million_written)]
    else:
        assert not full
    assert artists["key of full"].get_visible() == bool(full)
    weights, cache = (bar.get_width() for bar in artists["bars"])
    assert (weights + cache <= artists["room"].get_width() + 1e-12) == found.fits
    assert artists["bars"][1].get_x() == weights


def test_each_stretch_of_the_curve_is_drawn_once_in_its_dash():
    rows = [(1, 10.0, 9.0, "memory", True), (2, 8.0, 5.0, "memory", True), (4, 4.0, 3.0, "arithmetic", True),
            (8, 2.0, 3.0, "arithmetic", False), (16, 1.0, 3.0, "arithmetic", False)]
    seen = {kind: [x for x in stretch(rows, kind)[0] if x == x] for kind in ("memory", "arithmetic", "none")}
    assert seen == {"memory": [10.0, 8.0], "arithmetic": [8.0, 4.0], "none": [4.0, 2.0, 1.0]}


@pytest.mark.parametrize("values, words", [
    (dict(), "16 users: tokens 12.3 times cheaper, each user 1.3 times slower"), (dict(batch=1), "One user alone: 190 would pay"),
    (dict(batch=256), "No room for 256 users: memory is full at 190"),
    (dict(model="Llama-3 70B"), "No room: the weights and one user's cache are too large"),
    (dict(model="Llama-3 8B", accelerator="H100 SXM", prompt=2**18, batch=1), "There is room for one user alone"),
])
def test_the_title_states_the_finding(values, words):
    assert heading(explorer_at(ServingState(**values)).state).startswith(words)


def test_the_sentence_says_what_twice_the_users_would_do():
    now, twice = (serving(ServingState(batch=batch)) for batch in (16, 32))
    cheaper = 100 * (1 - twice.usd_per_million_written / now.usd_per_million_written)
    slower = 100 * (1 - twice.tokens_per_second_per_user / now.tokens_per_second_per_user)
    assert f"a token {cheaper:.0f} % cheaper, and each of them {slower:.0f} % slower" in ServingExplorer().sentence()
    assert "The memory is full at 190 users" in ServingExplorer(batch=128).sentence()
    short = dict(prompt=64, written=64)
    assert "the arithmetic is full" in ServingExplorer(batch=1_024, **short).sentence()
    assert "brings a cache" in ServingExplorer(model="GPT-2 XL", accelerator="MI300X", batch=256, prompt=512).sentence()


def test_assumptions_are_said_to_be_assumptions():
    assert "2.5 USD an hour for each accelerator (our assumption of November 2026)" in ServingExplorer().sentence()
    assert "4 USD an hour for each accelerator (your price)" in ServingExplorer(price=4).sentence()
    assert "for an H100; another kind has another price" in ServingExplorer(accelerator="RTX 4090").sentence()
    assert "for an H100" not in ServingExplorer(accelerator="RTX 4090", price=0.4).sentence()
    assert "left out" not in ServingExplorer().sentence() and "left out" in ServingExplorer(devices=2).sentence()
    assert "stays in 16 bits" in ServingExplorer(precision="weights 4 bit").sentence()
    assert "last 4,096 tokens" in ServingExplorer(model="Mistral 7B", prompt=16_384).sentence()
    twice = [serving(ServingState(price=price)).usd_per_million_written for price in (2, 4)]
    assert twice[1] == pytest.approx(2 * twice[0])


@pytest.mark.parametrize("preset", ServingExplorer.presets)
def test_presets_set_the_controls_and_all_but_one_fit(preset):
    explorer = ServingExplorer(preset=preset)
    assert explorer.preset_name() == preset
    assert explorer.serving().fits == (preset != "one long text, Llama-3 8B")
    for name, value in ServingExplorer.presets[preset].items():
        assert value in GRIDS[name]


@settings(max_examples=8, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would(chosen):
    for fresh in drawn_afresh(ServingExplorer(), chosen):
        assert_not_cut(fresh)


EDGES = [ServingState("DeepSeek-V3", chip, 128, 16, 2, 1) for chip in ("H200", "H100 SXM")]
EDGES += [ServingState(model, chip, devices, prompt, written, batch, "weights 4 bit", share, price)
         for (model, chip, devices), (prompt, written), batch, (share, price) in product(
             (("GPT-3 175B", "V100", 1), ("GPT-2 XL", "B200", 128), ("DeepSeek-V3", "TPU v5p", 96)), ((16, 2), (2**20, 2**16)),
             (1, 4_096), ((5, 1_000), (100, 0.01)))]


@pytest.mark.parametrize("state", EDGES, ids=str)
def test_no_text_is_cut_and_none_covers_another(state):
    figure, _ = ServingExplorer().compose(state)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    main = figure.axes[0]
    (left, right), (bottom, top) = limits(state)
    ticks = [label for axis, low, high in ((main.xaxis, left, right), (main.yaxis, bottom, top))
             for label, place in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True) if low <= place <= high]
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts), main.xaxis.label, main.yaxis.label, *ticks]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    assert not [text for text, box in boxes if box.x0 < 0 or box.x1 > width or box.y0 < 0 or box.y1 > height]
    over = [(a, b) for i, (a, one) in enumerate(boxes) for b, other in boxes[i + 1:] if one.overlaps(other)]
    assert not over


@pytest.mark.parametrize("values, words", [
    ({"batch": 0}, "batch = 0 is out of range"), ({"devices": 0}, "from 1 to 128 devices"), ({"prompt": 2.5}, "prompt = 2.5"),
    ({"written": 1}, "from 2 to 65,536 tokens"), ({"share": 0}, "from 5 to 100 %"), ({"price": 0}, "price = 0 is out of range"),
    ({"price": "2"}, "price = '2'"), ({"price": float("nan")}, "price = nan"), ({"model": "GPT2"}, "model = 'GPT2' is unknown"),
    ({"accelerator": "H100"}, "accelerator = 'H100'"), ({"precision": "bf16"}, "choose '16 bit'"),
    ({"users": 3}, "has no 'users'"), ({"preset": "16 chats"}, "Nearest: '16 chats with Llama-3 8B'"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        ServingExplorer(**values)
