"""The formulas of the recaps, one by one: each as it is written there, and what it must equal, computed."""
import nbformat
import numpy as np
import pytest
import sympy
from spelled import formula, recap
from test_prose import LESSONS

from helpers import layers, notation
from helpers.layers import backward
from helpers.notation import D, L, M, N, V, b, d, d_ff, d_h, h, k, n, r, w
from helpers.planning import optimal_split
from helpers.published import MODELS, formula_value, rows
from helpers.roofline import decode
from helpers.tiles import largest_tile, tiled_attention_elements
from helpers.tracing import trace
from helpers.transformer import Transformer
from helpers.transformer.layer import STATES


def cost(layer, kind="flops", **shapes):
    return sympy.expand(getattr(trace(layer, **shapes), kind))


def crossing(one, other, letter=n):
    return max(sympy.solve(sympy.Eq(one, other), letter), key=str)


def close(a, b):
    return bool(np.allclose(a, b))


s, m, p, W, R, c = sympy.symbols("s m p W R c", positive=True)
LETTERS = {letter: getattr(notation, letter) for letter in notation.LETTERS}
SQUARES, BOTH = dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d)), dict(x=(n, d), mixed=(n, d), weights=(n, n))
MIX, HEAD, rng = dict.fromkeys("qkv", (n, d)), dict.fromkeys("qkv", (n, d_h)), np.random.default_rng(3)
ATTENTION = cost(layers.self_attention, "matmul_flops", x=(n, d), **SQUARES)
ALL, PAIRS = cost(layers.mix, **MIX), cost(layers.mix, "matmul_flops", **MIX)
LOOKED = cost(layers.matrix_product, a=(n, d), b=(d, n)) / 2
PLAIN = Transformer.symbolic(n_kv_heads=None, d_head=None, d_ff=4 * d, max_positions=1024)
TODAY = Transformer.symbolic(gated=True, norm="rms", attention_bias=False, mlp_bias=False)
LAYER = sympy.expand((PLAIN.forward_flops(n) - PLAIN.flops_by_part(n)["logits"]) / L)
TRAINED, PAIRS_TRAINED = PLAIN.training_flops(n) / n, 3 * L * PAIRS / n
PRINTED = {row.name: sympy.expand(formula_value(row.formula, **LETTERS)).subs({d_h: d / h, d_ff: 4 * d}) for row in rows("flop_formulas")}
RNN, GRU, LSTM = (cost(getattr(layers, name), "matmul_flops", x=(n, d), w_x=(d, times * d), w_h=(d, times * d))
                  for name, times in (("rnn", 1), ("gru", 3), ("lstm", 4)))
CONVOLUTION, WINDOW = cost(layers.convolution, x=(n, d), kernel=(k, d, d)), cost(
    layers.windowed_attention, "matmul_flops", **HEAD, window=w, causal=True)
