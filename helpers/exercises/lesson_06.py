"""Lesson 06: frozen weights, a first layer, recomputation, and where 6ND tells half."""

from helpers.exercises import EXERCISES, Exercise
from helpers.notation import L, V, d

waits = "nobody before the last layer waits for a gradient: these weights only run forward"
EXERCISES["06.1"] = Exercise({      # FLOPs for each frozen weight and token
    "adapters in every layer": (4, {
        2: "the adapters before it wait for a gradient (or did you count multiply-adds?)",
        (6, 3): "a frozen weight needs no gradient of its own: one backward product is left out"}),
    "only the last layer": (2, {
        (4, 6): waits, 0: "they still take part in the forward pass",
        1: "a multiply-add is 2 FLOPs"}),
}, why="forward 2, input's gradient 2 if somebody before waits for it, and nothing for the weight "
       "itself")


def _network(n, widths, each=6, first=-2, last=0):
    """FLOPs: `each` for a weight and example, and so many more in the first and the last layer."""
    sizes = [wide * out for wide, out in zip(widths, widths[1:])]
    return n * (each * sum(sizes) + first * sizes[0] + last * sizes[-1])


EXERCISES["06.2"] = Exercise(_network, {
    lambda *a: _network(*a, first=0): "the first input, which is data, needs no gradient",
    lambda *a: _network(*a, each=4, first=0): "only the first leaves its input's gradient out",
    lambda *a: _network(*a, first=-6): "the first layer still has two products of its three",
    lambda *a: _network(*a, each=2, first=0): "that is the pass forward alone",
    lambda *a: _network(*a) / 2: "you counted multiply-adds; a multiply-add is 2 FLOPs",
    lambda n, widths: _network(1, widths): "all n examples pass through each layer",
}, why="every weight has one product forward and two backward, except that the data need no "
       "gradient",
    at=[(1, (2, 3)), (7, (784, 512, 10)), (3, (5, 4, 3, 2))])

EXERCISES["06.3"] = Exercise(4.5, {     # (2 + 2 + 5)/2
    9: "that is the number of products; a pass forward has two of them",
    3.5: "the layer runs forward once more: recomputation is missing",
    4: "FlashAttention's backward pass has the scores once more: five products, not four",
    3: "that is without recomputation and without FlashAttention",
    (2.5, 5): "that is the backward pass alone, as passes or as products",
}, why="a pass forward, the same once more, and a backward pass of five products that make two and "
       "a half", unit="passes forward")

EXERCISES["06.4"] = Exercise(12*d + V/L, {
    6*d + V/(2*L): "that is the whole square's; here only the causal half is counted",
    (12*d, 6*d): "the logits are missing: V·d is in this N",
    12*d + V: "the vocabulary is multiplied once, not in every layer",
    (4*d + V/(3*L), 36*d + 3*V/L):
        "one side has the pass forward only, and the other all three; both are for training",
}, why="the causal half needs twice the length of the whole square to cost as much as the weights")
