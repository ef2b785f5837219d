"""Usual wrong answers to lesson 06 and a word of the hint that each must earn."""
from helpers.notation import L, V, d


def sizes(widths):
    return [wide * out for wide, out in zip(widths, widths[1:])]


def both(adapters, last):
    return {"adapters in every layer": adapters, "only the last layer": last}


WRONG = {
    "06.1": [(both(4, 0), "take part")],
    "06.2": [(lambda n, widths: 6 * n * sum(sizes(widths)), "which is data"),
        (lambda n, widths: 4 * n * sum(sizes(widths)), "only the first"),
        (lambda n, widths: 6 * n * sum(sizes(widths)[1:]), "still has"), (lambda n, widths: 2 * n * sum(sizes(widths)), "forward alone"),
        (lambda n, widths: 3 * n * sum(sizes(widths)) - n * sizes(widths)[0], "multiply-add"),
        (lambda n, widths: 6 * sum(sizes(widths)) - 2 * sizes(widths)[0], "examples")],
    "06.3": [(5, "backward pass alone")],
    "06.4": [(6*d + V/(2*L), "causal half"), (12*d, "logits"), (6*d, "logits are missing"), (12*d + V, "once"),
        (4*d + V/(3*L), "both are for training"), (24*d + V/L, "another value")],
}
