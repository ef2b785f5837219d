"""What is to be said of a case: each a function of (case, shape), so that a misread shape gives its own wrong value."""
from dataclasses import replace
from math import ceil

from helpers.memory import activation_bytes
from helpers.published import ACCELERATORS
from helpers.roofline import decode
from helpers.transformer import NORMS


def parameters(case, shape):
    """All parameters; a layer with one norm for both halves has one less than `Transformer` counts."""
    return shape.parameters() - case.shared_norm * NORMS[shape.norm] * shape.d_model * shape.n_layers


def active(case, shape):
    """The parameters that one token meets."""
    return parameters(case, shape) - (shape.parameters() - shape.active_parameters())


def forward(case, shape):
    """FLOPs a token, whole square, logits included."""
    return shape.forward_flops(case.train_n) / case.train_n


def training(case, shape):
    return 3 * forward(case, shape) * case.tokens


def miss(case, shape):
    """By how much the count exceeds 6ND with the active parameters, in percent."""
    return 100 * (3 * forward(case, shape) / (6 * active(case, shape)) - 1)


def crossing(case, shape):
    """n at which scores and weighted sum cost as much as all products with weights in the layers, window ignored."""
    part = replace(shape, window=None).flops_by_part(1)
    return (part["attention projections"] + part["feed-forward"] + part["router"]) / part["scores and weighted sum"]


def cache(case, shape):
    return shape.kv_cache_bytes(1)


def cached(case, shape):
    return shape.kv_cache_bytes(case.serve_n) / 1e9


def states(case, shape):
    return 16 * parameters(case, shape) / 1e9


def serving(case, shape):
    return 2 * parameters(case, shape) / 1e9 + cached(case, shape)


def states_on(case, shape):
    return ceil(1e9 * states(case, shape) / ACCELERATORS[case.train_on].memory_bytes)


def kept(case, shape):
    return activation_bytes(shape, case.train_n, recompute="full") / 1e9


def chats(case, shape):
    room = ACCELERATORS[case.serve_on].memory_bytes - 2 * parameters(case, shape)
    return int(max(room, 0) // shape.kv_cache_bytes(case.serve_n))


def speed(case, shape):
    return decode(shape, case.serve_on, case.serve_n).tokens_per_second


def days(case, shape):
    peak = ACCELERATORS[case.train_on].flops_per_second
    return training(case, shape) / (case.accelerators * peak * case.utilisation * 86_400)
