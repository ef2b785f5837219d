"""Usual wrong answers to lesson 04 and a word of the hint that each must earn."""
from math import ceil, log2

from helpers.notation import d, n


def at_n_equals_d(divisor):
    return {"vanilla RNN": 4 / divisor, "GRU": 12 / divisor, "LSTM": 16 / divisor}


def layers_of(n, k):
    return next(e for e in range(99) if k**e >= n)


WRONG = {
    "04.1": [(at_n_equals_d(10), "weighted sum"), (at_n_equals_d(24), "with the state")],
    "04.2": [(lambda d, k: (k - 4) * d / 2, "negative"), (lambda d, k: k * d / 2, "projections are missing"),
        (lambda d, k: max(0, (k - 3) * d / 2), "fourth"), (lambda d, k: max(0, (k - 4) * d), "two products"),
        (lambda d, k: max(0, (k - 8) * d / 4), "2 FLOPs")],
    "04.3": [(lambda n, k: -(-(n - 1) // (k - 1)), "neighbours"), (lambda n, k: layers_of(n, k) + 1, "heard itself"),
        (lambda n, k: next(e for e in range(99) if k**(e + 1) > n), "round up"), (lambda n, k: ceil(log2(n)), "base k")],
    "04.4": [(4*n*d**2 + 2*n*d, "element by element"), (2*n*d**2, "matmul_flops"), (2*n*d**2 + 2*n*d, "tanh"), (2*n*d**2 + n*d, "tanh"),
        (2*d**2 + 3*d, "one token"), (n*d**2 + 3*n*d, "multiply-add")],
}
