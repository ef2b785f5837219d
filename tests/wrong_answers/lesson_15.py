"""Usual wrong answers to lesson 15 and a word of the hint that each must earn."""
from helpers.transformer import Transformer


def shape(n_layers=28, d_model=3072, n_heads=16, d_ff=24576, vocab_size=256000, **changed):
    """Gemma 7B, as it should be or with one field misread."""
    right = dict(d_head=256, gated=True, attention_bias=False, mlp_bias=False, norm="rms")
    return Transformer(n_layers, d_model, n_heads, d_ff, vocab_size, **right | changed)


def only(model, *slips):
    """A table with one entry filled in: (entry, wrong value, words of the hint)."""
    return [(({"model": model} if model else {}) | {entry: value}, words) for entry, value, words in slips]


FALCON, STAR, STAR2, QWEN = "Falcon 7B", "StarCoderBase", "StarCoder2 7B", "Qwen3 30B-A3B"
WRONG = {
    "15.1": [(shape(d_head=None), "head_dim"), (shape(n_kv_heads=8), "num_key_value_heads"), (shape(gated=False), "three matrices"),
        (shape(tied=False), "tie_word_embeddings"), (shape(attention_bias=True), "attention_bias"), (shape(mlp_bias=True), "no biases"),
        (shape(output_bias=True), "output"), (shape(norm="layer"), "RMS"), (shape(max_positions=8192), "rotated"),
        (shape(n_layers=32), "num_hidden_layers"), (shape(d_ff=12288), "intermediate_size"), (shape(vocab_size=256128), "vocab_size"),
        (shape(window=4096), "window"), (shape(qk_norm=True), "qk_norm"), (shape(n_experts=2), "n_experts"),
        (Transformer(28, 3072, 16, 24576, 256000), "head_dim"), ("Gemma 7B", "a Transformer(")],
    "15.2": only(None, ("token table", 2 * 256000 * 3072, "held once"), ("attention, one layer", 4 * 3072**2, "head_dim"),
        ("attention, one layer", 3 * 3072 * 4096, "four matrices"), ("attention, one layer", 28 * 4 * 3072 * 4096, "all layers"),
        ("feed-forward, one layer", 2 * 3072 * 24576, "third matrix"), ("whole model", 8_537_680_896 - 57 * 3072, "norms count"),
        ("whole model", 8_537_680_896 + 57 * 3072, "no bias"), ("whole model", 8_538_074_112, "to the digit"),
        ("whole model", 8.54e9, "to the digit")),
    "15.3": only(None, ("forward, FLOPs a token", 20_833_107_968 / 2, "multiply-add"),
        ("forward, FLOPs a token", 2 * 8_537_680_896, "n² are missing"),
        ("forward, FLOPs a token", 20_833_107_968 * 8192, "whole sequence"), ("training, FLOPs", 3.0735e23, "6ND"),
        ("training, FLOPs", 3.75e23 / 3, "forward pass alone"), ("training, FLOPs", 5.00e23, "computed again"),
        ("6ND falls short by, percent", -22.0, "sign"), ("6ND falls short by, percent", 0.22, "percent"),
        ("6ND falls short by, percent", 18.04, "divide by 6ND"), ("6ND falls short by, percent", 122, "ratio"),
        ("crossover, tokens", 18_432, "6d"), ("crossover, tokens", 6_144, "2d"), ("crossover, tokens", 45_056, "h·d_h"),
        ("crossover, tokens", 67_584, "two products"), ("crossover, tokens", "never", "no window")),
    "15.4": only(None, ("cache of a token, bytes", 229_376, "one 2"), ("cache of a token, bytes", 344_064, "head_dim"),
        ("cache of a token, bytes", 16_384, "one layer"), ("cache of a chat, GB", 3.5, "2³⁰"),
        ("states to train, GB", 17.08, "weights alone"), ("accelerators for the states", 8, "round up"),
        ("kept activations, GB", 23.96, "34"), ("kept activations, GB", 0.0503, "one layer"),
        ("to serve one chat, GB", 17.08, "weights alone"), ("to serve one chat, GB", 3.76, "cache alone"),
        ("chats that fit", 16.7, "no whole"), ("chat", 3, "no entry"), ("accelerators for the states", 8.54, "no whole"),
        ("accelerators for the states", 2, "other column"), ("chats that fit", 21, "weights need room"),
        ("chats that fit", 17, "round down"), ("chats that fit", 3, "held once")),
    "15.5": only(None, ("tokens per second, one chat", 196.2, "cache"), ("tokens per second, one chat", 0.00622, "seconds"),
        ("limit, one chat", "arithmetic", "one chat"), ("limit, 256 chats", "arithmetic", "cache of its own"),
        ("limit, 256 chats", "money", "choose"), ("days to train", 5.379, "utilisation"), ("days to train", 11.02, "6ND"),
        ("days to train", 55_079, "one accelerator"), ("cost of training, USD", 1_586_277, "price first"),
        ("price, USD an hour", -1, "price")) + [({"price, USD an hour": 1.2, "cost of training, USD": 387.27}, "one accelerator"),
        ({"price, USD an hour": 1.2, "cost of training, USD": 66_095}, "24")],
    "15.6": only(FALCON, ("parameters", 6_922_011_520, "one norm"), ("parameters", 7_217_189_760, "one table"))
        + only(STAR, ("parameters", 15_517_456_384 - 8192 * 6144, "learned")) + only(QWEN, ("parameters", 3_353_032_704, "all experts"),
        ("active parameters", 30_532_122_624, "all experts"), ("active parameters", 3_340_449_792, "to the digit"),
        ("active parameters", 3_353_032_704 - 151936 * 2048, "table")) + only("Gemma 7B", ("parameters", 1, "choose")),
    "15.7": only(STAR2, ("crossover, tokens", 23_552, "sliding_window"), ("crossover, tokens", "no", '"never"'),
        ("crossover, tokens", 27_648, "6d")) + only(STAR, ("crossover, tokens", "no", "number of tokens"),
        ("crossover, tokens", "never", "no window"), ("crossover, tokens", 36_864, "share"))
        + only(QWEN, ("6ND falls short by, percent", -84.76, "active"), ("training, FLOPs", 6 * 30_532_122_624 * 36e12, "all experts"))
        + only(FALCON, ("forward, FLOPs a token", 2 * 6_921_720_704, "n² are missing")),
    "15.8": only(FALCON, ("cache of a token, bytes", 71 * 8192, "share")) + only(STAR, ("cache of a token, bytes", 48 * 20480, "share"))
        + only(STAR2, ("cache of a chat, GB", 1.0737, "window"), ("kept activations, GB", 4.83, "other column"))
        + only(QWEN, ("cache of a token, bytes", 786_432, "share"), ("cache of a token, bytes", 49_152, "head_dim"),
        ("states to train, GB", 53.65, "all experts"), ("to serve one chat, GB", 9.927, "held"))
        + [({"model": STAR2, "cache of a chat, GB": 1.0737, "chats that fit": 61}, "window"),
        ({"chats that fit": 3, "model": "Yi"}, "choose")],
    "15.9": only(QWEN, ("tokens per second, one chat", 74.67, "experts that it meets"), ("tokens per second, one chat", 483.5, "one row"))
        + only(STAR2, ("tokens per second, one chat", 217.2, "window")) + only(FALCON,
        ("limit, 256 chats", "memory", "caches are small"), ("tokens per second, one chat", 144.3, "other column"))
        + only(STAR, ("limit, 256 chats", "arithmetic", "cache of its own"), ("days to train", 12.1, "dense peak")),
}
