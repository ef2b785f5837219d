"""Usual wrong answers to lesson 02 and a word of the hint that each must earn."""

WRONG = {
    "02.1": [(100 * 512 * 2048 + 100 * 2048, "multiply-add is 2"), (100 * 512 * 2048, "the bias is missing"),
        (2 * 100 * 512 * 2048, "the bias costs something"), (2 * 100 * 512 * 2048 + 2048, "each of the 100 rows"),
        (2 * (100 * 512 * 2048 + 100 * 2048), "not a multiply-add"), ("209,920,000", "209920000")],
    "02.2": [(lambda n, d: 2*n*n*d + 6*n*n, "weighted sum"), (lambda n, d: n*n*d, "weighted sum"), (lambda n, d: 4*n*n*d, "missing"),
        (lambda n, d: 4*n*n*d + 5*n*n, "division"), (lambda n, d: 4*n*d + 6*n, "each of the n"),
        (lambda n, d: 8*n*d*d + 4*n*n*d + 6*n*n, "projections")],
    "02.3": [(lambda n, d: (2*d + 3) * n*n, "diagonal"), (lambda n, d: (4*d + 6) * n*(n - 1) // 2, "not i − 1"),
        (lambda n, d: (4*d + 6) * n*n, "full square"), (lambda n, d: (2*d + 6) * n*(n + 1) // 2, "multiply-add as 2"),
        (lambda n, d: n*(n + 1) // 2, "6 of scaling")],
    "02.4": [(2000, "too large")],
}
