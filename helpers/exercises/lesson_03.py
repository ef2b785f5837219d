"""Lesson 03: shares, crossings and cross-attention."""

from sympy import Symbol

from helpers.exercises import EXERCISES, Exercise
from helpers.notation import d, n

EXERCISES["03.1"] = Exercise(40, {      # percent: n/(n + 2d) at n = 1,024, d = 768
    200 / 3: "that is the ratio of the products with n² to the projections; asked is a share",
    60: "that is the projections' share; the question is about the rest",
    400 / 7: "the constants count: 4·n²·d against 8·n·d², not n²·d against n·d²",
    (800 / 17, 25): "there are four projections, and two products with n²: count them again",
    200 / 11: "that has the feed-forward layer in it; the question is about attention alone",
    8.9: "that is the share of the example; put in n = 1,024 and d = 768",
}, within=0.02, unit="percent", why="even at its full length, GPT-2's attention spends more on the "
                                    "projections than on the dance")

EXERCISES["03.2"] = Exercise(3, {       # 8·n·d² + 4·n²·d from n = 2d to n = 4d
    4: "only the products with n² grow like that; the projections are the other half",
    2: "only the projections grow like that; the products with n² are the other half",
    2**1.5: "2 to the power 1.5 is close, but the exponent rises on the way: add the two halves",
    1.5: "that is the exponent at n = 2d; the question is about the factor",
    8: "that is n and d doubled together; here d stays",
}, within=0.005, why="half of the cost doubles and half becomes four times, so neither 2 nor 4 is "
                     "what you measure")

EXERCISES["03.3"] = Exercise(lambda d, d_ff, matrices: 2*d + matrices*d_ff/2, {
    "matrices*d_ff/2": "the projections are missing: 8·n·d² beside the feed-forward layer",
    "2*d": "the feed-forward layer is missing",
    "4*d + matrices*d_ff": "there are two products with n², the scores and the weighted sum",
    ("2*d + matrices*d_ff/4", "2*d + matrices*d_ff"): "a feed-forward product is 2·n·d·d_ff FLOPs",
    "2*d + d_ff": "a gated layer has three matrices: use the argument `matrices`",
    ("6*d", "2*d + 2*d*matrices"): "d_ff is an argument: it need not be 4·d",
}, why="every weight that each token meets alone postpones the length at which n² leads",
    at=[(512, 2048, 2), (768, 3072, 2), (4096, 14336, 3), (4096, 11008, 3), (64, 100, 2)])

m = Symbol("m", positive=True, integer=True)
cross = 4*n*d**2 + 4*m*d**2 + 4*n*m*d
EXERCISES["03.4"] = Exercise(cross, {
    cross + 6*n*m: "scaling and softmax are in it; `matmul_flops` leaves them out",
    cross / 2: "you counted multiply-adds; a multiply-add is 2 FLOPs",
    (8*n*d**2 + 4*n*m*d, 6*n*d**2 + 2*m*d**2 + 4*n*m*d):
        "keys and values come from y, so their projections have m rows",
    (8*m*d**2 + 4*n*m*d, 2*n*d**2 + 6*m*d**2 + 4*n*m*d):
        "only keys and values come from y; queries and output have n rows",
    4*n*m*d: "the projections are missing: four products with a d × d weight",
}, why="each text pays for its own projections, and the dance is n·m: no square is left")
