"""The formula of a whole model: 96 layers of attention and feed-forward traced on symbols."""

import pytest

from helpers.layers import feed_forward, self_attention
from helpers.notation import d, d_ff, n
from helpers.tracing import trace


def stack(x, w_q, w_k, w_v, w_o, w_in, w_out, layers):
    for _ in range(layers):
        x = x + self_attention(x, w_q, w_k, w_v, w_o)
        x = x + feed_forward(x, w_in, w_out)
    return x


@pytest.mark.parametrize("layers", [96, 12])
def test_a_stack_on_symbols(layers, timed):
    shapes = {name: (d, d) for name in ("w_q", "w_k", "w_v", "w_o")} | {"w_in": (d, d_ff), "w_out": (d_ff, d)}
    ledger = None

    def run():
        nonlocal ledger
        ledger = trace(stack, x=(n, d), layers=layers, **shapes).matmul_flops

    timed("trace on symbols", f"{layers} layers", run, rounds=5, warmup=1)
    assert (ledger - layers * (8*n*d**2 + 4*n**2*d + 4*n*d*d_ff)).expand() == 0
