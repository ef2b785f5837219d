"""The checks of lesson 06: frozen weights, a first layer, recomputation, and where 6ND tells half."""
from helpers.exercises import entries, exercise, expression, function, number


@exercise("06.1")
def frozen_weights(answer):
    """FLOPs for each frozen weight and token: 4 where gradients pass through, 2 where they stop above."""
    through = [("it takes part forward, and the adapters before it wait for a gradient that passes through it "
                "(or did you count multiply-adds?)", 2),
               ("a frozen weight needs no gradient of its own: one of the two backward products is left out", 6),
               ("those are the three products of a trained weight; which of them does a frozen weight not need? "
                "And a product is 2 FLOPs", 3)]
    stops = [("nobody before the last layer waits for a gradient: it does not pass through these weights", 4),
             ("nobody before the last layer waits for a gradient: these weights only run forward", 6),
             ("they still take part in the forward pass", 0), ("a multiply-add is 2 FLOPs", 1)]
    return entries(answer, {
        "adapters in every layer": lambda value: number(value, 4, "", mistakes=through),
        "only the last layer": lambda value: number(value, 2, "", mistakes=stops),
    }, why="forward 2, input's gradient 2 if somebody before waits for it, and nothing for the weight itself")


@exercise("06.2")
def network_training_flops(answer):
    """A network on data: 6 for each weight and example, but 4 in the first layer."""
    def sizes(widths):
        return [wide * out for wide, out in zip(widths, widths[1:])]

    return function(
        answer, lambda n, widths: 6 * n * sum(sizes(widths)) - 2 * n * sizes(widths)[0],
        inputs=[(1, (2, 3)), (7, (784, 512, 10)), (3, (5, 4, 3, 2))],
        why="every weight has one product forward and two backward, except that the data need no gradient", mistakes=[
            ("the first layer leaves out the gradient of its input, which is data",
             lambda n, widths: 6 * n * sum(sizes(widths))),
            ("only the first layer leaves out the gradient of its input; the others hand it on",
             lambda n, widths: 4 * n * sum(sizes(widths))),
            ("the first layer still has its forward product and the gradient of its weight",
             lambda n, widths: 6 * n * sum(sizes(widths)[1:])),
            ("it is the first layer whose input is data, not the last",
             lambda n, widths: 6 * n * sum(sizes(widths)) - 2 * n * sizes(widths)[-1]),
            ("the pass forward is missing", lambda n, widths: 4 * n * sum(sizes(widths)) - 2 * n * sizes(widths)[0]),
            ("that is the pass forward alone", lambda n, widths: 2 * n * sum(sizes(widths))),
            ("you counted multiply-adds; a multiply-add is 2 FLOPs",
             lambda n, widths: 3 * n * sum(sizes(widths)) - n * sizes(widths)[0]),
            ("all n examples pass through each layer", lambda n, widths: 6 * sum(sizes(widths)) - 2 * sizes(widths)[0]),
        ])


@exercise("06.3")
def recomputed_flash_passes(answer):
    """Passes forward of the n² products with FlashAttention and full recomputation: (2 + 2 + 5)/2."""
    return number(
        answer, 4.5, "a pass forward, the same once more, and a backward pass of five products that make two and a half",
        unit="passes forward", mistakes=[
            ("that is the number of products; a pass forward has two of them", 9),
            ("the layer runs forward once more: recomputation is missing", 3.5),
            ("FlashAttention's backward pass computes the scores once more: it has five products, not four", 4),
            ("that is without recomputation and without FlashAttention", 3),
            ("that is the backward pass alone", 2.5),
            ("that is the number of products in the backward pass alone", 5),
        ])


@exercise("06.4")
def half_truth(answer):
    """n at which 6·L·d·n equals 6·(12·L·d² + V·d): 12·d + V/L."""
    from helpers.notation import L, V, d
    return expression(
        answer, 12*d + V/L, "the causal half needs twice the length of the whole square to cost as much as the weights",
        mistakes=[
            ("that is the whole square's; here only the causal half is counted", 6*d + V/(2*L)),
            ("the logits are missing: V·d is in this N", 12*d),
            ("the whole square, and without the logits: count the causal half, and V·d", 6*d),
            ("the vocabulary is multiplied once, not in every layer", 12*d + V),
            ("the weights' side has the pass forward only; both sides are for one training token", 4*d + V/(3*L)),
            ("the side of attention has the pass forward only; both sides are for one training token", 36*d + 3*V/L),
        ])
