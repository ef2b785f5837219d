"""The checks of lesson 05: tying, a whole model, a mixture, and sharing keys."""
from helpers.exercises import entries, exercise, function, number

TABLE = 50_257 * 768


@exercise("05.1")
def untied(answer):
    """What a head of its own adds to GPT-2: V·d parameters, and no FLOP."""
    return entries(answer, {
        "parameters": lambda value: number(value, TABLE, "", unit="parameters", mistakes=[
            ("tied, one table serves both ends; untied, there are two", 0),
            ("a head of its own needs no biases: in this model the logits are a product alone", TABLE + 50_257),
            ("those are all parameters of the untied model; the question is what is added", 124_439_808 + TABLE)]),
        "FLOPs": lambda value: number(value, 0, "", unit="FLOPs", mistakes=[
            ("that product is computed already, with the tied table", 2 * TABLE * 1024),
            ("that product is computed already, with the tied table", 2 * TABLE),
            ("a multiply-add is 2 FLOPs; besides, that product is computed already, with the tied table", TABLE)]),
    }, "tying is about what is held, not about what is computed")


@exercise("05.2")
def llama_parameters(answer):
    """2·V·d + L·(2·d·d_h·(h + h_kv) + 3·d·d_ff + 2·d) + d."""
    def model(L, d, h, h_kv, d_h, d_ff, V, tables=2, matrices=3, norms=2, last=1):
        return tables * V * d + L * (2 * d * d_h * (h + h_kv) + matrices * d * d_ff + norms * d) + last * d

    return function(
        answer, lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d_h, d_ff, V),
        inputs=[(32, 4096, 32, 8, 128, 14336, 128256), (2, 10, 6, 3, 4, 17, 11), (3, 12, 4, 4, 5, 8, 7)],
        why="with Llama-3 8B's shape it gives 8,030,261,248, and with any other Llama's its own total", mistakes=[
            ("d_h is an argument: it need not be d/h",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d // h, d_ff, V)),
            ("d_h is an argument: h·d_h need not be d",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d / h, d_ff, V)),
            ("keys and values have h_kv heads, not h",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h, d_h, d_ff, V)),
            ("queries and output have h heads; only keys and values share",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h_kv, h_kv, d_h, d_ff, V)),
            ("the head is not tied: there are two tables of V·d",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d_h, d_ff, V, tables=1)),
            ("a gated feed-forward layer has three matrices",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d_h, d_ff, V, matrices=2)),
            ("the last norm, after the layers, is missing",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d_h, d_ff, V, last=0)),
            ("each layer has two norms, one before attention and one before the feed-forward layer",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d_h, d_ff, V, norms=1)),
            ("the norms are missing: two in each layer, one at the end",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d_h, d_ff, V, norms=0, last=0)),
            ("RMS norm has a gain and no bias: d elements, not 2·d",
             lambda L, d, h, h_kv, d_h, d_ff, V: model(L, d, h, h_kv, d_h, d_ff, V, norms=4, last=2)),
        ])


@exercise("05.3")
def share_met(answer):
    """Percentage of Mixtral's parameters that a token meets."""
    met, held = 12_879_925_248, 46_702_792_704
    return number(
        answer, 100 * met / held, "attention and tables are met by every token, so it is more than two experts of eight",
        tolerance=0.004, unit="percent", mistakes=[
            ("that is two experts of eight; attention and tables are met too", 25),
            ("the digits are right as far as they go; give one decimal", 28),
            ("27 is cut off, not rounded; give one decimal", 27),
            ("the answer is in percent", met / held),
            ("that is what a token passes by", 100 * (1 - met / held)),
            ("8 · 7 billion are not there: attention and tables exist once", 100 * met / 56e9),
            ("8 · 7 billion are not there: attention and tables exist once", 100 * 14 / 56.0001),
        ])


@exercise("05.4")
def half_without_sharing(answer):
    """Tokens at which n² takes half of Llama-3 8B with 32 key-value heads."""
    return number(
        answer, 31_700, "the projections grow and 4·n²·h·d_h stays, so without sharing n² leads later", unit="tokens",
        mistakes=[
            ("that is Llama-3 8B as published, 8 heads of keys and values for 32 of queries", 28_628),
            ("with 32 key-value heads and 4 query heads for each there are 128 query heads: set \"query heads for each\" to 1", 10_997),
            ("that is the difference; the question is where n² takes half", 3_072),
            ("one key-value head for all is the other extreme", 27_732),
        ])
