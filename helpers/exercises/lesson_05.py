"""Lesson 05: tying, a whole model, a mixture, and sharing keys."""

from functools import partial

from helpers.exercises import EXERCISES, Exercise

table = 50_257 * 768
EXERCISES["05.1"] = Exercise({
    "parameters": Exercise(table, {
        0: "tied, one table serves both ends; untied, there are two",
        124_439_808 + table: "those are all parameters; the question is what is added",
    }, unit="parameters"),
    "FLOPs": (0, {(2 * table * 1024, 2 * table, table):
                  "that product is computed already, with the tied table"}),
}, why="tying is about what is held, not about what is computed")


def _llama(L, d, h, h_kv, d_h, d_ff, V, tables=2, matrices=3, norms=2, last=1):
    return tables*V*d + L*(2*d*d_h*(h + h_kv) + matrices*d*d_ff + norms*d) + last*d


EXERCISES["05.2"] = Exercise(_llama, {
    (lambda L, d, h, kv, d_h, *a: _llama(L, d, h, kv, d // h, *a),
     lambda L, d, h, kv, d_h, *a: _llama(L, d, h, kv, d / h, *a)):
        "d_h is an argument: it need not be d/h",
    lambda L, d, h, h_kv, *a: _llama(L, d, h, h, *a): "keys and values have h_kv heads, not h",
    partial(_llama, tables=1): "the head is not tied: there are two tables of V·d",
    partial(_llama, matrices=2): "a gated feed-forward layer has three matrices",
    (partial(_llama, last=0), partial(_llama, norms=1), partial(_llama, norms=0, last=0)):
        "each layer has two norms, and there is a last one after the layers",
    partial(_llama, norms=4, last=2): "RMS norm has a gain and no bias: d elements, not 2·d",
}, why="with Llama-3 8B's shape it gives 8,030,261,248, and with any other Llama's its own total",
    at=[(32, 4096, 32, 8, 128, 14336, 128256), (2, 10, 6, 3, 4, 17, 11), (3, 12, 4, 4, 5, 8, 7)])

met, held = 12_879_925_248, 46_702_792_704      # Mixtral 8x7B
EXERCISES["05.3"] = Exercise(100 * met / held, {
    25: "that is two experts of eight; attention and tables are met too",
    met / held: "the answer is in percent",
    100 * (1 - met / held): "that is what a token passes by",
    100 * met / 56e9: "8 · 7 billion are not there: attention and tables exist once",
}, why="attention and tables are met by every token, so it is more than two experts of eight",
    within=0.004, unit="percent")

EXERCISES["05.4"] = Exercise(31_700, {  # Llama-3 8B, 32 heads of keys and values
    28_628: "that is Llama-3 8B as published, 8 heads of keys and values for 32 of queries",
    10_997: 'with 4 query heads for each of 32 there are 128: set "query heads for each" to 1',
    3_072: "that is the difference; the question is where n² takes half",
    27_732: "one key-value head for all is the other extreme",
}, why="the projections grow and 4·n²·h·d_h stays, so without sharing n² leads later",
    unit="tokens")
