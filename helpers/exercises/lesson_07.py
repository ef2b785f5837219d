"""Lesson 07: a forgotten factor, users beside the weights, no dropout, the largest batch."""

from functools import partial
from math import prod

from helpers.exercises import EXERCISES, Exercise
from helpers.memory import fits
from helpers.notation import b, d, h, n
from helpers.published import MODELS

EXERCISES["07.1"] = Exercise(32, {
    (2, 64, 4): "keys and values and the bytes are in the 512 already: read its three factors",
    1024: "one factor is missing, not two: 0.5 GB has the layers in it",
    8: "Llama-2 7B does not share keys and values: see the lesson's table of caches",
}, why="512 bytes are the key and the value of one head, and the layer has all of its heads to "
       "keep")


def _users(memory_bytes, parameters, layers, kv_heads, head_width, n, weight=2, number=4):
    each = number * layers * kv_heads * head_width * n
    return max(memory_bytes - weight * parameters, 0) // each


EXERCISES["07.2"] = Exercise(_users, {
    (partial(_users, number=2), partial(_users, number=1)):
        "a token has a key and a value, and each of their numbers has 2 bytes",
    partial(_users, weight=1): "a weight in 16 bits takes 2 bytes",
    partial(_users, weight=0): "the weights must fit as well",
    lambda m, p, *a: max(m - 2 * p, 0) / (4 * prod(a)): "users are whole: a part is of no use",
    lambda m, p, *a: (m - 2 * p) // (4 * prod(a)): "no room for weights: 0 users, not below 0",
}, why="the weights are there once, each user's keys and values once more",
    at=[(1000, 100, 2, 1, 4, 5), (80 * 10**9, 8030261248, 32, 8, 128, 8192),
        (10**6, 10**5, 3, 2, 8, 7), (10**9, 10**10, 2, 1, 4, 5)])


def _layer(strips, squares):
    return n*b*d*(strips + squares*h*n/d)


EXERCISES["07.3"] = Exercise(_layer(32, 2), {
    _layer(32, 4): "without dropout the values are mixed with the softmax's result: keep one copy",
    (_layer(34, 2), _layer(32, 5), _layer(31, 4), _layer(31, 5)):
        "dropout stands at three places: two of them have n·b·d numbers, one has n² a head",
    _layer(34, 5): "that is the layer with dropout",
    (_layer(30, 2), _layer(32, 1)): "a mask takes 1 byte a number, not 2, and a result stays at 2",
    _layer(16, 1): "bytes are asked for, and you counted numbers: each takes 2 bytes",
    _layer(32, 2) / b: "a layer is asked for, and all of its sequences: the batch is missing",
}, why="three masks go, and the softmax's result is at the same time what the values are mixed "
       "with")


def _batch(way, **others):
    """The largest batch of GPT-2 XL on an H100 with 1,024 tokens, and those of the other ways."""
    def most(way):
        return next(batch for batch in range(999) if not fits(
            MODELS["GPT-2 XL"], "H100 SXM", 1024, batch + 1, training=True, recompute=way).fits)
    return most(way), {
        most(way) + 1: "one sequence more does not fit any more: ask for its footprint",
        most(way) - 1: "one sequence more still fits",
        **{most(other): f"that is {words}" for other, words in others.items()}}


EXERCISES["07.4"] = Exercise({
    "none": _batch("none", selective="with selective recomputation"),
    "selective": _batch("selective", none="without recomputation", full="full recomputation"),
    "full": _batch("full", selective="selective recomputation"),
}, why="the states stay, and what one sequence takes divides the rest")
