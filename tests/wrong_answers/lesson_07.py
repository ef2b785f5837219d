"""Usual wrong answers to lesson 07 and a word of the hint that each must earn."""
from math import prod

from helpers.notation import b, d, h, n


def ways(none, selective, full):
    return {"none": none, "selective": selective, "full": full}


WRONG = {
    "07.1": [(8, "share")],
    "07.2": [(lambda m, p, *a: max(m - 2 * p, 0) // (2 * prod(a)), "a key and a value"),
        (lambda m, p, *a: max(m - 2 * p, 0) // prod(a), "a key and a value"),
        (lambda m, p, *a: max(m - p, 0) // (4 * prod(a)), "2 bytes"), (lambda m, p, *a: m // (4 * prod(a)), "weights must fit"),
        (lambda m, p, *a: (m - 2 * p) // (4 * prod(a)), "below 0"), (lambda m, p, *a: max(m - 2 * p, 0) / (4 * prod(a)), "whole")],
    "07.3": [(n*b*d*(32 + 4*h*n/d), "one copy"), (n*b*d*(34 + 2*h*n/d), "two of them"), (n*b*d*(32 + 5*h*n/d), "three places"),
        (n*b*d*(31 + 4*h*n/d), "three places"), (n*b*d*(34 + 5*h*n/d), "with dropout"), (n*b*d*(30 + 2*h*n/d), "1 byte"),
        (n*d*(32 + 2*h*n/d), "batch"), (n*b*d*(16 + h*n/d), "each takes 2 bytes"), (n*b*d*(32 + h*n/d), "stays")],
    "07.4": [(ways(7, 18, 200), "does not fit"), (ways(5, 18, 200), "still fits"), (ways(6, 6, 200), "without recomputation")],
}
