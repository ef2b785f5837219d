"""Usual wrong answers to lesson 03 and a word of the hint that each must earn."""
import sympy

from helpers.notation import d, n

m = sympy.Symbol("m", positive=True, integer=True)

WRONG = {
    "03.1": [(66.7, "ratio"), (2 / 3 * 100, "ratio"), (57.1, "constants"), (47, "four projections"), (18.2, "feed-forward"),
        (0.4, "percent")],
    "03.2": [(2.83, "rises")],
    "03.3": [(lambda d, d_ff, matrices=2: matrices * d_ff / 2, "projections are missing"),
        (lambda d, d_ff, matrices=2: 2 * d, "feed-forward layer is missing"),
        (lambda d, d_ff, matrices=2: 4 * d + matrices * d_ff, "two products"),
        (lambda d, d_ff, matrices=2: 2 * d + matrices * d_ff / 4, "n·d·d_ff"), (lambda d, d_ff, matrices=2: 2 * d + d_ff, "gated"),
        (lambda d, d_ff, matrices=2: 2 * d * (1 + matrices), "need not"), (lambda d, d_ff, matrices=2: 6 * d, "4·d"),
        (lambda d, d_ff, matrices=2: 8 * d, "returns")],
    "03.4": [(4*n*d**2 + 4*m*d**2 + 4*n*m*d + 6*n*m, "softmax"), (2*n*d**2 + 2*m*d**2 + 2*n*m*d, "multiply-add"),
        (8*n*d**2 + 4*n*m*d, "m rows"), (8*m*d**2 + 4*n*m*d, "n rows"), (2*n*d**2 + 6*m*d**2 + 4*n*m*d, "n rows"),
        (6*n*d**2 + 2*m*d**2 + 4*n*m*d, "values come from y"), (4*n*m*d, "projections"), (8*n*d**2 + 4*n**2*d, "does not contain m"),
        ((4*n*d**2 + 4*m*d**2 + 4*n*m*d).subs({n: 1024, d: 768}), "import cell"),
        ((4*n*d**2 + 4*m*d**2 + 4*n*m*d).subs(d, 768), "import cell")],
}
