"""The cache simulator, element by element, and its exact shortcut block by block: the same attention, the same count."""

import pytest

from helpers.memory import Cache, block_traffic, largest_tile, simulate, tiled_attention


@pytest.mark.parametrize("design, count", [("element by element", simulate), ("block by block", block_traffic)])
def test_the_traffic_of_attention(design, count, timed):
    n, d, elements = 256, 64, 40_000
    accesses = list(tiled_attention(n, d, *largest_tile(elements, d, n)))
    found = []
    timed("cache simulator", design, lambda: found.append(count(accesses, elements, discard=("tile",))), rounds=5, warmup=1)
    assert found[0] == block_traffic(accesses, elements, ("tile",))


@pytest.mark.parametrize("design", ["hits", "misses"])
def test_a_million_single_accesses(design, timed):
    """Above 10⁶ accesses a second is one second for this row."""
    places = [(7 * i) % (900 if design == "hits" else 4000) for i in range(1_000_000)]

    def run():
        cache = Cache(1000)
        for place in places:
            cache.read("x", place)
        return cache.traffic

    timed("a million single accesses", design, run, rounds=3, warmup=1)
    assert run().reads["x"] == (900 if design == "hits" else 1_000_000)
