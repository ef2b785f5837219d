"""Lesson 08: narrow weights, an answer's time, a full house, and a log's peak."""

from helpers.exercises import EXERCISES, Exercise

long = "a long prompt waits for the arithmetic, in 16 bits: nothing makes it faster here"
EXERCISES["08.1"] = Exercise({
    "writing": (4, {
        1: "one chat waits for its weights: the bytes shrink, and with them the time",
        (2, 8): "the weights shrink from 16 bits to 4: how many times is that?",
        0.25: "a quarter of the bytes: how many times as fast is that?"}),
    "reading": (1, {(4, 2, 0.25): long}),
}, why="only the slower clock counts: the memory's while it writes, the arithmetic's while it "
       "reads")


def _seconds(prompt, answer, weights, peak, bandwidth, first=max, flops=2, size=2):
    """A clock of the prompt, then one of each written token: the slower of the two."""
    math, memory = flops * weights / peak, size * weights / bandwidth
    return first(prompt * math, memory) + answer * max(math, memory)


def _once(p, a, weights, peak, bandwidth, clock=max):
    return clock((p + a) * 2 * weights / peak, (1 + a) * 2 * weights / bandwidth)


EXERCISES["08.2"] = Exercise(_seconds, {
    _once: "the answer starts when the prompt is read: add the slower clock of each phase",
    lambda *a: _seconds(*a, first=lambda *_: 0): "the prompt is missing",
    lambda p, a, *chip: _seconds(0, p + a, *chip, first=min):
        "the prompt is read at once: its weights come once, not once a token",
    lambda *a: _once(*a, clock=lambda *two: sum(two)): "the slower clock counts, not their sum",
    lambda *a: _seconds(*a, flops=1): "a multiply-add is 2 FLOPs",
    lambda *a: _seconds(*a, size=1): "each weight is 2 bytes",
}, why="each phase has its own slower clock, and one comes after the other",
    at=[(1000, 10, 10**9, 10**12, 10**12), (8192, 500, 8 * 10**9, 989 * 10**12, 3350 * 10**9),
        (20, 100, 7 * 10**9, 312 * 10**12, 2 * 10**12), (50, 7, 10**6, 10**9, 10**10)])

# 2·weights / (cache of a token · (ridge − heads that share a key)): for Llama-2 7B 13,214,154,752
# / (524,288 · (156.1 − 1)) = 162.5 on an A100, 85.6 on an H100; for Llama-3 8B 753.7
EXERCISES["08.3"] = Exercise(162, {
    163: "the n must still be on this side of the limit: round down",
    (85, 86): "that is for an H100; take the A100's peak and bandwidth",
    753: "that is for Llama-3 8B; take Llama-2 7B",
    81: "that is for the sparse peak of an A100; its dense one is 312",
    156: "that is the number of chats without a cache, the ridge point; asked is n",
}, why="every chat brings its cache, and Llama-2 7B shares no keys among its heads",
    within=0.4 / 162, unit="tokens")

EXERCISES["08.4"] = Exercise({
    "peak that was used": Exercise(1979, {
        989: "989 is the dense peak; 380 is not 19.2 % of it",
        380 * 0.192: "divide the rate by the share; you multiplied",
        380 / 19.2: "19.2 % is 0.192, and the rate divided by it is the peak"}, within=0.005),
    "utilisation of the dense peak": Exercise(38.4, {
        9.6: "the dense peak is half of the sparse one: half the divisor, twice the share",
        19.2: "that is what the log says; the dense peak is another",
        0.384: "the question asks for percent"}, within=0.015, unit="percent"),
}, why="the peak with sparsity is twice the dense one, so the share is half of the true one")
