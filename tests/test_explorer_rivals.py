"""RivalsExplorer: its costs are what whole layers cost, traced at their sizes; its map is coloured by the cheapest."""

import random

import nbformat
import numpy as np
import pytest
from documents import ROOT
from hypothesis import given, settings, strategies as st
from test_explorers import some_states

from helpers import layers
from helpers.explorers import RivalsExplorer
from helpers.explorers.rivals import LAYERS, costs, crossings, regions
from helpers.tracing import trace

CELL = next(c.source for c in nbformat.read(ROOT / "notebooks" / "04_the_rivals.ipynb", 4).cells if "def restricted_attention" in c.source)
exec(CELL, taught := {"np": np, "layers": layers, "windows": layers.causal_windows})


@settings(max_examples=20, deadline=None)
@given(st.integers(10, 14), st.integers(16, 20), st.integers(1, 5), st.integers(10, 16), st.sampled_from(["square", "triangle"]))
def test_the_numbers_are_what_whole_layers_cost(n, d, k, w, causal):
    x, square = {"x": (n, d)}, dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d))
    ledgers = {"vanilla RNN": trace(layers.rnn, **x, w_x=(d, d), w_h=(d, d)), "GRU": trace(layers.gru, **x, w_x=(d, 3 * d), w_h=(d, 3 * d)),
               "LSTM": trace(layers.lstm, **x, w_x=(d, 4 * d), w_h=(d, 4 * d)), "convolution": trace(layers.convolution, **x, kernel=(k, d, d)),
               "separable convolution": trace(layers.separable_convolution, **x, depthwise=(k, d), pointwise=(d, d)),
               "restricted attention": trace(taught["restricted_attention"], **x, **square, window=w),
               "attention": trace(layers.self_attention, **x, **square, causal="skip" if causal == "triangle" else False)}
    for elementwise, counted in (("out", "matmul_flops"), ("in", "flops")):
        for projections, less in (("with", 0), ("without", 8 * n * d * d)):
            shown = RivalsExplorer(n=n, d=d, k=k, w=w, causal=causal, elementwise=elementwise, projections=projections, rivals=(*LAYERS,)).numbers()
            for name, ledger in ledgers.items():
                assert shown[f"{name} (FLOPs)"] == f"{getattr(ledger, counted) - less * name.endswith('attention'):,}"


@pytest.mark.parametrize("s", [explorer.state for explorer in some_states(RivalsExplorer, 50)])
def test_crossings_are_the_first_and_the_map_has_the_colour_of_the_cheapest(s):
    (cells, colours), first, chance = regions(s), crossings(s), random.Random(0)
    for key in set(s.rivals) - {"attention"} if "attention" in s.rivals else ():
        more = [costs(s, n, s.d)["attention"] > costs(s, n, s.d)[key] for n in (first.get(key, 2) - 1, first.get(key, 2))]
        assert more == ([False, True] if key in first else [True, True])
    for row, column in ((chance.randrange(300), chance.randrange(380)) for _ in range(20)):
        found = costs(s, 10 ** (1 + 6 * (column + 0.5) / 380), 16 * 1_024 ** (1 - (row + 0.5) / 300))
        near = {LAYERS[key][2] for key in s.rivals if found[key] <= 1.1 * min(found[key] for key in s.rivals)}
        assert "#" + bytes(colours[cells[row, column]]).hex() in near | {"#222222"}
