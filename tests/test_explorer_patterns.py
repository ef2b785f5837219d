"""PatternExplorer: its bills are the traced ones, its weights what the layers return, its picture what the state says."""

from dataclasses import fields
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest
from drawing import assert_not_cut
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers import layers
from helpers.explorers import PatternExplorer, bets
from helpers.explorers.bets import METHODS, SHOWN, STRUCTURES, error, flops, future, hashes_of, kept, meeting, structured, window_of
from helpers.explorers.patterns import PIXELS, PatternState, few_digits, heading, measured, share, used
from helpers.published import rows
from helpers.tracing import trace

LESSON = Path(__file__).parents[1] / "notebooks" / "10_cheaper_attention.ipynb"
CONTROLS = {control.name: control for control in PatternExplorer.controls}
states = st.builds(PatternState, **{
    name: st.sampled_from(list(getattr(control, "options", None) or control.values)) for name, control in CONTROLS.items()})
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)


def explorer_at(state):
    return PatternExplorer(**{field.name: getattr(state, field.name) for field in fields(PatternState)})


@cache
def taught(*names):
    """The functions `names` as the cells of lesson 10 define them."""
    space = {"np": np, "layers": layers}
    for cell in nbformat.read(LESSON, 4).cells:
        if cell.cell_type == "code" and any(f"def {name}(" in cell.source for name in names):
            exec(cell.source.split("\ntrace(")[0].split("\n\nscores, tokens =")[0], space)
    return [space[name] for name in names]