WEIGHED = cost(layers.matrix_product, a=(n, d), b=(d, d))
FORWARD, BACKWARD = cost(layers.matrix_product, a=(D, 1), b=(1, N)), cost(backward.matrix_product_backward, g=(D, N), a=(D, 1), b=(1, N))
LAW, SPLIT, USED = rows("chinchilla_laws")[0], optimal_split("published", 1e23), decode(MODELS["Llama-3 8B"], "H100 SXM", 2048, 16)
CACHED = MODELS["Llama-3 8B"].kv_cache_bytes(2048)
X, G, B = rng.standard_normal((3, 4)), rng.standard_normal((3, 5)), rng.standard_normal((4, 5))
RECAPS = {
    "01": {"O(n)": n, "O(n^2 d)": LOOKED},
    "02": {"2d": cost(layers.matrix_product, a=(1, d), b=(d, 1)), "2mkp": cost(layers.matrix_product, a=(m, k), b=(k, p)),
           "4nd + 6n": cost(layers.mix, **MIX | {"q": (1, d)}), "4n^2d + 6n^2": ALL},
    "03": {"8nd^2 + 4n^2d": ATTENTION, "6n^2": ALL - PAIRS, "n / (n + 2d)": PAIRS / ATTENTION, "n / (n + 6d)": PAIRS / LAYER,
           "n = 2d": crossing(PAIRS, ATTENTION - PAIRS), "6d": crossing(PAIRS, LAYER - PAIRS), "4d": crossing(
               PAIRS.subs(n, 6 * d), (ATTENTION - PAIRS + cost(layers.feed_forward, "matmul_flops", x=(n, d), w_in=(d, w), w_out=(w, d))).subs(n, 6 * d), w),
           "8d": crossing(PAIRS, ATTENTION - PAIRS + cost(layers.gated_feed_forward, "matmul_flops", x=(n, d), w_gate=(d, 4 * d),
                                                          w_in=(d, 4 * d), w_out=(4 * d, d)))},
    "04": {"4nd^2": RNN, "12nd^2": GRU, "16nd^2": LSTM, "2knd^2": CONVOLUTION, "8nd^2 + 4n^2d": ATTENTION, "8nd^2": ATTENTION - PAIRS,
           "2knd + 2nd^2": cost(layers.separable_convolution, x=(n, d), depthwise=(k, d), pointwise=(d, d)),
           "n < d": crossing(ATTENTION, GRU), "n < 2d": crossing(ATTENTION, LSTM), "n < (k - 4)d/2": crossing(ATTENTION, CONVOLUTION),
           "(n-1)/(k-1)": crossing(1 + L * (k - 1), n, L), "n^2 d": LOOKED},
    "05": {"Vd + 1024d + L(12d^2 + 13d) + 2d": PLAIN.parameters(),
           r"2d \cdot d_h(h + h_{kv})": TODAY.parameters_by_part()["attention projections"] / L},
    "06": {r"g\,b^T": close(backward.matrix_product_backward(G, X, B)[0], G @ B.T), "8nd^2 + 4n^2d": ATTENTION,
           "a^T g": close(backward.matrix_product_backward(G, X, B)[1], X.T @ G),
           "16nd^2 + 8n^2d": cost(backward.self_attention_backward, "matmul_flops", g=(n, d), **BOTH, **SQUARES, **MIX),
           "6ND": FORWARD + BACKWARD, "8ND": 2 * FORWARD + BACKWARD, "n/(6d + V/(2L))": PAIRS_TRAINED / (TRAINED - PAIRS_TRAINED)},
    "07": {"nbd(34 + 5hn/d)": PLAIN.activation_bytes(n, b) / L, "2nbd": PLAIN.activation_bytes(n, b, "full") / L,
           "nb(12d + 8d_{ff} + 4h_{kv}d_h)": sympy.expand(TODAY.activation_bytes(n, b, dropout=False, fused=True) / L).subs(
               h * d_h, d).subs(4 * b * h * n, 0), "2 L h_{kv} d_h": TODAY.kv_cache_bytes(1) / 2},
    "08": {r"t \ge \max(F/\text{peak},\ B/\text{bandwidth})": USED.seconds == max(USED.arithmetic_seconds, USED.memory_seconds),
           "d/2": sympy.limit(WEIGHED / cost(layers.matrix_product, "bytes_moved", a=(n, d), b=(d, d)), n, sympy.oo),
           "h/h_{kv}": TODAY.flops_by_part(n, last=True)["scores and weighted sum"] / TODAY.kv_cache_bytes(n)},
    "09": {"e^{m - m'}": close(np.exp(X - 2) * np.exp(2 - 5), np.exp(X - 5)), "4n^2d": PAIRS, "4nd": sum(n * d for _ in "qkvo"),
           "2nd(1 + n/r)": (tiled_attention_elements(512, 32, 16, 16) - 2 * 512, {n: 512, d: 32, r: 16}),
           "9n^2d^2/M": all(abs(M * (tiled_attention_elements(512, 32, *largest_tile(M, 32)) / 512**2 / 32**2 - 2 / 512 / 32) - 9) < 2
                            for M in (2048, 4096, 8192)), "M > 9d^2/4": crossing(9 * n**2 * d**2 / M, 4 * n**2, M), "4d": PAIRS / n**2},
    "10": {"4nwd_h": WINDOW, "1 + L(w - 1)": (np.count_nonzero(np.linalg.matrix_power(np.tri(99) - np.tri(99, k=-7), 5)[-1]), {L: 5, w: 7}),
           "4nd_h^2": STATES["linear"] * n * d_h**2, "6nd_h^2": STATES["delta"] * n * d_h**2,
           r"\log n": "Keles", r"n^{2-\epsilon}": "Keles"},
    "11": {r"h \cdot d_h = d": MODELS["GPT-3 175B"].n_heads * MODELS["GPT-3 175B"].head_width == MODELS["GPT-3 175B"].d_model,
           "72Ld^2 + 12Lnd + 6Vd": TRAINED, "12Lnd": TRAINED - 6 * (12 * L * d**2 + V * d),
           "6Lnd": PRINTED["PaLM"] - PRINTED["Megatron-LM code"],
           "6Lnd + 6Vd": TRAINED - PRINTED["Kaplan"].subs(N, 12 * L * d**2), "9Lhn + 6Vd": PRINTED["Chinchilla"] / n - TRAINED,
           "24Ld^2 + 4Lnd": PLAIN.training_flops(n, recompute="full") / n - TRAINED},
    "12": {"8nd^2 + 4n^2d": ATTENTION, "24nd^2 + 4n^2d": LAYER, "n = 2d": crossing(PAIRS, ATTENTION - PAIRS),
           "n = 6d": crossing(PAIRS, LAYER - PAIRS), "n/(n + 2d)": PAIRS / ATTENTION,
           "n = 18d": crossing(PAIRS, ATTENTION * sympy.Rational(9, 10)),
           "8nd^2": ATTENTION - PAIRS, "2 + w/d": (ATTENTION - PAIRS + WINDOW.subs(d_h, d)) / RNN,
           "n(2s - 1 + n/s)": (trace(layers.strided_attention, **dict.fromkeys("qkv", (4096, 8)), stride=64).matmul_flops / 4 / 8,
                               {n: 4096, s: 64})},
    "13": {"n = N/(2Lhd_h)": crossing(3 * TODAY.flops_by_part(n)["scores and weighted sum"], 6 * N * n), "6N": (FORWARD + BACKWARD) / D,
           "h/h_{kv}": TODAY.flops_by_part(n, last=True)["scores and weighted sum"] / TODAY.kv_cache_bytes(n)},
    "14": {"C = 6ND": FORWARD + BACKWARD, r"\alpha A/N^\alpha = \beta B/D^\beta": close(
               LAW.alpha * LAW.A / SPLIT.parameters**LAW.alpha, LAW.beta * LAW.B / SPLIT.tokens**LAW.beta),
           "(W/b + c)/R": (USED.memory_seconds / 16, {W: USED.bytes_moved - 16 * CACHED, b: 16, c: CACHED, R: 3.35e12})},
}


@pytest.mark.parametrize("lesson", RECAPS)
def test_each_formula_of_a_recap_is_what_the_code_computes(lesson):
    assert recap(nbformat.read(LESSONS[lesson], 4).cells) == set(RECAPS[lesson])
    for text, right in RECAPS[lesson].items():
        right, places = right if isinstance(right, tuple) else (right, {})
        if isinstance(right, str):      # proved elsewhere
            assert right in "".join(cell.source for cell in nbformat.read(LESSONS[lesson], 4).cells)
        elif not isinstance(right, bool):
            found = sympy.sympify(formula(text, s=s, m=m, p=p, W=W, R=R, c=c)).subs(places)
            assert close(found, right) if places else sympy.simplify(found - right) == 0, (lesson, text, right)
        else:
            assert right, (lesson, text)
