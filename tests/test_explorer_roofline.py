"""RooflineExplorer: what it says and draws is what FLOPs and bytes, divided by a chip's two rates, come to."""

import re
from itertools import product

import numpy as np
import pytest
from drawing import drawn_afresh
from hypothesis import Phase, given, settings, strategies as st

from helpers.explorers import RooflineExplorer
from helpers.explorers.roofline import (BOTTOM, LEFT, LENGTHS, NAMES, PRECISIONS, RIGHT, TOP, RooflineState,
                                        batch_for_arithmetic, busy, held_bytes, phase_work, sequences_that_fit)
from helpers.published import ACCELERATORS, MODELS

BATCHES = RooflineExplorer.controls[4].values
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)
states = st.builds(RooflineState, accelerator=st.sampled_from(list(ACCELERATORS)), model=st.sampled_from(NAMES),
                   phase=st.sampled_from(["prefill", "decode"]), precision=st.sampled_from(list(PRECISIONS)),
                   batch=st.integers(BATCHES[0], BATCHES[-1]), n=st.integers(LENGTHS[0], LENGTHS[-1]))


def test_one_chat_by_hand():
    # Llama-3 8B: 7,504,658,432 weights in products and 266,240 in norms; a token of cache is 32·8·128·2 numbers
    products, norms, seen = 7_504_658_432, 266_240, 8_192
    flops = 2 * products + 4 * 32 * 4_096 * seen
    moved = 2 * (products + norms) + 2 * 2 * 32 * 8 * 128 * seen
    work = phase_work(RooflineState(n=seen))
    assert (work.flops, work.bytes_moved) == (flops, moved)
    shown = RooflineExplorer(n=seen).numbers()
    assert shown["FLOPs"] == f"{flops:,}" and shown["bytes"] == f"{moved:,}"
    assert shown["tokens per second, at most"] == f"{3.35e12 / moved:.0f}" and shown["FLOPs per byte"] == f"{flops / moved:.2f}"
    assert shown["arithmetic in use"] == f"{100 * (flops / 989e12) / (moved / 3.35e12):.1f} %"
    pairs = seen * (seen + 1) // 2  # each token of a prompt looks back only
    assert phase_work(RooflineState(phase="prefill", n=seen)).flops == 2 * products * seen + 4 * 32 * 4_096 * pairs


@settings(max_examples=60, deadline=None, phases=DRAWN)
@given(states)
def test_the_slower_clock_counts_and_the_mark_stands_on_the_roof(state):
    chip, work = ACCELERATORS[state.accelerator], phase_work(state)
    slower = max(work.flops / chip.flops_per_second, work.bytes_moved / chip.bytes_per_second)
    assert work.seconds == pytest.approx(slower) and 0 < busy(work) < 100.001
    _, artists = RooflineExplorer().compose(state)
    (x,), (y,) = artists["here"][0].get_data()
    assert x == pytest.approx(work.flops / work.bytes_moved)
    assert y == pytest.approx(min(chip.flops_per_second, x * chip.bytes_per_second))
    assert LEFT < x < RIGHT and BOTTOM < y < TOP, "on the axes"
    assert y == pytest.approx(np.exp(np.interp(np.log(x), *map(np.log, artists["roof"][0].get_data()))))
    widths = [bar.get_width() for bar in artists["bars"]]
    assert max(widths) == pytest.approx(1) and (widths[1] == 1) == (work.limit == "memory")


@pytest.mark.parametrize("name", ["Llama-2 7B", "Llama-3 8B", "DeepSeek-V3"])
@pytest.mark.parametrize("chip", ["A100 80GB", "H100 SXM", "RTX 4090"])
def test_the_full_house_is_the_first_that_fills_the_chip(name, chip):
    full = []
    for n in (16, 64, 256, 1_024, 8_192):
        state = RooflineState(accelerator=chip, model=name, n=n)
        least = batch_for_arithmetic(state)
        full.append(least is not None)
        if least is None:
            continue
        limits = [phase_work(RooflineState(accelerator=chip, model=name, n=n, batch=batch)).limit for batch in (least - 1, least)]
        assert limits == ["memory", "arithmetic"]
    assert full == sorted(full, reverse=True), "once the caches weigh too much, longer ones do as well"
    assert full[0] and (name == "DeepSeek-V3" or not full[-1])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_sequences_fit_until_the_memory_is_full(precision):
    state = RooflineState(n=2_048, precision=precision)
    most = sequences_that_fit(state)
    memory = ACCELERATORS[state.accelerator].memory_bytes

    def held(batch):
        return held_bytes(RooflineState(n=2_048, precision=precision, batch=batch))
    assert held(most) <= memory < held(most + 1)
    assert sequences_that_fit(RooflineState(model="Llama-3 405B", precision=precision)) == 0


