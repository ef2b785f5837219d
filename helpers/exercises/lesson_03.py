"""The checks of lesson 03: shares, crossings and cross-attention."""
from helpers.exercises import exercise, expression, function, not_yet, number


@exercise("03.1")
def gpt2_share(answer):
    """Percentage of GPT-2's attention products that has n²: n/(n + 2d) at n = 1,024, d = 768."""
    return number(
        answer, 40, "even at its full length, GPT-2's attention spends more on the projections than on the dance",
        tolerance=0.02, unit="percent", mistakes=[
            ("that is the ratio of the products with n² to the projections; the share is of both together", 200 / 3),
            ("that is the projections' share; the question is about the rest", 60),
            ("the constants count: 4·n²·d against 8·n·d², not n²·d against n·d²", 400 / 7),
            ("you counted three projections; the output projection is the fourth", 800 / 17),
            ("you counted one product with n²; the weighted sum takes as much as the scores", 25),
            ("you halved the part with n²: scores and weighted sum are both in it", 20),
            ("that has the feed-forward layer in it; the question is about the attention layer alone", 200 / 11),
            ("that is the share of the example; put in n = 1,024 and d = 768", 8.9),
        ])


@exercise("03.2")
def doubled_at_the_crossing(answer):
    """Factor by which 8·n·d² + 4·n²·d grows from n = 2d to n = 4d."""
    return number(
        answer, 3, "half of the cost doubles and half becomes four times, so neither 2 nor 4 is what you measure",
        tolerance=0.005, mistakes=[
            ("only the products with n² grow like that; the projections are the other half", 4),
            ("only the projections grow like that; the products with n² are the other half", 2),
            ("2 to the power 1.5 is close, but the exponent rises on the way from 2d to 4d: add the two halves", 2**1.5),
            ("that is the exponent at n = 2d; the question is about the factor", 1.5),
            ("that is n and d doubled together; here d stays", 8),
        ])


@exercise("03.3")
def crossover_tokens(answer):
    """Tokens at which 4·n²·d meets projections and feed-forward: 2·d + matrices·d_ff/2."""
    return function(
        answer, lambda d, d_ff, matrices: 2 * d + matrices * d_ff / 2,
        inputs=[(512, 2048, 2), (768, 3072, 2), (4096, 14336, 3), (4096, 11008, 3), (64, 100, 2)],
        why="every weight that each token meets alone postpones the length at which n² leads", mistakes=[
            ("the projections are missing: they cost 8·n·d² beside the feed-forward layer",
             lambda d, d_ff, matrices: matrices * d_ff / 2),
            ("the feed-forward layer is missing", lambda d, d_ff, matrices: 2 * d),
            ("you counted three projections; the output projection is the fourth",
             lambda d, d_ff, matrices: 1.5 * d + matrices * d_ff / 2),
            ("there are two products with n², the scores and the weighted sum",
             lambda d, d_ff, matrices: 4 * d + matrices * d_ff),
            ("the feed-forward layer's multiply-adds are 2 FLOPs each, like those of the projections",
             lambda d, d_ff, matrices: 2 * d + matrices * d_ff / 4),
            ("the feed-forward layer counts too much: one of its products is 2·n·d·d_ff FLOPs",
             lambda d, d_ff, matrices: 2 * d + matrices * d_ff),
            ("a gated layer has three matrices: use the argument `matrices`", lambda d, d_ff, matrices: 2 * d + d_ff),
            ("that is for two matrices with d_ff = 4·d: use the arguments", lambda d, d_ff, matrices: 6 * d),
            ("d_ff is an argument: it need not be 4·d", lambda d, d_ff, matrices: 2 * d + 2 * d * matrices),
        ])


@exercise("03.4")
def cross_attention_flops(answer):
    """Matrix products of cross-attention, n queries on m keys: 4·n·d² + 4·m·d² + 4·n·m·d."""
    import sympy
    from helpers.notation import d, n
    m = sympy.Symbol("m", positive=True, integer=True)
    right = 4*n*d**2 + 4*m*d**2 + 4*n*m*d
    own = {letter.name for letter in answer.free_symbols} if isinstance(answer, sympy.Expr) else set()
    if "m" in own < {"m", "n", "d"}:
        return not_yet("n or d is missing: where a cell made numbers of them, run the import cell again, then this one")
    return expression(
        answer, right, "each text pays for its own projections, and the dance is n·m: no square is left", mistakes=[
            ("scaling and softmax are in it; `matmul_flops` leaves them out", right + 6*n*m),
            ("you counted multiply-adds; a multiply-add is 2 FLOPs", right / 2),
            ("keys and values come from y, so their projections have m rows", 8*n*d**2 + 4*n*m*d),
            ("only keys and values come from y; queries and output have n rows", 8*m*d**2 + 4*n*m*d),
            ("queries and output have n rows: the output projection is not for y", 2*n*d**2 + 6*m*d**2 + 4*n*m*d),
            ("the values come from y too", 6*n*d**2 + 2*m*d**2 + 4*n*m*d),
            ("the projections are missing: four products with a d × d weight", 4*n*m*d),
        ])
