"""BudgetExplorer: its numbers are those of `helpers.planning`, every state has a picture, and its presets real runs."""

from dataclasses import fields, replace
from math import inf, isclose

import pytest
from drawing import assert_not_cut, drawn_afresh
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.explorers import BudgetExplorer
from helpers.explorers.budget import BUDGETS, KINDS, MODEL_SIZES, BudgetState, extra_losses, map_data, plan
from helpers import planning as training
from helpers.published import ACCELERATORS, MODELS, rows

CHOICES = {control.name: st.sampled_from(list(getattr(control, "values", None) or control.options))
           for control in BudgetExplorer.controls if control.name != "price"}


def can_be_built(state):
    """Small budgets do not train as many parameters as GPT-3's block has positions; said in plain numbers."""
    flops = ACCELERATORS[state.accelerator].flops_per_second * state.devices * state.utilisation / 100 * 86_400 * state.days
    size = training.optimal_split(state.law, flops).parameters * state.size / 100
    return state.block == "Llama-2" or size >= 64 * (50_257 + state.n) + 12 * 64**2 + 15 * 64


every_state = st.builds(BudgetState, price=st.sampled_from([0.01, 1.5, 2.5, 1000]), **CHOICES)
states = every_state.filter(can_be_built)
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return BudgetExplorer(**{field.name: getattr(state, field.name) for field in fields(BudgetState)})


@settings(max_examples=60, deadline=None)
@given(states)
def test_the_plan_is_the_helper_s(state):
    found, share = plan(state), state.utilisation / 100
    flops = ACCELERATORS[state.accelerator].flops_per_second * state.devices * share * 86_400 * state.days
    assert isclose(found.flops, flops)
    assert isclose(found.asked.parameters, found.best.parameters * state.size / 100)
    assert isclose(6 * found.asked.parameters * found.asked.tokens, flops)
    assert abs(found.model.parameters() / found.asked.parameters - 1) < 0.06
    assert isclose(found.days, state.days * found.exact / found.flops)
    assert isclose(found.price, found.days * 24 * state.devices * state.price)
    enough = found.least_devices
    assert found.footprint.fits == (enough <= state.devices) and (enough == inf or enough >= 1)


@settings(max_examples=60, deadline=None)
@given(states)
def test_the_map_and_the_valley_hold_the_state(state):
    found = plan(state)
    assert BUDGETS[0] < found.flops < BUDGETS[1] and MODEL_SIZES[0] < found.asked.parameters < MODEL_SIZES[1]
    losses = extra_losses(state.law, state.law, found.flops)
    assert min(losses) >= 0 and losses.index(min(losses)) == len(losses) // 2


@settings(max_examples=40, deadline=None)
@given(states)
def test_the_sentence_says_whether_it_fits_and_what_it_costs(state):
    explorer, found = explorer_at(state), plan(state)
    sentence, numbers = explorer.sentence(), explorer.numbers()
    assert ("it fits" in sentence) == found.footprint.fits
    assert ("one sequence alone is too much" in sentence) == (found.least_devices == inf)
    assert ("You ask for" in sentence) == (state.size != 100)
    assert f"{numbers['price (USD)']} USD, at {state.price:,g} USD an hour" in sentence
    assert ("our assumption" in sentence) == (state.price == BudgetState().price)
    assert numbers["compute-optimal N (parameters)"] in sentence and numbers["budget C (FLOPs)"] in sentence


def test_the_lesson_s_start():
    explorer = BudgetExplorer()
    assert explorer.state == BudgetState() and explorer.preset_name() == "8 H100 for a week"
    flops = 8 * 7 * 86_400 * 989e12 * 0.4
    assert explorer.numbers()["budget C (FLOPs)"] == "1.91·10²¹" and f"{flops:.2e}" == "1.91e+21"
    assert explorer.numbers()["compute-optimal N (parameters)"] == "3.88 billion"
    assert explorer.published() is None
    assert "it fits, as it would on 2." in explorer.sentence()
    assert explorer.numbers()["N by the published law (parameters)"] == "2.45 billion"
    explorer.change(law="published", devices=1)
    assert "N by the refitted law (parameters)" in explorer.numbers() and explorer.sentence().endswith("it fits.")


