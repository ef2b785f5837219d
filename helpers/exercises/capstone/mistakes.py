"""The usual wrong values of each entry that are no misread shape, as lists of pairs (hint, value)."""
from dataclasses import replace
from math import ceil

from helpers.exercises.capstone.values import (
    active, cache, cached, chats, crossing, days, forward, kept, miss, parameters, serving, speed, states, training)
from helpers.published import ACCELERATORS
from helpers.roofline import decode
from helpers.transformer import NORMS

_SQUARE = "that counts the pairs that a token may see; asked is the whole square"
_LOGITS = "the logits are missing"
_PAIRS = "the pairs cost 4·n·h·d_h for each token, and h·d_h is not d"
_LOOKUP = "the input embedding is a lookup, no product"
_ALL = "a token does not meet all experts"
_GB = "a GB is 10⁹ bytes here, not 2³⁰"
_WIDE = "a number has 2 bytes here, not 4"
_HALVED = "keys and values are two, and a number has 2 bytes: one 2 is missing"
_CHIP = "that is the accelerator of the other column"
_N_TRAINING = "that is the n of a chat; asked is the n of the training"
_N_CHAT = "that is the n of the training; asked is the n of a chat"
_BINARY = 10**9 / 2**30


def _for_experts(case, *pairs):
    """The pairs for a mixture, nothing for the rest."""
    return list(pairs) if case.shape.is_mixture else []


def _without_tables(case, name="N"):
    """Pairs (hint, parameters to take off) for who leaves out the tables of tokens."""
    shape = case.shape
    table = shape.vocab_size * shape.d_model
    if shape.tied:
        return [(f"the table of tokens belongs to {name} as well", table)]
    return [(f"the input table belongs to {name} as well", table), (f"both tables of tokens belong to {name}", 2 * table)]


def _other(case, quantity, **fields):
    """The quantity for the case with other fields of its job."""
    changed = replace(case, **fields)
    return quantity(changed, changed.shape)


def _causal(case):
    """FLOPs a token, with the pairs alone that a token may see."""
    return case.shape.forward_flops(case.train_n, causal=True) / case.train_n


def _logits(case):
    return 2 * case.shape.vocab_size * case.shape.d_model


def _widths(case):
    """FLOPs a token with pairs that cost 4·n·d."""
    shape, pairs = case.shape, case.shape.flops_by_part(case.train_n)["scores and weighted sum"] / case.train_n
    return forward(case, shape) - pairs + pairs * shape.d_model / (shape.n_heads * shape.head_width)


def of_parameters(case):
    shape, right = case.shape, parameters(case, case.shape)
    norm = NORMS[shape.norm] * shape.d_model
    found = [(hint, right - less) for hint, less in _without_tables(case, "all")]
    found += [("one more norm stands behind the last layer", right - norm),
              ("the norms count as well", right - (1 + (2 - case.shared_norm) * shape.n_layers) * norm)]
    if not shape.gated:     # without the bias that a gate of this family would have
        found.append(("the feed-forward layer is not gated: two matrices", right + shape.n_layers * shape.d_model * shape.d_ff))
    if case.shared_norm:
        found.append(("both halves of a parallel layer read the result of one norm: Transformer counts two", shape.parameters()))
    return found + _for_experts(
        case, ("that is what one token meets; asked are all", active(case, shape)),
        ("each layer has a router: d numbers for each expert", right - shape.n_layers * shape.d_model * shape.n_experts))


def of_active(case):
    if not case.shape.is_mixture:
        return of_parameters(case)
    shape, right = case.shape, active(case, case.shape)
    return [("a token passes the router as well", right - shape.n_layers * shape.d_model * shape.n_experts),
            (_ALL, parameters(case, shape)), ("the norms count as well", right - (1 + 2 * shape.n_layers) * shape.d_model),
            *((hint, right - less) for hint, less in _without_tables(case, "them"))]


