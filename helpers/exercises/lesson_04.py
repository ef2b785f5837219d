"""Lesson 04: recurrences and convolutions against attention."""

from fractions import Fraction

from helpers.exercises import EXERCISES, Exercise
from helpers.notation import d, n


def _times_attention(constant):
    """A recurrence's constant·n·d² at n = d, in units of attention's 12·d³."""
    slips = {constant: "that is the constant of n·d²; divide by attention's"} | {
        Fraction(constant, divisor): hint for divisor, hint in {
            4: "attention's four projections are missing: they cost 8·n·d²",
            8: "4·n²·d is missing: at n = d it is half as much as the projections",
            10: "two products have n², the scores and the weighted sum",
            24: "a recurrence has two products a part, with input and with the state"}.items()}
    slips.setdefault(Fraction(12, constant), "that is attention in units of the recurrence")
    right = Fraction(constant, 12)
    return Exercise(right, {one: slips[one] for one in slips if one != right}, within=0.01)


EXERCISES["04.1"] = Exercise(
    {"vanilla RNN": _times_attention(4), "GRU": _times_attention(12), "LSTM": _times_attention(16)},
    why="the GRU is met exactly at n = d, the vanilla RNN never, the LSTM at n = 2d")

EXERCISES["04.2"] = Exercise(lambda d, k: max(0, (k - 4) * d / 2), {
    "(k - 4) * d / 2": "return 0 where attention costs more from the start: no length is negative",
    "k * d / 2": "attention's four projections are missing",
    "max(0, (k - 3) * d / 2)": "you counted three projections; the output projection is the fourth",
    "max(0, (k - 4) * d)": "there are two products with n², the scores and the weighted sum",
    "max(0, (k - 8) * d / 4)": "a multiply-add of the convolution is 2 FLOPs, as attention's are",
}, why="four places of the kernel pay for the projections, each further one for d/2 tokens",
    at=[(512, 9), (768, 5), (4096, 31), (64, 4), (512, 3), (512, 1)])


def _layers(n, k):
    """The fewest layers with k**layers ≥ n."""
    return next(layers for layers in range(99) if k**layers >= n)


EXERCISES["04.3"] = Exercise(_layers, {
    "-(-(n - 1) // (k - 1))": "that is for neighbours in every layer; here the gaps grow",
    lambda n, k: _layers(n, k) + 1: "one too many: before layer 1 each token has heard itself",
    lambda n, k: _layers(n + 1, k) - 1: "one too few: round up, the last must hear of the first",
    lambda n, k: _layers(n, 2): "the logarithm has the base k, not 2",
    "ceil(log(n) / log(k))": "log(243)/log(3) is a little above 5 in floats: count whole numbers",
}, why="each layer multiplies the reach by k: log n to the base k, rounded up",
    at=[(9, 3), (10, 3), (32, 3), (1, 3), (2, 5), (1024, 2), (243, 3), (125, 5), (1025, 2)])

EXERCISES["04.4"] = Exercise(2*n*d**2 + 3*n*d, {
    4*n*d**2 + 2*n*d: "that is the lesson's RNN; let the state meet u element by element",
    2*n*d**2: "those are the matrix products alone; give `flops`, not `matmul_flops`",
    (2*n*d**2 + 2*n*d, 2*n*d**2 + n*d): "state * u, the sum and the tanh: d FLOPs a token for each",
    2*d**2 + 3*d: "that is one token; there are n",
    n*d**2 + 3*n*d: "you counted multiply-adds; a multiply-add is 2 FLOPs",
}, why="the product with the state is gone, and what must wait in the loop is linear in d")
