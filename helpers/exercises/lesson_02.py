"""The checks of lesson 02, Counting operations."""

from helpers.exercises import exercise, function, number

SIZES = [(3, 2), (5, 7), (100, 512)]


@exercise("02.1")
def product_with_bias(answer):
    """FLOPs of x @ w + b for x (100, 512), w (512, 2048), b (2048,)."""
    product = 100 * 512 * 2048
    return number(
        answer, 2 * product + 100 * 2048, "the bias is a thousandth of the product, and the product is all multiply-adds",
        unit="FLOPs",
        mistakes=[("you counted multiply-adds; a multiply-add is 2 FLOPs", product + 100 * 2048),
                  ("you counted multiply-adds, a multiply-add is 2 FLOPs, and the bias is missing", product),
                  ("the product is right by the convention, k additions for k terms; the bias costs something too", 2 * product),
                  ("the product is right; each of the 100 rows gets the bias", 2 * product + 2048),
                  ("the product is right; an addition of the bias is 1 FLOP, not a multiply-add",
                   2 * product + 2 * 100 * 2048)])


@exercise("02.2")
def attention_flops(answer):
    """4n²d + 6n²."""
    return function(
        answer, lambda n, d: 4*n*n*d + 6*n*n, SIZES,
        "the two products cost the same, and the extra n is the queries",
        mistakes=[("half of the products is missing: is a multiply-add 2 FLOPs, and is the weighted sum in?",
                   lambda n, d: 2*n*n*d + 6*n*n),
                  ("that is the lesson's n²·d: multiply-adds of the scores alone", lambda n, d: n*n*d),
                  ("you counted multiply-adds, or one product of the two, and no softmax", lambda n, d: 2*n*n*d),
                  ("a quarter of the products is there: count both products, a multiply-add as 2",
                   lambda n, d: n*n*d + 6*n*n),
                  ("everything is halved; only a multiply-add is one step of two FLOPs", lambda n, d: 2*n*n*d + 3*n*n),
                  ("scaling and softmax are missing", lambda n, d: 4*n*n*d),
                  ("one division for each score is missing, the scaling by √d", lambda n, d: 4*n*n*d + 5*n*n),
                  ("the products are right; scaling is 1 and softmax 5 for each of the scores, and there are n² of them",
                   lambda n, d: 4*n*n*d + 6*n),
                  ("that is one query; each of the n tokens asks", lambda n, d: 4*n*d + 6*n),
                  ("the projections are in your count; q, k and v are given here",
                   lambda n, d: 8*n*d*d + 4*n*n*d + 6*n*n)])


@exercise("02.3")
def causal_flops(answer):
    """(4d + 6) for each of n(n + 1)/2 pairs."""
    return function(
        answer, lambda n, d: (4*d + 6) * n*(n + 1) // 2, [(2, 1), (5, 7), (100, 512)],
        "skipping the future saves almost half of a long sequence, and nothing of a single token",
        mistakes=[("half of the square cuts the diagonal in two; a token looks at itself", lambda n, d: (2*d + 3) * n*n),
                  ("a token looks at itself too: query i has i keys, not i − 1", lambda n, d: (4*d + 6) * n*(n - 1) // 2),
                  ("that is the full square; query i looks at i keys only", lambda n, d: (4*d + 6) * n*n),
                  ("a pair costs 4d + 6: two products, a multiply-add as 2, and six steps for each score",
                   lambda n, d: (2*d + 6) * n*(n + 1) // 2),
                  ("scaling and softmax are missing", lambda n, d: 4*d * n*(n + 1) // 2),
                  ("these are the pairs; each costs 4d + 6 FLOPs", lambda n, d: n*(n + 1) // 2)])


@exercise("02.4")
def smallest_n(answer):
    """4nd² < 4n²d from n = d + 1 on."""
    return number(
        answer, 513, "beyond n = d the order without the n × n matrix is cheaper, and softmax is what forbids it",
        unit="tokens",
        mistakes=[("there both orders cost the same; fewer FLOPs means strictly fewer", 512),
                  ("that is where the projections are left behind; here q, k and v are given", 1024),
                  ("that is where the projections are left behind; here q, k and v are given", 1025)])
