"""The checks of lesson 04: recurrences and convolutions against attention."""
from fractions import Fraction

from helpers.exercises import entries, exercise, expression, function, number


@exercise("04.1")
def times_attention_at_n_equals_d(answer):
    """The recurrences' products at n = d, in units of attention's 12·d³."""
    def share(constant):
        return lambda value: number(value, Fraction(constant, 12), "", tolerance=0.01, mistakes=[
            ("attention's four projections are missing: they cost 8·n·d² beside the 4·n²·d", Fraction(constant, 4)),
            ("4·n²·d is missing: at n = d it is half as much as the projections", Fraction(constant, 8)),
            ("there are two products with n², the scores and the weighted sum", Fraction(constant, 10)),
            ("that is attention in units of the recurrence; the question is the other way round", Fraction(12, constant)),
            ("a recurrence has two products for each part, with the input and with the state", Fraction(constant, 24)),
            ("that is the constant of n·d²; divide by attention's", constant)])
    return entries(answer, {"vanilla RNN": share(4), "GRU": share(12), "LSTM": share(16)},
                   "the GRU is met exactly at n = d, the vanilla RNN never, the LSTM at n = 2d")


@exercise("04.2")
def meeting_tokens(answer):
    """(k − 4)·d/2 tokens, or 0."""
    return function(
        answer, lambda d, k: max(0, (k - 4) * d / 2), inputs=[(512, 9), (768, 5), (4096, 31), (64, 4), (512, 3), (512, 1)],
        why="four places of the kernel pay for the projections, each further one for d/2 tokens", mistakes=[
            ("where attention costs more from the first token on, return 0: no text has a negative length",
             lambda d, k: (k - 4) * d / 2),
            ("attention's four projections are missing", lambda d, k: k * d / 2),
            ("you counted three projections; the output projection is the fourth", lambda d, k: max(0, (k - 3) * d / 2)),
            ("there are two products with n², the scores and the weighted sum", lambda d, k: max(0, (k - 4) * d)),
            ("a multiply-add of the convolution is 2 FLOPs, like those of attention", lambda d, k: max(0, (k - 8) * d / 4)),
            ("causal attention is another question: count the whole square", lambda d, k: max(0, (k - 4) * d - 1)),
        ])


@exercise("04.3")
def dilated_layers(answer):
    """The smallest number of layers with k^layers ≥ n."""
    def right(n, k):
        layers = 0
        while k**layers < n:
            layers += 1
        return layers
    return function(
        answer, right, inputs=[(9, 3), (10, 3), (32, 3), (1, 3), (2, 5), (1024, 2), (243, 3), (125, 5), (1025, 2)],
        why="each layer multiplies the reach by k: log n to the base k, rounded up", mistakes=[
            ("that is for places that are neighbours in every layer; here the gaps grow", lambda n, k: -(-(n - 1) // (k - 1))),
            ("one layer too many: before the first layer each token has heard itself",
             lambda n, k: right(n, k) + 1),
            ("one layer too few: round up, the last token must hear of the first",
             lambda n, k: next(e for e in range(99) if k**(e + 1) > n)),
            ("the gaps grow by the factor k, not 2", lambda n, k: right(-(-(n - 1) // (k - 1)) + 1, 2)),
            ("the logarithm has the base k, not 2", lambda n, k: right(n, 2)),
        ])


@exercise("04.4")
def lean_recurrence_flops(answer):
    """2·n·d² + 3·n·d: one product, one elementwise product, a sum and a tanh."""
    from helpers.notation import d, n
    right = 2*n*d**2 + 3*n*d
    return expression(
        answer, right, "the product with the state is gone, and what must wait in the loop is linear in d", mistakes=[
            ("that is the lesson's RNN; let the state meet u element by element", 4*n*d**2 + 2*n*d),
            ("those are the matrix products alone; give `flops`, not `matmul_flops`", 2*n*d**2),
            ("state * u is d multiplications for each token", 2*n*d**2 + 2*n*d),
            ("the tanh counts too, 1 FLOP for each element", 2*n*d**2 + 2*n*d - n*d),
            ("that is one token; there are n", right / n),
            ("you counted multiply-adds; a multiply-add is 2 FLOPs", n*d**2 + 3*n*d),
        ])
