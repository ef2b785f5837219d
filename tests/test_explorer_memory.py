"""MemoryExplorer: its bytes are those of `helpers.memory`, its limits the last that fit, every state a picture."""

from dataclasses import fields, replace

import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.explorers import MemoryExplorer
from helpers.explorers.memory import GRID, KINDS, NAMES, MemoryState, footprint, kinds, largest, right_end, uncounted
from helpers.memory import fits
from helpers.published import ACCELERATORS, MODELS

CHOICES = {control.name: st.sampled_from(list(getattr(control, "values", None) or control.options))
           for control in MemoryExplorer.controls}
states = st.builds(MemoryState, **CHOICES)
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return MemoryExplorer(**{field.name: getattr(state, field.name) for field in fields(MemoryState)})


@settings(max_examples=150, deadline=None)
@given(states)
def test_the_bytes_are_those_of_the_helper(state):
    model, found = MODELS[state.model], explorer_at(state).footprint()
    if state.task == "serve":
        expected = fits(model, state.accelerator, state.n, state.batch, precision=state.precision, cache_precision=state.precision)
        assert found.parts == expected.parts and found.fits == expected.fits
    elif not uncounted(state):
        precision = state.precision if state.precision == "fp32" else "bf16"
        expected = fits(model, state.accelerator, state.n, state.batch, training=True, precision=precision,
                        optimizer=state.optimizer, recompute=state.recompute, dropout=not model.gated)
        assert found.parts == expected.parts and found.fits == expected.fits
    else:
        assert set(kinds(found)) == set(KINDS) and kinds(found)["activations, logits"] == 0
    assert sum(kinds(found).values()) == found.total_bytes and found.memory_bytes == ACCELERATORS[state.accelerator].memory_bytes


@settings(max_examples=60, deadline=None)
@given(states)
def test_the_largest_that_fits_fits_and_one_more_does_not(state):
    for field, end in (("n", 10**7), ("batch", 5_000)):
        most = largest(state, field)
        if most:
            assert footprint(replace(state, **{field: most})).fits
        if most < end:
            assert not footprint(replace(state, **{field: most + 1})).fits


def test_the_lesson_s_numbers():
    explorer = MemoryExplorer()
    assert explorer.footprint().total_bytes == 98_343_627_776 and "it does not fit" in explorer.sentence()
    assert explorer.numbers()["missing (GB)"] == "18.34"
    assert explorer.numbers()["largest n that fits (tokens)"] == "861"
    explorer.change(recompute="selective")
    assert "it fits" in explorer.sentence() and explorer.numbers()["free (GB)"] == "30.94"
    serving = MemoryExplorer(preset="Llama-2 7B serves 16 users")
    assert serving.footprint().parts["KV cache"] == 16 * 4_096 * 524_288 and "Most of it: KV cache, 34.4 GB" in serving.sentence()


def test_what_is_not_counted_is_said():
    assert "not counted" in MemoryExplorer(model="Mixtral 8x7B").sentence()
    assert "not counted" not in MemoryExplorer(model="Mixtral 8x7B", task="serve").sentence()
    assert "Nobody learns in int4" in MemoryExplorer(precision="int4").sentence()
    assert "last 4,096 tokens" in MemoryExplorer(preset="Mistral 7B at home").sentence()
    assert MemoryExplorer(preset="Mistral 7B at home").numbers()["largest n that fits (tokens)"] == "10,000,000 or more"
    assert MemoryExplorer(model="GPT-3 175B").numbers()["largest batch that fits (sequences)"].startswith("none")


@settings(max_examples=60, deadline=None)
@given(states)
def test_the_bar_holds_the_total(state):
    found = footprint(state)
    assert found.total_bytes <= right_end(state) * found.memory_bytes


def test_the_picture_draws_the_bytes():
    explorer = MemoryExplorer(preset="Llama-3 8B learns")
    bar, over = explorer.figure().axes
    found = kinds(explorer.footprint())
    end = right_end(explorer.state) * explorer.footprint().memory_bytes  # the axis runs from 0 to 1
    assert [patch.get_width() * end for patch in bar.patches] == pytest.approx([found[kind] for kind in KINDS])
    lefts = [patch.get_x() * end for patch in bar.patches]
    assert lefts == pytest.approx([sum(list(found.values())[:place]) for place in range(len(KINDS))])
    limit = next(line for line in bar.lines if line.get_linestyle() == "--")
    assert limit.get_xdata()[0] * end == pytest.approx(ACCELERATORS[explorer.state.accelerator].memory_bytes)
    curve = next(line for line in over.lines if len(line.get_xdata()) == len(GRID))
    for n, total in zip(*curve.get_data()):
        assert total == footprint(replace(explorer.state, n=int(n))).total_bytes / 1e9


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize("task", ["learn", "serve"])
def test_every_model_is_drawn(model, task):
    explorer = MemoryExplorer(model=model, task=task)
    assert model in explorer.sentence() and explorer.figure().axes


@settings(max_examples=12, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_a_move_draws_what_a_new_figure_would_and_no_text_is_cut(chosen):
    explorer = MemoryExplorer()
    for fresh in drawn_afresh(explorer, chosen):
        assert_not_cut(fresh)


@pytest.mark.parametrize("values, words", [
    ({"n": 0}, "n = 0 is out of range"), ({"batch": 0}, "batch = 0 is out of range: batch b is a whole number from 1"),
    ({"batch": True}, "batch = True"), ({"precision": "bf-16"}, "precision = 'bf-16' is unknown: choose 'fp32'"),
    ({"model": "GPT2"}, "model = 'GPT2' is unknown"), ({"task": "train"}, "choose 'learn', 'serve'"),
    ({"optimizer": "lion"}, "optimizer = 'lion'"), ({"recompute": True}, "recompute = True"),
    ({"accelerator": "H100"}, "accelerator = 'H100'"), ({"preset": "Llama"}, "preset 'Llama' is unknown"),
    ({"layers": 12}, "has no 'layers'"),
])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        MemoryExplorer(**values)


def test_the_sliders_ends_are_drawn():
    figure = MemoryExplorer(model="GPT-3 175B", n=10**7, batch=5_000, accelerator="TPU v5e").figure()
    figure.canvas.draw()
    assert_not_cut(figure)