def of_forward(case):
    shape, n, right = case.shape, case.train_n, forward(case, case.shape)
    held, logits = active(case, shape), _logits(case)
    no_pairs = "that is 2 for each parameter; the products with n² are missing"
    return [("a multiply-add is 2 FLOPs", right / 2), ("that is of the whole sequence; asked is one token", right * n),
            ("that is forward and backward", 3 * right), (_LOGITS, right - logits), (_PAIRS, _widths(case)),
            (_LOOKUP, right + logits), (no_pairs, 2 * held),
            *((f"{no_pairs}, and so is a table", 2 * (held - less)) for _, less in _without_tables(case)),
            (_SQUARE, _causal(case)), (_N_TRAINING, _other(case, forward, train_n=case.serve_n)),
            *_for_experts(case, (f"{_ALL}, and the products with n² are missing", 2 * parameters(case, shape)))]


def of_training(case):
    shape, tokens, right = case.shape, case.tokens, training(case, case.shape)
    rule = "that is 6ND; the products with n² are missing"
    return [("that is the forward pass alone", right / 3), ("a multiply-add is 2 FLOPs", right / 2),
            ("the backward pass costs twice the forward, not as much", 2 * right / 3),
            ("what is computed again is no work of the model", 4 * right / 3),
            ("that is one step, of one sequence", right / tokens * case.train_n), ("that is one token", right / tokens),
            (rule, 6 * active(case, shape) * tokens), (_LOGITS, right - 3 * _logits(case) * tokens), (_LOOKUP, right + 3 * _logits(case) * tokens),
            *((f"{rule}, and so is a table in N", 6 * (active(case, shape) - less) * tokens) for _, less in _without_tables(case)),
            (_PAIRS, 3 * _widths(case) * tokens), (_SQUARE, 3 * _causal(case) * tokens),
            (_N_TRAINING, _other(case, training, train_n=case.serve_n)),
            *_for_experts(case, (_ALL, 6 * parameters(case, shape) * tokens))]


def of_miss(case):
    shape, right, count = case.shape, miss(case, case.shape), 3 * forward(case, case.shape)

    def against(flops, held=active(case, shape)):
        return 100 * (flops / (6 * held) - 1)

    return [("asked is percent", right / 100), ("the sign: the count is larger than 6ND, or smaller?", -right),
            ("divide by 6ND, not by the count", 100 * right / (100 + right)),
            ("that is the ratio; asked is the difference from 1", 100 + right),
            ("that is the ratio; asked is the difference from 1, in percent", 1 + right / 100),
            (_SQUARE, against(3 * _causal(case))), (_LOGITS, against(count - 3 * _logits(case))), (_LOOKUP, against(count + 3 * _logits(case))),
            ("what is computed again is no work of the model", against(4 * count / 3)),
            (_PAIRS, against(3 * _widths(case))),
            *((hint, against(count, active(case, shape) - less)) for hint, less in _without_tables(case)),
            (_N_TRAINING, _other(case, miss, train_n=case.serve_n)),
            *_for_experts(case, (f"{_ALL}: take the active parameters for N", against(count, parameters(case, shape))))]


def of_crossing(case):
    shape, d, part, right = case.shape, case.shape.d_model, case.shape.flops_by_part(1), crossing(case, case.shape)
    pair, wide = part["scores and weighted sum"], shape.n_heads * shape.head_width / d
    if shape.window is not None:
        pair = replace(shape, window=None).flops_by_part(1)["scores and weighted sum"]
    return [("2d is of a layer without feed-forward, whose heads share nothing and have h·d_h = d", 2 * d),
            ("6d is of a layer whose feed-forward has two matrices and 4d, and whose heads share nothing", 6 * d),
            ("that leaves the feed-forward layer out", part["attention projections"] / pair),
            ("that leaves the projections out", part["feed-forward"] / pair),
            ("two products have n²: scores and weighted sum", 2 * right),
            ("a weight costs 2 FLOPs a token, a pair 4 for each element", right / 2),
            ("the logits are not in the layers", right + part["logits"] / pair),
            ("the pairs cost 4·n²·h·d_h, and h·d_h is not d", right * wide),
            *_for_experts(case, (_ALL, crossing(case, replace(shape, experts_per_token=shape.n_experts))))]


