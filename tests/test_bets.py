"""The cheaper attentions of lesson 10: their costs are the traced ones, their weights what the layers return."""

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from test_layer_values import taught

from helpers import layers
from helpers.explorers import bets
from helpers.explorers.bets import METHODS, SHOWN, STRUCTURES, cheaper_from, error, flops, hashes_of, kept_elements, structured
from helpers.tracing import trace
from helpers.transformer.layer import STATES

LESSON = "10_cheaper_attention"


def call(method, n, d_h, budget, causal, rng=None):
    """The layer of a method and what it needs besides q, k, v: arrays with rng, else shapes."""
    if method == "hashing":
        rounds, bucket, _ = hashes_of(budget, n)
        rotations = (layers.random_rotations(d_h, n // bucket, rounds, rng) if rng else (rounds, d_h, n // bucket // 2))
        return layers.hashed_attention, {"rotations": rotations, "bucket_size": bucket}
    if method == "low_rank":
        means = np.repeat(np.eye(budget), n // budget, axis=1) * budget / n if rng else (budget, n)
        return layers.low_rank_attention, {"e": means, "f": means}
    if method == "features":
        omega = rng.standard_normal((budget, d_h)) if rng else (budget, d_h)
        return layers.random_feature_attention, {"omega": omega, "causal": causal}
    return {"all": (layers.mix, {"causal": causal}), "linear": (layers.linear_attention, {"causal": causal}),
            "window": (layers.windowed_attention, {"window": bets.window_of(budget, causal), "causal": causal}),
            "strided": (layers.strided_attention, {"stride": budget, "causal": causal})}[method]


@settings(max_examples=60)
@example("hashing", 1_024, 8, 512, False)  # eight rounds
@given(st.sampled_from(list(METHODS)), st.sampled_from([16, 32, 64]), st.integers(1, 6), st.sampled_from([4, 8, 16]), st.booleans())
def test_a_cost_is_the_layer_s(method, n, d_h, budget, causal):
    layer, more = call(method, n, d_h, budget, causal)
    assert flops(method, n, d_h, budget, causal) == trace(layer, **dict.fromkeys("qkv", (n, d_h)), **more).flops


@pytest.mark.parametrize("method", [method for method in METHODS if method != "all"])
@pytest.mark.parametrize("d_h, budget", [(16, 4), (64, 64), (128, 256), (256, 512)])
def test_the_first_length_that_pays(method, d_h, budget):
    n, step = cheaper_from(method, d_h, budget), budget if method == "strided" else 1
    assert flops(method, n, d_h, budget) < flops("all", n, d_h, budget)
    assert flops(method, n - step, d_h, budget) >= flops("all", n - step, d_h, budget)


def test_what_is_kept():
    assert {kept_elements(method, 1_000, 64, 8) for method in ("all", "hashing", "strided")} == {128_000}
    assert kept_elements("window", 1_000, 64, 8) == 1_024 and kept_elements("low_rank", 1_000, 64, 8) is None
    assert kept_elements("features", 1_000, 64, 8) == 8 * 64 + 8    # S and z of mix_features_recurrent
    assert kept_elements("linear", 1_000, 64, 8) == 64 * 64 + 64


@pytest.mark.parametrize("structure, n", [*((structure, SHOWN) for structure in STRUCTURES), ("few", 1_024)])
@pytest.mark.parametrize("method, causal", [(method, causal) for method in METHODS for causal in (False, True)
                                            if not (causal and method in ("low_rank", "hashing"))])
def test_weights_and_errors_are_the_layer_s_on_the_queries_drawn(method, causal, structure, n):
    q, k, v = structured(structure, n, 16)
    layer, more = call(method, n, 16, 64, causal, np.random.default_rng(0))
    drawn = np.sort(np.random.default_rng(1).permutation(n)[:SHOWN])
    found = bets.weights(method, structure, 16, 64, causal, n)
    ours, exact = layer(q, k, v, **more)[drawn], layers.mix(q, k, v, causal)[drawn]
    assert np.allclose(found @ v, ours) and not (causal and found[np.arange(n) > drawn[:, None]].any())
    assert error(method, structure, 16, 64, causal, n) == pytest.approx(np.linalg.norm(ours - exact) / np.linalg.norm(exact), abs=1e-12)


def test_bets_are_won_at_home_and_lost_elsewhere():
    assert error("window", "local", 64, 64) < 0.01 < 1 < error("window", "random", 64, 64)
    assert error("hashing", "few", 64, 256) < 0.2 < 1 < error("hashing", "rank", 64, 256)
    assert error("low_rank", "rank", 64, 32) < 0.1 < 0.9 < error("low_rank", "few", 64, 32)
    assert error("features", "rank", 64, 512) < 0.3 < 0.9 < error("features", "few", 64, 512)
    assert error("all", "few", 64, 4) == 0
    ahead = [np.triu(bets.weights("low_rank", structure, 64, budget), 1).sum() / SHOWN for structure in STRUCTURES for budget in (4, 512)]
    assert 0.4 < min(ahead) and max(ahead) < 0.6


@pytest.mark.parametrize("method", METHODS)
def test_any_budget_is_taken(method):
    assert all(np.isfinite(bets.weights(method, "local", 16, budget)).all() for budget in (5, 7, 33, 511))


@pytest.mark.parametrize("d_h", [16, 256])
def test_the_structures_are_what_they_are_called(d_h):
    scores = {kind: np.divide(q @ k.T, np.sqrt(d_h)) for kind in STRUCTURES for q, k, _ in [structured(kind, SHOWN, d_h)]}
    distance = np.abs(np.subtract.outer(np.arange(SHOWN), np.arange(SHOWN)))
    assert np.abs(scores["random"]).max() < 2 and layers.softmax(scores["random"]).max() < 0.02
    assert (layers.softmax(scores["local"]) * (distance <= 32)).sum() > 0.9 * SHOWN
    assert scores["few"].max() == pytest.approx(12) and np.median(layers.softmax(scores["few"]).max(axis=1)) > 0.75
    assert np.median(distance[np.arange(SHOWN), scores["few"].argmax(axis=1)]) > 64
    assert np.linalg.matrix_rank(scores["rank"]) == 8 and scores["rank"].std() == pytest.approx(0.5, abs=0.1)


# what lesson 10 defines in its own cells
def test_the_lesson_and_the_helpers_say_the_same():
    low_rank, features = taught(LESSON, "low_rank_attention", "positive_features")
    q, k, v = structured("few", SHOWN, 64)
    omega, e = np.random.default_rng(1).standard_normal((5, 64)), np.repeat(np.eye(4), SHOWN // 4, axis=1) * 4 / SHOWN
    assert np.allclose(low_rank(q, k, v, e, e), layers.low_rank_attention(q, k, v, e, e))
    assert np.allclose(features(q, omega), layers.positive_features(q, omega))


def test_a_state_costs_what_the_model_counts():
    linear, delta = taught(LESSON, "linear_attention", "delta_rule")
    shapes = dict.fromkeys("qkv", (50, 8))
    assert trace(linear, **shapes).flops == STATES["linear"] * 50 * 8**2
    assert trace(delta, **shapes, rate=(50,)).flops == STATES["delta"] * 50 * 8**2 + 2 * 50 * 8


def test_the_delta_rule_replaces_what_linear_attention_adds_up():
    linear, delta = taught(LESSON, "linear_attention", "delta_rule")
    k, v = np.tile(np.eye(4)[1], (2, 1)), np.random.default_rng(2).standard_normal((2, 4))    # one key, twice
    assert np.allclose(linear(k, k, v)[-1], v.sum(axis=0)) and np.allclose(delta(k, k, v, np.ones(2))[0][-1], v[1])
    assert np.allclose(delta(k, k, v, np.full(2, 0.25))[0][-1], 0.75 * 0.25 * v[0] + 0.25 * v[1])


@pytest.mark.parametrize("window, depth", [(1, 3), (9, 4), (16, 4), (16, 5)])
def test_windows_hear_as_far_as_the_lesson_says(window, depth):
    hears, = taught(LESSON, "receptive_field")
    query, key = np.indices((64, 64))
    assert hears((key <= query) & (query - key < window), depth) == min(64, 1 + depth * (window - 1))
    assert hears((key <= query) & (query // 16 == key // 16), depth) == 16


def test_a_state_trained_recalls_what_least_squares_forgets():
    draw, train = taught(LESSON, "a_text", "trained")
    for seed in (7, 8):
        keys, codes, told = draw(512, seed)
        shares = [np.mean(np.argmax(keys @ state @ codes.T, axis=1) == told) for state in (
            train(keys, codes, told), np.linalg.pinv(keys) @ codes[told])]
        assert shares[0] == 1 and 0.35 < shares[1] < 0.5
