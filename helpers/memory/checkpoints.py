"""What to keep of a chain of layers, and what to compute again: optimal checkpoints beside every √L-th. Lesson 07.

The accounting: the chain's input is given. A kept state, the input of a layer, takes 1 unit of memory. A layer
runs backward from its internals, `layer` units, which its own forward run leaves behind; its input is among them.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from helpers.memory.cache import check_whole

_NEVER = 10**12  # forward runs where the memory does not suffice


@dataclass(frozen=True)
class CheckpointPlan:
    """forwards: runs of a layer in all; memory: units held at most; states: layers after which the first sweep keeps."""

    forwards: int
    memory: int
    states: tuple


def even_checkpoints(n_layers, segments=None, layer=1):
    """Keep a state at the end of each stretch of L/segments layers, and run each stretch once more: the √L rule.

    segments: None is √L, rounded. A stretch holds all its internals while it runs backward; the last one, which
    may be shorter, runs only once. Returns a `CheckpointPlan`: with layer = 1 about 2√L units and 2L runs.
    Raises ValueError for sizes below 1 and for more segments than layers. Chen et al. 2016, section 3.

    >>> even_checkpoints(16)
    CheckpointPlan(forwards=28, memory=7, states=(4, 8, 12))
    """
    n_layers, layer = check_whole(n_layers, "n_layers"), check_whole(layer, "layer")
    segments = round(n_layers ** 0.5) if segments is None else check_whole(segments, "segments")
    if segments > n_layers:
        raise ValueError(f"segments: {segments} is more than the {n_layers} layers; give at most one for each layer")
    length = -(-n_layers // segments)
    starts = range(0, n_layers, length)
    memory = max(kept + layer * min(length, n_layers - start) for kept, start in enumerate(starts))
    return CheckpointPlan(n_layers + starts[-1], memory, tuple(starts[1:]))


def optimal_checkpoints(n_layers, memory, layer=1):
    """The fewest runs of a layer that bring a chain of L layers backward within `memory` units, and how.

    F(l, m) = l, if m ≥ l·layer: everything is kept; else the least of
    l + F(l − j, m): run through, keep the last j = ⌊m/layer⌋ layers' internals, and begin again for the others;
    k + F(l − k, m − 1) + F(k, m), for each k < l: keep the state after k layers.
    From L runs, when all is kept, to L(L + 1)/2, when m = layer = 1. Returns a `CheckpointPlan`. Raises ValueError if
    not one layer fits, and for sizes below 1. The recursion of Griewank and Walther 2000 (revolve), with internals.

    >>> [optimal_checkpoints(16, memory).forwards for memory in (1, 2, 7, 16)]
    [136, 59, 26, 16]
    """
    n_layers, memory, layer = (check_whole(size, name) for size, name in
                               ((n_layers, "n_layers"), (memory, "memory"), (layer, "layer")))
    if memory < layer:
        raise ValueError(f"memory: {memory} units do not hold one layer's internals of {layer}; give at least {layer}")
    memory = min(memory, n_layers * layer)
    fewest, states = _fewest(n_layers, memory, layer), []
    left, room = n_layers, memory
    while choice := _choice(fewest, left, room):  # follow the first sweep
        states.append(n_layers - left + choice)
        left, room = left - choice, room - 1
    return CheckpointPlan(int(fewest[n_layers, memory]), memory, tuple(states))


@lru_cache(maxsize=8)
def _fewest(n_layers, memory, layer):
    """F for every length and every memory: (n_layers + 1, memory + 1)."""
    rooms = np.arange(memory + 1)
    fits = rooms // layer  # layers whose internals fit
    fewest = np.full((n_layers + 1, memory + 1), _NEVER)
    fewest[0] = 0
    for length in range(1, n_layers + 1):
        again = np.where(fits > 0, length + fewest[np.maximum(length - fits, 0), rooms], _NEVER)
        best = np.where(fits >= length, length, again)
        for k in range(1, length):
            best[1:] = np.minimum(best[1:], k + fewest[length - k, :-1] + fewest[k, 1:])
        fewest[length] = np.minimum(best, _NEVER)
    return fewest


def _choice(fewest, length, room):
    """After how many layers the next state is kept; 0 if none is."""
    runs = [k for k in range(1, length) if k + fewest[length - k, room - 1] + fewest[k, room] == fewest[length, room]]
    return runs[-1] if runs and fewest[length, room] > length else 0
