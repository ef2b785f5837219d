"""The usual wrong values of each entry that are no misread shape, as lists of pairs (hint, value)."""
from dataclasses import replace

from helpers.exercises.capstone.values import (
    active, cache, cached, crossing, days, forward, kept, miss, parameters, serving, speed, states, training)
from helpers.published import ACCELERATORS
from helpers.roofline import decode

_SQUARE = "that counts the pairs that a token may see; asked is the whole square"
_GB = "a GB is 10⁹ bytes here, not 2³⁰"
_WIDE = "a number has 2 bytes here, not 4"


def _for_experts(case, *pairs):
    """The pairs for a mixture, nothing for the rest."""
    return list(pairs) if case.shape.is_mixture else []


def of_parameters(case):
    if case.shape.is_mixture:
        return [("that is what one token meets; asked are all", active(case, case.shape))]
    if case.shared_norm:
        return [("both halves of a parallel layer read the result of one norm: Transformer counts two",
                 case.shape.parameters())]
    return []


def of_active(case):
    if case.shape.is_mixture:
        return [("a token does not meet all experts", parameters(case, case.shape)),
                ("the input table counts here as well", case.shape.active_parameters(input_embedding=False))]
    return of_parameters(case)


def of_forward(case):
    shape, n, right = case.shape, case.train_n, forward(case, case.shape)
    logits = 2 * shape.vocab_size * shape.d_model
    return [("a multiply-add is 2 FLOPs", right / 2), ("that is of the whole sequence; asked is one token", right * n),
            ("that is forward and backward", 3 * right), ("the logits are missing", right - logits),
            ("the input embedding is a lookup, no product", right + logits),
            ("that is 2 for each parameter; the products with n² are missing", 2 * active(case, shape)),
            (_SQUARE, shape.forward_flops(n, causal=True) / n),
            *_for_experts(case, ("a token does not meet all experts, and the products with n² are missing",
                                 2 * parameters(case, shape)))]


def of_training(case):
    shape, tokens, right = case.shape, case.tokens, training(case, case.shape)
    return [("that is the forward pass alone", right / 3), ("a multiply-add is 2 FLOPs", right / 2),
            ("the backward pass costs twice the forward, not as much", 2 * right / 3),
            ("what is computed again is no work of the model", 4 * right / 3),
            ("that is one step, of one sequence", right / tokens * case.train_n), ("that is one token", right / tokens),
            ("that is 6ND; the products with n² are missing", 6 * active(case, shape) * tokens),
            (_SQUARE, 3 * shape.forward_flops(case.train_n, causal=True) / case.train_n * tokens),
            *_for_experts(case, ("a token does not meet all experts", 6 * parameters(case, shape) * tokens))]


def of_miss(case):
    shape, right = case.shape, miss(case, case.shape)
    causal = 3 * shape.forward_flops(case.train_n, causal=True) / case.train_n
    total = 3 * forward(case, shape) / (6 * parameters(case, shape))
    return [("asked is percent", right / 100), ("the sign: the count is larger than 6ND, or smaller?", -right),
            ("divide by 6ND, not by the count", 100 * right / (100 + right)),
            ("that is the ratio; asked is the difference from 1", 100 + right),
            ("that is the ratio; asked is the difference from 1, in percent", 1 + right / 100),
            (_SQUARE, 100 * (causal / (6 * active(case, shape)) - 1)),
            *_for_experts(case, ("a token does not meet all experts: take the active parameters for N", 100 * (total - 1)))]


def of_crossing(case):
    shape, d, part, right = case.shape, case.shape.d_model, case.shape.flops_by_part(1), crossing(case, case.shape)
    pair = part["scores and weighted sum"]
    return [("2d is of a layer without feed-forward, whose heads share nothing and have h·d_h = d", 2 * d),
            ("6d is of a layer whose feed-forward has two matrices and 4d, and whose heads share nothing", 6 * d),
            ("that leaves the feed-forward layer out", part["attention projections"] / pair),
            ("that leaves the projections out", part["feed-forward"] / pair),
            ("two products have n²: scores and weighted sum", 2 * right),
            ("a weight costs 2 FLOPs a token, a pair 4 for each element", right / 2),
            ("the logits are not in the layers", right + part["logits"] / pair),
            ("the pairs cost 4·n²·h·d_h, and h·d_h is not d", right * shape.n_heads * shape.head_width / d),
            *_for_experts(case, ("a token does not meet all experts",
                                 crossing(case, replace(shape, experts_per_token=shape.n_experts))))]


