"""Lesson 02: FLOPs of a product with a bias, of attention, of its causal half, of two orders."""

from helpers.exercises import EXERCISES, Exercise

product = 100 * 512 * 2048
EXERCISES["02.1"] = Exercise(2 * product + 100 * 2048, {
    product + 100 * 2048: "you counted multiply-adds; a multiply-add is 2 FLOPs",
    product: "you counted multiply-adds, a multiply-add is 2 FLOPs, and the bias is missing",
    2 * product: "the product is right, k additions for k terms; the bias costs something too",
    2 * product + 2048: "the product is right; each of the 100 rows gets the bias",
    2 * product + 2 * 100 * 2048: "an addition of the bias is 1 FLOP, not a multiply-add",
}, why="the bias is a thousandth of the product, and the product is all multiply-adds",
    unit="FLOPs")

EXERCISES["02.2"] = Exercise(lambda n, d: 4*n*n*d + 6*n*n, {
    ("2*n*n*d + 6*n*n", "2*n*n*d", "n*n*d"):
        "is a multiply-add 2 FLOPs, and is the weighted sum in? The lesson's n²·d has neither",
    "4*n*n*d": "scaling and softmax are missing",
    "4*n*n*d + 5*n*n": "one division for each score is missing, the scaling by √d",
    ("4*n*n*d + 6*n", "4*n*d + 6*n"): "each of the n tokens asks: n² scores, and 6 for each",
    "8*n*d*d + 4*n*n*d + 6*n*n": "the projections are in your count; q, k and v are given here",
}, why="the two products cost the same, and the extra n is the queries",
    at=[(3, 2), (5, 7), (100, 512)])

EXERCISES["02.3"] = Exercise(lambda n, d: (4*d + 6) * n*(n + 1) // 2, {
    "(2*d + 3) * n*n": "half of the square cuts the diagonal in two; a token looks at itself",
    "(4*d + 6) * n*(n - 1) // 2": "a token looks at itself too: query i has i keys, not i − 1",
    "(4*d + 6) * n*n": "that is the full square; query i looks at i keys only",
    ("(2*d + 6) * n*(n + 1) // 2", "4*d * n*(n + 1) // 2", "n*(n + 1) // 2"):
        "a pair costs 4d + 6: two products, a multiply-add as 2, and 6 of scaling and softmax",
}, why="skipping the future saves almost half of a long sequence, and nothing of a single token",
    at=[(2, 1), (5, 7), (100, 512)])

EXERCISES["02.4"] = Exercise(513, {     # 4nd² < 4n²d from n = d + 1 on
    512: "there both orders cost the same; fewer FLOPs means strictly fewer",
    (1024, 1025): "that is where the projections are left behind; here q, k and v are given",
}, why="beyond n = d the order without the n × n matrix is cheaper, and softmax is what forbids it",
    unit="tokens")
