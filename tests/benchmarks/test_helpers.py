"""`import helpers.…` of each module in a process of its own, and the formula of a whole model traced on symbols."""

import pkgutil
import subprocess
import sys

import helpers
import pytest
from helpers.layers import feed_forward, self_attention
from helpers.notation import d, d_ff, n
from helpers.tracing import trace


@pytest.mark.parametrize("module", ["sys", "helpers", *(f"helpers.{module.name}" for module in pkgutil.iter_modules(helpers.__path__))])
def test_one_import(module, timed):
    name = "(the bare interpreter)" if module == "sys" else module      # it is the measure
    timed("import in a fresh process", name, lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True), 5, 1)


def stack(x, w_q, w_k, w_v, w_o, w_in, w_out, layers):
    for _ in range(layers):
        x = x + self_attention(x, w_q, w_k, w_v, w_o)
        x = x + feed_forward(x, w_in, w_out)
    return x


@pytest.mark.parametrize("layers", [96, 12])
def test_a_stack_on_symbols(layers, timed):
    shapes = dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d)) | {"w_in": (d, d_ff), "w_out": (d_ff, d)}
    found = []
    timed("trace on symbols", f"{layers} layers", lambda: found.append(
        trace(stack, x=(n, d), layers=layers, **shapes).matmul_flops), rounds=5, warmup=1)
    assert (found[-1] - layers * (8*n*d**2 + 4*n**2*d + 4*n*d*d_ff)).expand() == 0