def of_cache(case):
    right, shape = cache(case, case.shape), case.shape
    return [("keys and values are two, and a number has 2 bytes: one 2 is missing", right // 2), (_WIDE, 2 * right),
            ("that counts numbers of one kind: two are cached, of 2 bytes each", right // 4),
            ("that is in bits", 8 * right), ("that is one layer", right // shape.n_layers)]


def of_cached(case):
    right = cached(case, case.shape)
    return [(_GB, right * 1e9 / 2**30), (_WIDE, 2 * right),
            ("keys and values are two, and a number has 2 bytes: one 2 is missing", right / 2)]


def of_states(case):
    held = parameters(case, case.shape) / 1e9
    return [("that is the weights alone: gradients and optimizer learn with them", 2 * held),
            ("16 bytes a parameter, not 4", 4 * held), ("weights and gradients need 2 bytes each besides", 12 * held),
            ("that is with gradients of 4 bytes; here they have 2", 18 * held), (_GB, 16e9 * held / 2**30),
            *_for_experts(case, ("all experts learn, so all have states", 16 * active(case, case.shape) / 1e9))]


def of_states_on(case):
    whole = 1e9 * states(case, case.shape) / ACCELERATORS[case.train_on].memory_bytes
    return [("a part of an accelerator is a whole one: round up", int(whole)),
            ("a part of an accelerator is a whole one: round up", whole),
            ("that holds the weights alone; gradients and optimizer need room too", -int(-whole // 8)),
            *_for_experts(case, ("all experts learn, so all have states",
                                 -int(-whole * active(case, case.shape) // parameters(case, case.shape))))]


def of_kept(case):
    right, shape = kept(case, case.shape), case.shape
    return [("a number has 2 bytes", right / 2), (_WIDE, 2 * right), ("that is one layer", right / shape.n_layers),
            ("34 bytes are kept where nothing is computed again", 17 * right), (_GB, right * 1e9 / 2**30),
            ("the input of a layer has width d, not h·d_h", right * shape.n_heads * shape.head_width / shape.d_model)]


def of_serving(case):
    held, stored = parameters(case, case.shape) / 1e9, cached(case, case.shape)
    return [("that is the weights alone", 2 * held), ("that is the cache alone", stored),
            (_WIDE, 4 * held + 2 * stored), ("a weight has 2 bytes", held + stored),
            *_for_experts(case, ("experts that wait must be held as well", 2 * active(case, case.shape) / 1e9 + stored)),
            ("nobody learns here: no optimizer", 16 * held + stored), (_GB, (2 * held + stored) * 1e9 / 2**30)]


def of_chats(case):
    memory, held = ACCELERATORS[case.serve_on].memory_bytes, 2 * parameters(case, case.shape)
    one = cached(case, case.shape) * 1e9
    return [("a part of a chat is none: round down", int((memory - held) // one) + 1),
            ("a part of a chat is none: round down", (memory - held) / one),
            ("the weights need room too", int(memory // one)),
            ("the weights are held once, not once a chat", int(memory // (held + one))),
            *_for_experts(case, ("experts that wait need room too", int((memory - 2 * active(case, case.shape)) // one)))]


def of_speed(case):
    shape, chip, held = case.shape, ACCELERATORS[case.serve_on], 2 * parameters(case, case.shape)
    work, one = decode(shape, chip, case.serve_n), cached(case, case.shape) * 1e9
    right, bandwidth = speed(case, shape), chip.bytes_per_second
    return [("the cache is read as well", bandwidth / (work.bytes_moved - one)),
            ("that is the arithmetic's clock, and the memory's is slower", 1 / work.arithmetic_seconds),
            ("a number has 2 bytes, not 4", right / 2), ("a number has 2 bytes, not 1", 2 * right),
            ("that is seconds for a token; asked are tokens per second", work.seconds),
            ("that is milliseconds for a token; asked are tokens per second", 1e3 * work.seconds),
            *_for_experts(case, ("one token reads the experts that it meets, not all", bandwidth / (held + one)),
                          ("of the input table one row is read, not all", bandwidth / (2 * active(case, shape) + one)))]


def of_days(case):
    right, shape, tokens = days(case, case.shape), case.shape, case.tokens
    peak = ACCELERATORS[case.train_on].flops_per_second
    rate = case.accelerators * peak * case.utilisation * 86_400
    return [("at full speed; utilisation stretches it", right * case.utilisation),
            ("divide by the utilisation, once", right * case.utilisation**2), ("that is one accelerator", right * case.accelerators),
            ("that is hours", 24 * right), ("that is seconds", 86_400 * right), ("that is the forward pass alone", right / 3),
            ("with the dense peak, not twice as much", right / 2), ("a multiply-add is 2 FLOPs", right / 2),
            ("that is 6ND; take your count", 6 * active(case, shape) * tokens / rate),
            *_for_experts(case, ("a token does not meet all experts", 6 * parameters(case, shape) * tokens / rate))]
