"""Lesson 05: tying, a whole model, a mixture, and sharing keys."""

from functools import partial

from helpers.exercises import EXERCISES, Exercise

table = 50_257 * 768
EXERCISES["05.1"] = Exercise({
    "parameters": Exercise(table, {
        0: "tied, one table serves both ends; untied, there are two",
        table + 50_257: "a head of its own needs no biases: the logits are a product alone",
        124_439_808 + table: "those are all parameters; the question is what is added",
    }, unit="parameters"),
    "FLOPs": Exercise(0, {
        (2 * table * 1024, 2 * table): "that product is computed already, with the tied table",
        table: "a multiply-add is 2 FLOPs; besides, that product is computed already"}),
}, why="tying is about what is held, not about what is computed")


def _llama(L, d, h, h_kv, d_h, d_ff, V, tables=2, matrices=3, norms=2, last=1, width=None, of=None):
    attention = 2 * d * (width or d_h) * ((of or h) + (h_kv if of != 0 else h))
    return tables*V*d + L*(attention + matrices*d*d_ff + norms*d) + last*d


EXERCISES["05.2"] = Exercise(
    lambda L, d, h, h_kv, d_h, d_ff, V: _llama(L, d, h, h_kv, d_h, d_ff, V), {
        (lambda *a: _llama(*a, width=a[1] // a[2]), lambda *a: _llama(*a, width=a[1] / a[2])):
            "d_h is an argument: it need not be d/h",
        lambda *a: _llama(*a, of=0): "keys and values have h_kv heads, not h",
        lambda *a: _llama(*a, of=a[3]): "queries and output have h; only keys and values share",
        partial(_llama, tables=1): "the head is not tied: there are two tables of V·d",
        partial(_llama, matrices=2): "a gated feed-forward layer has three matrices",
        partial(_llama, last=0): "the last norm, after the layers, is missing",
        partial(_llama, norms=1): "each layer has two norms, before attention and feed-forward",
        partial(_llama, norms=0, last=0): "norms are missing: two in each layer, one at the end",
        partial(_llama, norms=4, last=2): "RMS norm has a gain and no bias: d elements, not 2·d",
    }, why="with Llama-3 8B's shape it gives 8,030,261,248, and with any other Llama's its own "
           "total",
    at=[(32, 4096, 32, 8, 128, 14336, 128256), (2, 10, 6, 3, 4, 17, 11), (3, 12, 4, 4, 5, 8, 7)])

met, held = 12_879_925_248, 46_702_792_704      # Mixtral 8x7B
EXERCISES["05.3"] = Exercise(100 * met / held, {
    25: "that is two experts of eight; attention and tables are met too",
    28: "the digits are right as far as they go; give one decimal",
    27: "27 is cut off, not rounded; give one decimal",
    met / held: "the answer is in percent",
    100 * (1 - met / held): "that is what a token passes by",
    (100 * met / 56e9, 25.01): "8 · 7 billion are not there: attention and tables exist once",
}, why="attention and tables are met by every token, so it is more than two experts of eight",
    within=0.004, unit="percent")

EXERCISES["05.4"] = Exercise(31_700, {  # Llama-3 8B, 32 heads of keys and values
    28_628: "that is Llama-3 8B as published, 8 heads of keys and values for 32 of queries",
    10_997: 'with 4 query heads for each of 32 there are 128: set "query heads for each" to 1',
    3_072: "that is the difference; the question is where n² takes half",
    27_732: "one key-value head for all is the other extreme",
}, why="the projections grow and 4·n²·h·d_h stays, so without sharing n² leads later",
    unit="tokens")
