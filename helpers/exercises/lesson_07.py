"""The checks of lesson 07: a forgotten factor, users beside the weights, a layer without dropout, the largest batch."""
from functools import partial

from helpers.exercises import entries, exercise, expression, function, number


@exercise("07.1")
def forgotten_heads(answer):
    """What a key-value cache of one head's 512 bytes lacks: the 32 heads."""
    return number(
        answer, 32, "512 bytes are the key and the value of one head, and the layer has all of its heads to keep",
        mistakes=[
            ("keys and values are both in the 512: read its three factors one by one", 2),
            ("keys and values and the bytes are in the 512 already", 64),
            ("both factors of 2 are in the 512: keys and values, and the bytes of a number", 4),
            ("one factor is missing, not two: 0.5 GB has the layers in it", 1024),
            ("that is the width of a head, and it is in the 512", 128),
            ("Llama-2 7B does not share keys and values: see the lesson's table of caches", 8),
            ("a true cache that is larger needs a factor above 1", 1 / 32),
        ])


@exercise("07.2")
def users_that_fit(answer):
    """(memory − 2·parameters) // (4·layers·kv_heads·head_width·n), at least 0."""
    def users(memory_bytes, parameters, layers, kv_heads, head_width, n, weight=2, number_bytes=4):
        room = memory_bytes - weight * parameters
        return max(room // (number_bytes * layers * kv_heads * head_width * n), 0)

    return function(
        answer, lambda memory_bytes, parameters, layers, kv_heads, head_width, n:
        users(memory_bytes, parameters, layers, kv_heads, head_width, n),
        inputs=[(1000, 100, 2, 1, 4, 5), (80 * 10**9, 8030261248, 32, 8, 128, 8192), (10**6, 10**5, 3, 2, 8, 7),
                (10**9, 10**10, 2, 1, 4, 5)],
        why="the weights are there once, each user's keys and values once more", mistakes=[
            ("a user has keys and values: that factor 2 is missing, or the 2 bytes of a number",
             partial(users, number_bytes=2)),
            ("neither keys and values nor the bytes of a number are counted for a user",
             partial(users, number_bytes=1)),
            ("a weight in 16 bits takes 2 bytes",
             partial(users, weight=1)),
            ("the weights must fit as well",
             partial(users, weight=0)),
            ("serving needs the weights alone: the 16 bytes belong to learning",
             partial(users, weight=16)),
            ("users are whole: a part of a user's cache is of no use",
             lambda memory_bytes, parameters, layers, kv_heads, head_width, n:
             max(memory_bytes - 2 * parameters, 0) / (4 * layers * kv_heads * head_width * n)),
            ("where not even the weights fit, nobody is served: there are no users below 0",
             lambda memory_bytes, parameters, layers, kv_heads, head_width, n:
             (memory_bytes - 2 * parameters) // (4 * layers * kv_heads * head_width * n)),
        ])


@exercise("07.3")
def without_dropout(answer):
    """n·b·d·(32 + 2·h·n/d)."""
    from helpers.notation import b, d, h, n

    def layer(strips, squares):
        return n*b*d*(strips + squares*h*n/d)

    return expression(
        answer, layer(32, 2), "three masks go, and the softmax's result is at the same time what the values are mixed with",
        mistakes=[
            ("without dropout the weights that mix the values are the softmax's result: keep one copy", layer(32, 4)),
            ("dropout stands at three places, and two of them have n·b·d numbers", layer(34, 2)),
            ("dropout stands at three places, and one of them has n² numbers for each head", layer(32, 5)),
            ("dropout has two places with n·b·d numbers", layer(33, 2)),
            ("dropout has two places with n·b·d numbers, and without it one copy of the weights is enough", layer(33, 4)),
            ("three masks go, and they are not alike: two have n·b·d numbers, one has n² for each head", layer(31, 4)),
            ("three masks go, and they are not alike: two have n·b·d numbers, one has n² for each head", layer(31, 5)),
            ("that is the layer with dropout", layer(34, 5)),
            ("a mask takes 1 byte a number, not 2", layer(30, 2)),
            ("the mask is gone, but the number of bytes of the result stays: 2", layer(32, 1)),
            ("bytes are asked for, and you counted numbers: each takes 2 bytes", layer(16, 1)),
            ("the result is in bytes already; do not multiply by 2 once more", layer(64, 4)),
            ("a layer is asked for, and all of its sequences: the batch is missing", layer(32, 2)/b),
        ])


@exercise("07.4")
def largest_batch(answer):
    """The largest batch of GPT-2 XL on 80 GB at 1,024 tokens: 6 and more with recomputation."""
    from helpers.memory import fits
    from helpers.published import MODELS

    def most(way):
        batch = 0
        while fits(MODELS["GPT-2 XL"], "H100 SXM", 1024, batch + 1, training=True, recompute=way).fits:
            batch += 1
        return batch

    found = {way: most(way) for way in ("none", "selective", "full")}

    def near(way):
        others = {"none": [("that is with selective recomputation", found["selective"])],
                  "selective": [("that is without recomputation", found["none"]), ("that is full recomputation", found["full"])],
                  "full": [("that is selective recomputation", found["selective"])]}[way]
        return [("one sequence more does not fit any more: ask for its footprint", found[way] + 1),
                ("one sequence more still fits", found[way] - 1), *others]

    return entries(answer, {way: lambda value, way=way: number(value, found[way], "", unit="sequences", mistakes=near(way))
                            for way in found},
                   why="the states stay, and what one sequence takes divides the rest")
