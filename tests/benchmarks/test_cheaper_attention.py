"""Lesson 10's methods on the clock, beside attention over all pairs: fewer FLOPs are not fewer milliseconds.

Each method has a budget of 64: 1/10 to 1/60 of the FLOPs of all pairs at the longer length.
"""

import numpy as np
import pytest

from helpers import layers

D_H, BUDGET = 64, 64


def methods(n, rng):
    means = np.repeat(np.eye(BUDGET), n // BUDGET, axis=1) * BUDGET / n
    rotations, omega = layers.random_rotations(D_H, n // 32, 1, rng), rng.standard_normal((BUDGET, D_H))
    return {"all pairs": layers.mix,
            "window": lambda q, k, v: layers.windowed_attention(q, k, v, BUDGET + 1),
            "mask of that window over all pairs":
                lambda q, k, v: layers.masked_attention(q, k, v, np.tri(n, k=BUDGET // 2, dtype=bool) & ~np.tri(n, k=-BUDGET // 2 - 1, dtype=bool)),
            "strided": lambda q, k, v: layers.strided_attention(q, k, v, BUDGET),
            "hashing, one round": lambda q, k, v: layers.hashed_attention(q, k, v, rotations, 32),
            "low rank": lambda q, k, v: layers.low_rank_attention(q, k, v, means, means),
            "random features": lambda q, k, v: layers.random_feature_attention(q, k, v, omega),
            "linear attention": layers.linear_attention,
            "linear attention, token by token": layers.linear_attention_recurrent}


@pytest.mark.parametrize("n", [512, 2_048])
@pytest.mark.parametrize("design", list(methods(64, np.random.default_rng(0))))
def test_a_method_on_the_clock(design, n, timed):
    rng = np.random.default_rng(n)
    q, k, v = rng.standard_normal((3, n, D_H)) / 4
    layer, found = methods(n, rng)[design], []
    timed(f"attention over {n:,} tokens", design, lambda: found.append(layer(q, k, v)), rounds=7, warmup=1)
    assert found[-1].shape == (n, D_H) and np.isfinite(found[-1]).all()


@pytest.mark.parametrize("design", ["budget", "length"])
def test_a_move_of_the_pattern_explorer_drawn(design, timed):
    """Without a kernel: the weights of a budget not seen before, or another length over weights that are known."""
    from helpers.explorers import PatternExplorer
    from helpers.explorers.bets import error, weights
    from helpers.explorers.patterns import picture

    explorer, turn = PatternExplorer(), iter(range(10**6))

    def move():
        place = next(turn)
        if design == "budget":
            for kept in (error, weights, picture):
                kept.cache_clear()
            explorer.change(budget=2 ** (2 + place % 8))
        else:
            explorer.change(n=2 ** (9 + place % 9))
        return explorer.shown.svg()

    timed("PatternExplorer, drawing", design, move, rounds=24, warmup=4)
    assert move() != move()