def of_cache(case):
    right, shape = cache(case, case.shape), case.shape
    return [(_HALVED, right / 2), (_WIDE, 2 * right), ("that is in bits", 8 * right),
            ("that counts numbers of one kind: two are cached, of 2 bytes each", right / 4),
            ("that is one layer", right / shape.n_layers)]


def of_cached(case):
    right = cached(case, case.shape)
    return [(_GB, right * _BINARY), (_WIDE, 2 * right), (_HALVED, right / 2), ("that is one layer", right / case.shape.n_layers),
            (_N_CHAT, _other(case, cached, serve_n=case.train_n))]


def of_states(case):
    held, right = parameters(case, case.shape) / 1e9, states(case, case.shape)
    return [("that is the weights alone: gradients and optimizer learn with them", 2 * held),
            ("16 bytes a parameter, not 4", 4 * held), ("weights and gradients need 2 bytes each besides", 12 * held),
            ("that has weights or gradients of 2 bytes, and not both", 14 * held),
            ("that is with gradients of 4 bytes; here they have 2", 18 * held),
            ("that is with weights and gradients of 4 bytes; here they have 2", 20 * held), (_GB, right * _BINARY),
            *((hint, right - 16 * less / 1e9) for hint, less in _without_tables(case)),
            *_for_experts(case, ("all experts learn, so all have states", 16 * active(case, case.shape) / 1e9))]


def of_states_on(case):
    """On how many accelerators the usual wrong states fit; a part of one is found by `judge`."""
    def on(amount, accelerator=case.train_on):
        return ceil(amount * 1e9 / ACCELERATORS[accelerator].memory_bytes)

    right = states(case, case.shape)
    return [("a part of an accelerator is a whole one: round up", on(right) - 1),
            (_CHIP, on(right, case.serve_on)),
            *((hint, on(amount)) for hint, amount in of_states(case) if hint != _GB)]


def of_kept(case):
    right, shape = kept(case, case.shape), case.shape
    return [("a number has 2 bytes", right / 2), (_WIDE, 2 * right), ("that is one layer", right / shape.n_layers),
            ("34 bytes are kept where nothing is computed again", 17 * right), (_GB, right * _BINARY),
            ("the input of a layer has width d, not h·d_h", right * shape.n_heads * shape.head_width / shape.d_model),
            (_N_TRAINING, _other(case, kept, train_n=case.serve_n))]


def of_serving(case):
    held, stored, right = parameters(case, case.shape) / 1e9, cached(case, case.shape), serving(case, case.shape)
    return [("that is the weights alone", 2 * held), ("that is the cache alone", stored),
            (_HALVED, 2 * held + stored / 2), ("the cache is of all layers, not of one layer", 2 * held + stored / case.shape.n_layers),
            (_WIDE, 4 * held + 2 * stored), ("a weight has 2 bytes", held + stored), ("a weight has 2 bytes, not 4", 4 * held + stored),
            *((hint, right - 2 * less / 1e9) for hint, less in _without_tables(case, "the weights")),
            (_N_CHAT, _other(case, serving, serve_n=case.train_n)),
            *_for_experts(case, ("experts that wait must be held as well", 2 * active(case, case.shape) / 1e9 + stored)),
            ("nobody learns here: no optimizer", 16 * held + stored), (_GB, right * _BINARY)]