def call(method, n, d_h, budget, causal, rng=None):
    """The layer of a method and what it needs besides q, k, v: arrays with rng, else shapes."""
    rounds, bucket = hashes_of(budget)
    if method == "hashing":
        rotations = (layers.random_rotations(d_h, n // bucket, rounds, rng) if rng else (rounds, d_h, n // bucket // 2))
        return layers.hashed_attention, {"rotations": rotations, "bucket_size": bucket}
    if method == "low_rank":
        means = np.repeat(np.eye(budget), n // budget, axis=1) * budget / n if rng else (budget, n)
        return layers.low_rank_attention, {"e": means, "f": means}
    if method == "features":
        omega = rng.standard_normal((budget, d_h)) if rng else (budget, d_h)
        return layers.random_feature_attention, {"omega": omega, "causal": causal}
    return {"all": (layers.mix, {"causal": causal}), "linear": (layers.linear_attention, {"causal": causal}),
            "window": (layers.windowed_attention, {"window": window_of(budget, causal), "causal": causal}),
            "strided": (layers.strided_attention, {"stride": budget, "causal": causal})}[method]


@cache
def scene():
    """One explorer and its drawn figure, which each test moves: what stays is drawn once."""
    explorer = PatternExplorer()
    figure, artists = explorer.compose(explorer.state)
    figure.canvas.draw()
    return explorer, figure, artists


def scene_at(state):
    explorer, _, artists = scene()
    explorer.update(artists, state)
    return artists


def can_look_back(state):
    """Causal, where it is asked for: low rank never is, and hashing only with keys that are the queries."""
    return state.causal == "yes" and state.method not in ("low_rank", "hashing")


# the bill

@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(METHODS)), st.sampled_from([16, 32, 64]), st.integers(1, 6), st.sampled_from([4, 8, 16]), st.booleans())
def test_a_bill_is_what_the_layer_costs(method, n, d_h, budget, causal):
    layer, more = call(method, n, d_h, budget, causal)
    assert flops(method, n, d_h, budget, causal) == trace(layer, **dict.fromkeys("qkv", (n, d_h)), **more).flops


@pytest.mark.parametrize("budget", [128, 512])
def test_more_rounds_cost_what_the_layer_costs(budget):
    layer, more = call("hashing", 1_024, 8, budget, False)
    assert flops("hashing", 1_024, 8, budget) == trace(layer, **dict.fromkeys("qkv", (1_024, 8)), **more).flops


@pytest.mark.parametrize("method", [method for method in METHODS if method != "all"])
@pytest.mark.parametrize("d_h, budget", [(16, 4), (64, 64), (128, 256), (256, 512)])
def test_a_meeting_is_the_first_length_that_pays(method, d_h, budget):
    n, step = meeting(method, d_h, budget), budget if method == "strided" else 1
    assert flops(method, n, d_h, budget) < flops("all", n, d_h, budget)
    assert flops(method, n - step, d_h, budget) >= flops("all", n - step, d_h, budget)


def test_what_is_kept():
    assert kept("all", 1_000, 64, 8) == kept("hashing", 1_000, 64, 8) == kept("strided", 1_000, 64, 8) == 128_000
    assert kept("window", 1_000, 64, 8) == 1_024 and kept("low_rank", 1_000, 64, 8) is None
    phi, v = np.ones(8), np.ones(64)
    _, state, total = layers.feature_cell(phi, phi, v, np.zeros((8, 64)), np.zeros(8))
    assert kept("features", 1_000, 64, 8) == state.size + total.size and kept("linear", 1_000, 64, 8) == 64 * 64 + 64


# the weights and the errors

@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("method, causal", [(method, causal) for method in METHODS for causal in (False, True)
                                            if not (causal and method in ("low_rank", "hashing"))])
def test_the_weights_are_what_the_layer_returns(method, causal, structure):
    d_h, budget = 16, 64
    q, k, v = structured(structure, SHOWN, d_h)
    layer, more = call(method, SHOWN, d_h, budget, causal, np.random.default_rng(0))
    found = bets.weights(method, structure, d_h, budget, causal)
    assert np.allclose(found @ v, layer(q, k, v, **more))
    exact = layers.mix(q, k, v, causal)
    assert error(method, structure, d_h, budget, causal) == pytest.approx(
        np.linalg.norm(layer(q, k, v, **more) - exact) / np.linalg.norm(exact), abs=1e-12)
    assert not causal or np.triu(found, 1).max() == 0


def test_the_lesson_and_the_helpers_say_the_same():
    same, window, low_rank, features = taught("structured", "window_attention", "low_rank_attention", "positive_features")
    for kind in STRUCTURES:
        for ours, theirs in zip(same(kind, 96, 32, seed=3), structured(kind, 96, 32, seed=3)):
            assert np.array_equal(ours, theirs)
    q, k, v = structured("few", SHOWN, 64)
    omega, e = np.random.default_rng(1).standard_normal((5, 64)), bets.segments(SHOWN, 4)
    assert np.allclose(window(q, k, v, 7), layers.windowed_attention(q, k, v, 7, causal=True))
    assert np.allclose(low_rank(q, k, v, e, e), layers.low_rank_attention(q, k, v, e, e))
    assert np.allclose(features(q, omega), layers.positive_features(q, omega))


def best_error(degree, largest):
    """Least and largest of the errors that alternate, of Remez's best polynomial: no polynomial of this degree is below the least."""
    nodes, everywhere = np.cos(np.linspace(0, np.pi, degree + 2)), np.cos(np.linspace(0, np.pi, 8_001))
    for _ in range(12):
        basis = np.polynomial.chebyshev.chebvander(nodes, degree) * np.exp(-largest * nodes)[:, None]
        *factors, level = np.linalg.solve(np.hstack([basis, (-1.0) ** np.arange(degree + 2)[:, None]]), np.ones(degree + 2))
        off = 1 - np.polynomial.chebyshev.chebval(everywhere, factors) * np.exp(-largest * everywhere)
        pieces = np.split(np.arange(len(off)), np.flatnonzero(np.sign(off[1:]) != np.sign(off[:-1])) + 1)
        nodes = everywhere[[piece[np.abs(off[piece]).argmax()] for piece in pieces]]
        assert len(nodes) == degree + 2
    return abs(level), np.abs(off).max()


@pytest.mark.parametrize("largest", [0.5, 1, 2, 3, 4, 6, 8])
def test_the_degree_taught_is_the_least(largest):
    needed, = taught("degree_needed")
    degree = needed(largest)
    assert best_error(degree, largest)[1] < 0.01 < best_error(degree - 1, largest)[0]


def test_a_state_trained_recalls_what_least_squares_forgets():
    draw, train = taught("a_text", "trained")
    for seed in (7, 8):
        keys, codes, told = draw(512, seed)
        shares = [np.mean(np.argmax(keys @ state @ codes.T, axis=1) == told) for state in (
            train(keys, codes, told), np.linalg.pinv(keys) @ codes[told])]
        assert shares[0] == 1 and 0.35 < shares[1] < 0.5


@pytest.mark.parametrize("row", rows("attention_bounds"), ids=lambda row: row.source)
def test_a_bound_says_all_that_it_needs(row):
    assert "log n" in row.width and row.entries and row.output and row.assumes in ("SETH", "nothing")
    assert (row.assumes == "nothing") == (row.statement == "almost linear")


@pytest.mark.parametrize("d_h", [16, 64, 256])
def test_the_structures_are_what_they_are_called(d_h):
    def weights(kind):
        q, k, _ = structured(kind, SHOWN, d_h)
        return layers.softmax(q @ k.T / np.sqrt(d_h)), q @ k.T / np.sqrt(d_h)

    even, scores = weights("random")
    assert np.abs(scores).max() < 2 and even.max() < 0.02
    near, _ = weights("local")
    distance = np.abs(np.subtract.outer(np.arange(SHOWN), np.arange(SHOWN)))
    assert (near * (distance <= 32)).sum() > 0.9 * SHOWN
    few, scores = weights("few")
    assert scores.max() == pytest.approx(12) and np.median(few.max(axis=1)) > 0.75
    assert np.median(distance[np.arange(SHOWN), few.argmax(axis=1)]) > 64
    _, scores = weights("rank")
    assert np.linalg.matrix_rank(scores) == 8 and scores.std() == pytest.approx(0.5, abs=0.1)


def test_bets_are_won_at_home_and_lost_elsewhere():
    assert error("window", "local", 64, 64) < 0.01 < 1 < error("window", "random", 64, 64)
    assert error("hashing", "few", 64, 256) < 0.2 < 1 < error("hashing", "rank", 64, 256)
    assert error("low_rank", "rank", 64, 32) < 0.1 < 0.9 < error("low_rank", "few", 64, 32)
    assert error("features", "rank", 64, 512) < 0.3 < 0.9 < error("features", "few", 64, 512)
    assert error("all", "few", 64, 4) == 0


@pytest.mark.parametrize("method, more", [("window", {"window": 65}), ("strided", {"stride": 64}), ("hashing", None),
                                          ("low_rank", None), ("features", None)])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_errors_at_n_are_the_layer_s_on_the_queries_drawn(method, more, structure):
    n, d_h, budget = 1_024, 16, 64
    q, k, v = structured(structure, n, d_h)
    layer, arguments = call(method, n, d_h, budget, False, np.random.default_rng(0))
    assert more is None or arguments == more | {"causal": False}
    drawn = np.sort(np.random.default_rng(1).permutation(n)[:SHOWN])
    ours, exact = layer(q, k, v, **arguments)[drawn], layers.mix(q, k, v)[drawn]
    assert bets.errors_at(method, n, d_h, budget)[structure] == pytest.approx(np.linalg.norm(ours - exact) / np.linalg.norm(exact))


def test_a_lost_bet_is_lost_by_more_where_the_budget_is_a_smaller_part():
    short, long = (bets.errors_at("window", n, 16, 64)["random"] for n in (512, 4_096))
    assert 1 < 2 * short < long


@pytest.mark.parametrize("causal", ["no", "yes"])
@pytest.mark.parametrize("method", METHODS)
def test_a_typed_budget_is_drawn_and_measured(method, causal):
    for budget in (5, 7, 10, 33, 48, 181, 511):
        explorer = PatternExplorer(method=method, budget=budget, causal=causal, n=65_536)
        assert scene_at(explorer.state)["cells"].cells.shape == (PIXELS, PIXELS, 4)
        assert "could not" not in explorer.sentence() and np.isfinite(measured(explorer.state))
    window = window_of(7, False)
    assert np.allclose(bets.weights("window", "local", 16, 7, False), layers.windowed_attention(
        *structured("local", SHOWN, 16)[:2], np.eye(SHOWN), window))


@settings(max_examples=40, deadline=None)
@given(states)
def test_an_error_is_a_number_and_weights_are_weights(state):
    found = bets.weights(state.method, state.structure, state.d_h, used(state), can_look_back(state))
    q, k, v = structured(state.structure, SHOWN, state.d_h)
    exact = layers.mix(q, k, v, can_look_back(state))
    assert measured(state) == pytest.approx(np.linalg.norm(found @ v - exact) / np.linalg.norm(exact), abs=1e-12)
    assert np.isfinite(measured(state)) and found.shape == (SHOWN, SHOWN) and found.min() >= 0
    assert np.allclose(found.sum(axis=1), 1)


def test_low_rank_looks_ahead_at_any_budget():
    assert all(0.4 < future("low_rank", structure, 64, budget) < 0.6 for structure in STRUCTURES for budget in (4, 64, 512))
    assert future("window", "local", 64, 64) > 0 == np.triu(bets.weights("window", "local", 64, 64, True), 1).sum()


# what is said and drawn

def test_the_start():
    explorer = PatternExplorer()
    numbers, sentence = explorer.numbers(), explorer.sentence()
    assert numbers["this method (FLOPs)"] == f"{(4 * 64 + 7) * 8_192 * 65:,}"
    assert numbers["all pairs (FLOPs)"] == f"{(4 * 64 + 6) * 8_192**2:,}"
    for words in ("A window of 65", "126 times less than", "from n = 66 on", "8,192 elements, at any n", "“local” it is won"):
        assert words in sentence, words


@settings(max_examples=100, deadline=None)
@given(states)
def test_each_state_says_what_is_true_of_it(state):
    explorer = explorer_at(state)
    sentence, numbers, title = explorer.sentence(), explorer.numbers(), heading(state)
    cost, every = (flops(method, state.n, state.d_h, state.budget, state.causal == "yes") for method in (state.method, "all"))
    assert f"{cost:,}" in sentence and numbers["this method (FLOPs)"] == f"{cost:,}"
    assert numbers[f"relative error on {SHOWN} tokens"] == few_digits(measured(state))
    red = state.causal == "yes" and state.method in ("low_rank", "hashing")
    assert ("No saving" in title) == (cost >= every and state.method != "all" and not red) and ("red" in title) == red
    assert (f"on {SHOWN} tokens" in title) == ("error" in title)
    if METHODS[state.method].size:
        assert METHODS[state.method].bet in sentence and "budget" not in sentence
        assert (measured(state) < 0.05) == (" is won" in sentence) and (measured(state) >= 1) == ("worse than answering 0" in sentence)
    else:
        assert "budget" in sentence
    if state.method != "all":
        assert share(cost, every) in sentence
    assert ("with keys that are the queries" in sentence) == (state.method == "hashing")
    assert ("drawn red" in sentence) == red
    if red or state.method == "low_rank":
        leak = np.triu(bets.weights(state.method, state.structure, state.d_h, state.budget, False), 1).sum() / SHOWN
        assert f"{100 * leak:.0f} % of its weight" in sentence and "cannot" in sentence


def test_a_budget_is_unused_where_the_sentence_says_so():
    for method in ("all", "linear"):
        assert len({(explorer.text(), measured(explorer.state)) for explorer in (
            PatternExplorer(method=method, budget=budget) for budget in (4, 64, 512))}) == 1


@settings(max_examples=25, deadline=None, phases=DRAWN)
@given(states)
def test_the_square_is_dark_where_the_weight_is_large(state):
    cells = scene_at(state)["cells"].cells[::-1].astype(int)
    found = bets.weights(state.method, state.structure, state.d_h, used(state), can_look_back(state))
    assert cells.shape == (PIXELS, PIXELS, 4) and (cells[..., 3] == 255).all()
    read = (found > 1e-15).reshape(PIXELS, 2, PIXELS, 2).any(axis=(1, 3))
    assert (np.abs(cells[..., :3] - (246, 247, 249)).sum(axis=-1) == 0)[~read].all()
    red = cells[..., 0] > cells[..., 2]
    assert red.any() == (state.method in ("low_rank", "hashing") and state.causal == "yes") and not red[np.tril_indices(PIXELS)].any()
    queries = np.arange(0, SHOWN, 2)
    peak = cells[queries // 2, found[queries].argmax(axis=1) // 2, :3]          # the key with the largest weight
    assert (np.abs(peak - (170, 60, 0)).sum(axis=1) * np.abs(peak - (0, 66, 110)).sum(axis=1) <= 3).all()


@settings(max_examples=60, deadline=None, phases=DRAWN)
@given(states)
def test_bars_are_as_long_as_their_numbers(state):
    artists = scene_at(state)
    cost, every, keep, keep_all = artists["bars"]
    causal = state.causal == "yes"
    assert 10 ** (cost.get_width() + 5) == pytest.approx(flops(state.method, state.n, state.d_h, state.budget, causal))
    assert 10 ** (every.get_width() + 5) == pytest.approx(flops("all", state.n, state.d_h, 1, causal))
    assert 10 ** (keep_all.get_width() + 1) == pytest.approx(2 * state.n * state.d_h)
    amount = kept(state.method, state.n, state.d_h, state.budget)
    assert keep.get_width() == 0 if amount is None else 10 ** (keep.get_width() + 1) == pytest.approx(amount)
    assert 10 ** artists["error"].get_xdata()[0] == pytest.approx(max(measured(state), 1e-3))
    for bar, limits in zip(artists["bars"], ((5, 14), (5, 14), (1, 8), (1, 8))):
        assert 0 <= bar.get_width() <= limits[1] - limits[0]


@settings(max_examples=60, deadline=None, phases=DRAWN)
@given(states)
def test_no_text_is_cut_or_written_over_another(state):
    scene_at(state)
    figure = scene()[1]
    assert_not_cut(figure, *(label for axes in figure.axes[2:] for label in axes.get_xticklabels()))
    boxes = [(text.get_window_extent(), text.get_text()) for axes in figure.axes for text in [*axes.texts, axes._left_title]
             if text.get_visible() and text.get_text()]
    for place, (box, words) in enumerate(boxes):
        for other, others in boxes[:place]:
            assert not (box.x0 < other.x1 - 1 and other.x0 < box.x1 - 1 and box.y0 < other.y1 - 2 and other.y0 < box.y1 - 2), (words, others)


@pytest.mark.parametrize("preset", PatternExplorer.presets)
def test_a_preset_shows_its_sizes(preset):
    explorer = PatternExplorer(preset=preset)
    for name, value in PatternExplorer.presets[preset].items():
        assert getattr(explorer.state, name) == value
    assert explorer.sentence() and explorer.figure()


@pytest.mark.parametrize("values, words", [
    ({"method": "windw"}, "choose 'all', 'window'"), ({"structure": None}, "choose 'random', 'local'"),
    ({"budget": 0}, "budget = 0 is out of range"), ({"budget": 513}, "from 4 to 512 tokens or features"), ({"n": 511}, "from 512 to 131,072 tokens"),
    ({"d_h": 8.0}, "head width d_h is a whole number"), ({"causal": True}, "choose 'no', 'yes'"), ({"w": 3}, "no 'w'"),
    ({"preset": "Longformer's window"}, "Nearest: \"Longformer's window of 512")])
def test_what_is_wrong_is_named_with_its_remedy(values, words):
    with pytest.raises(ValueError, match=words):
        PatternExplorer(**values)


def test_a_structure_that_is_not_known_is_refused():
    with pytest.raises(KeyError, match="choose 'random', 'local', 'few', 'rank'"):
        structured("sparse", 8, 8)


def test_a_stride_that_does_not_divide_n_is_counted_for_the_next_n():
    numbers = PatternExplorer(method="strided", n=1_000, budget=64).numbers()
    assert numbers["this method (FLOPs)"] == f"{flops('strided', 1_024, 64, 64):,}"
