"""Usual wrong answers to lesson 05 and a word of the hint that each must earn."""


def _model(L, d, h, h_kv, d_h, d_ff, V, tables=2, matrices=3, norms=2, last=1):
    return tables * V * d + L * (2 * d * d_h * (h + h_kv) + matrices * d * d_ff + norms * d) + last * d


def _with(**changes):
    return lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h_kv, d_h, d_ff, V, **changes)


WRONG = {
    "05.1": [({"parameters": 38_597_376, "FLOPs": 2 * 38_597_376 * 1024}, "already")],
    "05.2": [(lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h_kv, d // h, d_ff, V), "argument"),
        (lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h_kv, d / h, d_ff, V), "argument"),
        (lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h, d_h, d_ff, V), "h_kv"), (_with(tables=1), "tied"),
        (_with(matrices=2), "three"), (_with(last=0), "last one"), (_with(norms=1), "two norms"), (_with(norms=4, last=2), "gain"),
        (lambda L, d: L * d, "takes")],
    "05.3": [(28, "one digit more"), (0.2758, "percent"), (72.42, "passes"), (23, "once")],
    "05.4": [(27_732, "extreme")],
}