def test_a_model_too_large_says_how_many_chips():
    said = RooflineExplorer(model="Llama-3 405B").sentence()
    chips = int(re.search(r"at least (\d+) of these chips", said)[1])
    held, memory = held_bytes(RooflineState(model="Llama-3 405B")), ACCELERATORS["H100 SXM"].memory_bytes
    assert (chips - 1) * memory < held <= chips * memory
    assert "chips" not in RooflineExplorer(model="Llama-3 8B").sentence()


def test_narrow_weights_help_only_the_slower_memory():
    def seconds(phase, precision):
        return phase_work(RooflineState(phase=phase, precision=precision, n=1_024)).seconds
    assert seconds("decode", "16 bit") / seconds("decode", "weights 4 bit") == pytest.approx(4, rel=0.03)
    assert seconds("prefill", "16 bit") == seconds("prefill", "weights 4 bit")
    assert "arithmetic stays in 16 bits" in RooflineExplorer(precision="weights 4 bit").sentence()


def test_the_questions_of_the_lesson_have_their_answers_on_the_sliders():
    def largest(n, batches=BATCHES):
        return any(phase_work(RooflineState(n=n, batch=batch)).limit == "arithmetic" for batch in batches)
    assert [n for n in LENGTHS if largest(n)][-1] == 256

    def first(precision):
        return next(n for n in LENGTHS if phase_work(RooflineState(phase="prefill", precision=precision, n=n)).limit == "arithmetic")
    assert (first("16 bit"), first("weights 4 bit")) == (512, 128)


@pytest.mark.parametrize("preset", RooflineExplorer.presets)
def test_presets_are_what_they_are_called(preset):
    explorer = RooflineExplorer(preset=preset)
    assert explorer.preset_name() == preset and explorer.state.model in MODELS
    held = held_bytes(explorer.state) > ACCELERATORS[explorer.state.accelerator].memory_bytes
    assert held == (preset in ("a full house: 64 chats", "a small cache: DeepSeek-V3, 64 chats"))


@settings(max_examples=8, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would(chosen):
    explorer = RooflineExplorer()
    assert len(list(drawn_afresh(explorer, chosen))) == len(chosen)


EDGES = [RooflineState(accelerator=chip, model=name, phase=phase, precision="weights and cache 8 bit", batch=batch, n=n)
         for chip, name, phase, batch, n in product(("V100", "B200", "TPU v6e"), ("GPT-2", "Llama-3 405B", "DeepSeek-V3"),
                                                    ("prefill", "decode"), (1, 4_096), (16, 2**20))]


@pytest.mark.parametrize("state", EDGES, ids=str)
def test_no_text_is_cut_and_none_covers_another(state):
    figure, _ = RooflineExplorer().compose(state)
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    main = figure.axes[0]
    drawn = [label for label, y in zip(main.get_yticklabels(), main.get_yticks(), strict=True) if BOTTOM <= y <= TOP]
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts), main.xaxis.label, main.yaxis.label,
             *main.get_xticklabels(), *drawn]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    assert all(0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1:])


@pytest.mark.parametrize("values, words", [
    ({"accelerator": "H100"}, "accelerator = 'H100' is unknown: choose 'V100'"), ({"model": "GPT-4"}, "model = 'GPT-4'"),
    ({"n": 0}, "from 16 to 1,048,576 tokens"), ({"n": 8192.0}, "n = 8192.0"), ({"batch": 0}, "from 1 to 4,096 sequences"),
    ({"phase": "train"}, "choose 'prefill', 'decode'"), ({"precision": "fp8"}, "choose '16 bit'"),
    ({"bandwidth": 0}, "has no 'bandwidth'"), ({"preset": "one chat: Llama-3 8B"}, "Nearest: 'one chat: Llama-3 8B writes'"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        RooflineExplorer(**values)