@pytest.mark.parametrize("preset, name", BudgetExplorer.trained.items())
def test_a_preset_has_the_flops_of_the_run_that_it_names(preset, name):
    explorer = BudgetExplorer(preset=preset)
    row = next(row for row in rows("trained_models") if row.name == name)
    assert explorer.published() is row and name in explorer.sentence()
    assert isclose(plan(explorer.state).flops, 6 * row.parameters * row.tokens, rel_tol=0.015)
    if row.accelerator_hours:
        assert explorer.state.devices * explorer.state.days * 24 == row.accelerator_hours
        assert f"in {row.accelerator_hours:,} hours" in explorer.sentence() and "35.0 days of so many" in explorer.sentence()
        of_the_peak = 6 * row.parameters * row.tokens / (3600 * row.accelerator_hours * 312e12)
        assert abs(100 * of_the_peak - explorer.state.utilisation) < 0.5 and "43 % is the model's utilisation" in explorer.sentence()
    explorer.change(days=explorer.state.days + 1)
    assert explorer.published() is None and "was trained" not in explorer.sentence()


def test_llama_3_8b_s_size_is_a_tenth_of_the_best_and_little_worse():
    found = plan(BudgetExplorer(preset="Llama-3 8B's FLOPs and size").state)
    assert isclose(found.asked.parameters, MODELS["Llama-3 8B"].parameters(), rel_tol=0.02)
    assert 0.04 < found.asked.loss - found.best.loss < 0.07


def test_one_sequence_that_is_too_much_is_said():
    explorer = BudgetExplorer(preset="Llama-2 70B's hours of A100")
    assert "it fits" in explorer.sentence()
    explorer.change(recompute="selective")
    assert "recompute more" in explorer.sentence() and explorer.numbers()["accelerators that it needs to fit"] == "no number"
    explorer.change(recompute="full", n=131_072)
    assert "too much" in explorer.sentence() and "recompute more" not in explorer.sentence()


def test_scores_that_fill_a_chip_are_named_with_the_kernel_that_stores_none():
    explorer = BudgetExplorer(n=65_536, recompute="full")
    scores = 2 * plan(explorer.state).model.n_heads * 65_536**2
    assert f"{scores / 1e9:,.0f} GB of it are scores" in explorer.sentence() and "with it, 2 would do" in explorer.sentence()
    explorer.change(recompute="none")  # the other activations are too much too
    assert "even with the kernel of lesson 09" in explorer.sentence() and "would do" not in explorer.sentence()


@settings(max_examples=60, deadline=None)
@given(every_state)
def test_a_state_is_built_or_refused_by_name_and_none_breaks_later(state):
    if can_be_built(state):
        assert explorer_at(state).numbers()
    else:
        with pytest.raises(ValueError, match="contradict this budget: .* Choose a shorter n, Llama-2's block or a larger budget"):
            explorer_at(state)


def test_positions_beyond_a_small_budget_are_refused_where_they_are_asked_for():
    small = dict(devices=1, accelerator="V100", days=1, utilisation=10, size=10, block="GPT-3")
    explorer = BudgetExplorer(**small, n=65_536)
    assert explorer.sentence() and explorer.figure()
    with pytest.raises(ValueError, match="n = 131,072 and block = 'GPT-3' contradict this budget: .* positions that it learns"):
        explorer.change(n=131_072)
    assert explorer.state.n == 65_536
    with pytest.raises(ValueError, match="contradict"):
        BudgetExplorer(**small, n=131_072)
    explorer.change(block="Llama-2", n=131_072)
    assert explorer.numbers()


def test_the_sheet_accepts_what_the_explorer_shows_and_knows_its_slips():
    from helpers.exercises import check
    days, best = "its training (days)", "compute-optimal N (parameters)"
    moves = {"800 accelerators: best N (10⁹)": (dict(devices=800), best), "800, published law: best N (10⁹)": (dict(devices=800, law="published"), best),
             "full recomputation: days": (dict(recompute="full"), days), "n = 32,768 tokens: days": (dict(n=32_768), days)}
    seen = {row: float(BudgetExplorer(**move).numbers()[label].split()[0]) for row, (move, label) in moves.items()}
    worse = plan(BudgetExplorer(size=316).state)
    worse = worse.asked.loss - worse.best.loss
    for reading in (worse, round(worse, 3), round(plan(BudgetExplorer(size=316).state).asked.loss, 3) - 2.252):
        sheet = {row: [1, value] for row, value in (seen | {"model size 316 %: nats worse": reading}).items()}
        assert "correct" in repr(check("14.1", sheet)), reading
    slip = float(BudgetExplorer(recompute="selective").numbers()[days])
    assert "selective" in repr(check("14.1", sheet | {"full recomputation: days": [1, slip]}))