def of_chats(case):
    memory, held = ACCELERATORS[case.serve_on].memory_bytes, 2 * parameters(case, case.shape)
    one, right = cached(case, case.shape) * 1e9, chats(case, case.shape)
    return [("a part of a chat is none: round down", right + 1), ("the weights need room too", int(memory // one)),
            ("the weights are held once, not once a chat", int(memory // (held + one))),
            ("a weight has 2 bytes", int((memory - held / 2) // one)),
            (_CHIP, _other(case, chats, serve_on=case.train_on)), (_N_CHAT, _other(case, chats, serve_n=case.train_n)),
            ("a GB is 10⁹ bytes here, for the accelerator as well", int((memory * 2**30 / 1e9 - held) // one)),
            (_HALVED, int((memory - held) // (one / 2))), (_WIDE, int((memory - held) // (2 * one))),
            *((hint, int((memory - held + 2 * less) // one)) for hint, less in _without_tables(case, "the weights")),
            *_for_experts(case, ("experts that wait need room too", int((memory - 2 * active(case, case.shape)) // one)))]


def of_speed(case):
    shape, chip, held = case.shape, ACCELERATORS[case.serve_on], 2 * parameters(case, case.shape)
    work, one = decode(shape, chip, case.serve_n), cached(case, case.shape) * 1e9
    right, bandwidth, table = speed(case, shape), chip.bytes_per_second, 2 * shape.vocab_size * shape.d_model
    no_table, no_cache = "the table is read for the logits", "the cache is read as well"
    return [(_HALVED, bandwidth / (work.bytes_moved - one / 2)),
            ("the cache is of all layers, not of one layer", bandwidth / (work.bytes_moved - one + one / shape.n_layers)), (no_cache, bandwidth / (work.bytes_moved - one)), (no_table, bandwidth / (work.bytes_moved - table)),
            (f"{no_cache}, and {no_table}", bandwidth / (work.bytes_moved - table - one)),
            ("that is the arithmetic's clock, and the memory's is slower", 1 / work.arithmetic_seconds),
            ("a number has 2 bytes, not 4", right / 2), ("a number has 2 bytes, not 1", 2 * right),
            ("that is seconds for a token; asked are tokens per second", work.seconds),
            ("that is milliseconds for a token; asked are tokens per second", 1e3 * work.seconds),
            (_CHIP, _other(case, speed, serve_on=case.train_on)), (_N_CHAT, _other(case, speed, serve_n=case.train_n)),
            *_for_experts(case, ("one token reads the experts that it meets, not all", bandwidth / (held + one)),
                          ("of the input table one row is read, not all", bandwidth / (2 * active(case, shape) + one)),
                          (f"of the input table one row is read, not all; and {no_cache}", bandwidth / (2 * active(case, shape))))]


def of_days(case):
    right, shape, tokens = days(case, case.shape), case.shape, case.tokens
    rate = case.accelerators * ACCELERATORS[case.train_on].flops_per_second * case.utilisation * 86_400
    rule = "that is 6ND; take your count"
    return [("at full speed; utilisation stretches it", right * case.utilisation),
            ("divide by the utilisation, once", right * case.utilisation**2), ("divide by the utilisation, once", right / case.utilisation),
            ("that is one accelerator", right * case.accelerators), ("that is hours", 24 * right), ("that is seconds", 86_400 * right),
            ("that is the forward pass alone", right / 3), ("with the dense peak, not twice as much", right / 2),
            ("a multiply-add is 2 FLOPs", right / 2), ("what is computed again is no work of the model", 4 * right / 3),
            (_CHIP, _other(case, days, train_on=case.serve_on)), (_N_TRAINING, _other(case, days, train_n=case.serve_n)),
            (_SQUARE, 3 * _causal(case) * tokens / rate), (_LOGITS, right - 3 * _logits(case) * tokens / rate),
            (_LOOKUP, right + 3 * _logits(case) * tokens / rate),
            (_PAIRS, 3 * _widths(case) * tokens / rate), (rule, 6 * active(case, shape) * tokens / rate),
            *((f"{rule}, and a table is missing in N", 6 * (active(case, shape) - less) * tokens / rate)
              for _, less in _without_tables(case)),
            *_for_experts(case, (_ALL, 6 * parameters(case, shape) * tokens / rate))]
