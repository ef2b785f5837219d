"""Usual wrong answers to lesson 05 and a word of the hint that each must earn."""


def _model(L, d, h, h_kv, d_h, d_ff, V, tables=2, matrices=3, norms=2, last=1):
    return tables * V * d + L * (2 * d * d_h * (h + h_kv) + matrices * d * d_ff + norms * d) + last * d


def _with(**changes):
    return lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h_kv, d_h, d_ff, V, **changes)


WRONG = {
    "05.1": [({"parameters": 0, "FLOPs": 0}, "two"), ({"parameters": 38_597_376, "FLOPs": 2 * 38_597_376 * 1024}, "already"),
             ({"parameters": 38_597_376, "FLOPs": 38_597_376}, "multiply-add"), ({"parameters": 38_597_376}, "no answer yet"),
             ({"parameters": 38_647_633, "FLOPs": 0}, "biases"), ({"parameters": 163_037_184, "FLOPs": 0}, "added"), (0, "dict")],
    "05.2": [(lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h_kv, d // h, d_ff, V), "argument"),
             (lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h_kv, d / h, d_ff, V), "argument"),
             (lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h, h, d_h, d_ff, V), "h_kv"),
             (lambda L, d, h, h_kv, d_h, d_ff, V: _model(L, d, h_kv, h_kv, d_h, d_ff, V), "only keys"),
             (_with(tables=1), "tied"), (_with(matrices=2), "three"), (_with(last=0), "last norm"), (_with(norms=1), "two norms"),
             (_with(norms=0, last=0), "missing"), (_with(norms=4, last=2), "gain"), (lambda L, d: L * d, "takes")],
    "05.3": [(25, "eight"), (28, "one decimal"), (27, "one decimal"), (0.2758, "percent"), (72.42, "passes"), (23, "once"), (100, "large")],
    "05.4": [(28_628, "published"), (10_997, "128"), (3_072, "difference"), (27_732, "extreme"), (31_699, "small")],
}