def test_a_preset_brings_its_law_back():
    explorer = BudgetExplorer()
    explorer.change(law="published")
    assert explorer.preset_name() is None
    explorer.load("8 H100 for a week")
    assert explorer.state.law == "refitted" and explorer.preset_name() == "8 H100 for a week"
    assert all("law" in values for values in BudgetExplorer.presets.values())


@settings(max_examples=30, deadline=None)
@given(states)
def test_what_lies_beyond_the_fitted_models_is_called_extrapolated(state):
    found = plan(state)
    beyond = max(found.best.parameters, found.asked.parameters) > 16e9
    assert ("extrapolated: the models that were fitted end at 16.0 billion" in explorer_at(state).sentence()) == beyond


def test_the_assumed_price_is_for_one_kind_of_chip():
    assert "for an H100" not in BudgetExplorer().sentence()
    assert "for an H100; another kind has another price" in BudgetExplorer(accelerator="V100").sentence()
    assert "(your price)" in BudgetExplorer(accelerator="V100", price=1).sentence()


def test_the_map_draws_the_laws_and_what_was_trained():
    lines, (budgets, low, high), points = map_data()
    for law, (xs, ys) in lines.items():
        assert all(isclose(y, training.optimal_split(law, x).parameters) for x, y in zip(xs, ys))
    assert all(a < b for a, b in zip(low, high)) and set(lines) == {"published", "refitted"}
    assert isclose(points["GPT-3 175B"][0], 3.14e23, rel_tol=0.005) and isclose(points["Chinchilla 70B"][0], 5.76e23, rel_tol=0.025)


@settings(max_examples=25, deadline=None, phases=DRAWN)
@given(states)
def test_the_picture_draws_the_plan(state):
    figure, artists = explorer_at(state).compose(state)
    found = plan(state)
    assert artists["point"][0].get_data() == ([found.flops], [found.asked.parameters])
    assert artists["here"][0].get_data() == ([state.size / 100], [found.asked.loss - found.best.loss])
    widths = [patch.get_width() for patch in artists["parts"]]
    total = 100 * found.footprint.total_bytes / found.footprint.memory_bytes
    assert len(widths) == len(KINDS) and (isclose(sum(widths), total) or total > 1e3)
    assert artists["verdict"].get_text().endswith("it fits" if found.footprint.fits else "too much")
    assert_not_cut(figure)
    left, right = (text.get_window_extent() for text in artists["title"])
    assert left.x1 + 10 < right.x0


@settings(max_examples=8, deadline=None, phases=DRAWN)
@given(st.lists(states, min_size=2, max_size=3))
def test_moves_draw_what_new_figures_would(chosen):
    for fresh in drawn_afresh(explorer_at(chosen[0]), [*chosen, replace(chosen[-1], size=10), replace(chosen[-1], n=512)]):
        assert_not_cut(fresh, *(label for axes in fresh.axes for label in axes.get_xticklabels()
                                if axes.get_xlim()[0] <= label.get_position()[0] <= axes.get_xlim()[1]))


@pytest.mark.parametrize("values, words", [
    (dict(devices=0), "devices = 0 is out of range: accelerators is a whole number from 1 to 50,000"),
    (dict(days=1.5), "days = 1.5 is not a whole number"),
    (dict(utilisation=0), "utilisation = 0 is out of range"),
    (dict(utilisation=0.4), "utilisation = 0.4 is not a whole number"),
    (dict(law="Kaplan"), "law = 'Kaplan' is unknown"),
    (dict(price="cheap"), "price = 'cheap'"),
    (dict(price=0), "price = 0 is out of range"),
    (dict(accelerator="H1000"), "accelerator = 'H1000' is unknown"),
    (dict(preset="8 H100 for a week", devices=9), "devices"),
])
def test_what_is_wrong_is_named(values, words):
    with pytest.raises(ValueError, match=words):
        BudgetExplorer(**values)
