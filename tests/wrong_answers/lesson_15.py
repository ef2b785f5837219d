"""Usual wrong answers to lesson 15 and a word of the hint that each must earn."""
from helpers.transformer import Transformer


def shape(n_layers=28, d_model=3072, n_heads=16, d_ff=24576, vocab_size=256000, **changed):
    """Gemma 7B, as it should be or with one field misread."""
    right = dict(d_head=256, gated=True, attention_bias=False, mlp_bias=False, norm="rms")
    return Transformer(n_layers, d_model, n_heads, d_ff, vocab_size, **right | changed)


def only(entry, value, model=None):
    """A table with one entry filled in."""
    return {entry: value} if model is None else {"model": model, entry: value}


CHAT = {"cache of a chat, GB": 3.758}
FALCON, STAR, STAR2, QWEN = "Falcon 7B", "StarCoderBase", "StarCoder2 7B", "Qwen3 30B-A3B"
WRONG = {
    "15.1": [
        (shape(d_head=None), "head_dim"), (shape(n_kv_heads=8), "num_key_value_heads"), (shape(gated=False), "three matrices"),
        (shape(tied=False), "tie_word_embeddings"), (shape(attention_bias=True), "attention_bias"), (shape(mlp_bias=True), "no biases"),
        (shape(output_bias=True), "output"), (shape(norm="layer"), "RMS"), (shape(max_positions=8192), "rotated"),
        (shape(n_layers=32), "num_hidden_layers"), (shape(d_ff=12288), "intermediate_size"), (shape(vocab_size=256128), "vocab_size"),
        (shape(window=4096), "window"), (shape(qk_norm=True), "qk_norm"), (shape(n_experts=2), "n_experts"),
        (Transformer(28, 3072, 16, 24576, 256000), "head_dim"), ("Gemma 7B", "a Transformer(")],
    "15.2": [
        (only("token table", 2 * 256000 * 3072), "held once"), (only("attention, one layer", 4 * 3072**2), "head_dim"),
        (only("attention, one layer", 3 * 3072 * 4096), "four matrices"), (only("token table", 786_825_216), "paper"), (only("whole model", 7_751_248_896), "table of tokens"), (only("attention, one layer", 28 * 4 * 3072 * 4096), "all layers"),
        (only("feed-forward, one layer", 2 * 3072 * 24576), "third matrix"), (only("whole model", 9_324_112_896), "held once"),
        (only("whole model", 8_537_680_896 - 57 * 3072), "norms count"), (only("whole model", 8_537_680_896 + 57 * 3072), "no bias"),
        (only("whole model", 8_538_074_112), "to the digit"), (only("whole model", 8.54e9), "to the digit"), (8_537_680_896, "dict")],
    "15.3": [
        (only("forward, FLOPs a token", 20_833_107_968 / 2), "multiply-add"), (only("forward, FLOPs a token", 2 * 8_537_680_896), "n² are missing"),
        (only("forward, FLOPs a token", 20_833_107_968 * 8192), "whole sequence"), (only("forward, FLOPs a token", 20_833_107_968 + 2 * 786_432_000), "lookup"),
        (only("training, FLOPs", 3.0735e23), "6ND"), (only("training, FLOPs", 3.75e23 / 3), "forward pass alone"),
        (only("training, FLOPs", 5.00e23), "computed again"), (only("6ND falls short by, percent", -22.0), "sign"), (only("6ND falls short by, percent", 0.22), "percent"),
        (only("6ND falls short by, percent", 18.04), "divide by 6ND"), (only("6ND falls short by, percent", 122), "ratio"), (only("6ND falls short by, percent", 11.0), "whole square"),
        (only("crossover, tokens", 18_432), "6d"), (only("crossover, tokens", 6_144), "2d"), (only("crossover, tokens", 45_056), "h·d_h"),
        (only("crossover, tokens", 67_584), "two products"), (only("crossover, tokens", "never"), "no window"), (33_792, "dict")],
    "15.4": [
        (only("cache of a token, bytes", 229_376), "one 2"), (only("cache of a token, bytes", 344_064), "head_dim"),
        (only("cache of a token, bytes", 16_384), "one layer"), (only("cache of a chat, GB", 3.5), "2³⁰"), (only("cache of a chat, GB", 3.758e9), "power of ten"),
        (only("states to train, GB", 17.08), "weights alone"), (only("states to train, GB", 153.7), "4 bytes"), (only("accelerators for the states", 8), "states to train"), ({"states to train, GB": 136.6, "accelerators for the states": 8}, "round up"),
        ({"states to train, GB": 136.6, "accelerators for the states": 8.54}, "round up"), (only("cache of a token, bytes", 450_000), "too small"),
        ({"states to train, GB": 136.6, "accelerators for the states": 2}, "other column"), (dict.fromkeys(("states to train, GB",), 17.08) | {"accelerators for the states": 2}, "weights alone"), (only("kept activations, GB", 23.96), "34"), (only("kept activations, GB", 0.0503), "one layer"),
        (only("to serve one chat, GB", 17.08), "weights alone"), (only("to serve one chat, GB", 3.76), "cache alone"), (CHAT | {"chats that fit": 21}, "weights need room"), (only("to serve one chat, GB", 19.26), "table"),
        (CHAT | {"chats that fit": 17}, "round down"), (only("chats that fit", 16.7), "round down"), (CHAT | {"chats that fit": 3}, "held once"), (only("chats that fit", 17), "cache of a chat"), (only("chat", 3), "no entry")],
    "15.5": [
        (only("tokens per second, one chat", 196.2), "cache"), (only("tokens per second, one chat", 0.00622), "seconds"),
        (only("limit, one chat", "arithmetic"), "one chat"), (only("limit, 256 chats", "arithmetic"), "cache of its own"),
        (only("limit, 256 chats", "money"), "choose"), (only("days to train", 5.379), "utilisation"), (only("days to train", 11.02), "6ND"),
        (only("days to train", 55_079), "one accelerator"), (only("cost of training, USD", 1_586_277), "price first"),
        ({"price, USD an hour": 1.2, "cost of training, USD": 387.27}, "one accelerator"), ({"price, USD an hour": 1.2, "cost of training, USD": 66_095}, "24"),
        (only("price, USD an hour", -1), "price"), (13.4, "dict")],
    "15.6": [
        (only("parameters", 6_922_011_520, FALCON), "one norm"), (only("parameters", 7_217_189_760, FALCON), "held once"),
        (only("parameters", 15_517_456_384 - 8192 * 6144, STAR), "learned"), (only("parameters", 6_921_720_704, STAR2), "too small"),
        (only("parameters", 3_353_032_704, QWEN), "all experts"), (only("active parameters", 30_532_122_624, QWEN), "all experts"), (only("active parameters", 3_340_449_792, QWEN), "router"),
        (only("active parameters", 3_353_032_704 - 151936 * 2048, QWEN), "input table"), (only("parameters", 1, "Gemma 7B"), "choose"), (7e9, "dict")],
    "15.7": [
        (only("crossover, tokens", 23_552, STAR2), "no window"), (only("crossover, tokens", 20_000, STAR2), "too small"), (only("crossover, tokens", "no", STAR2), "number of tokens"), (only("crossover, tokens", 27_648, STAR2), "6d"), (only("crossover, tokens", "no", STAR), "number of tokens"), (only("crossover, tokens", "never", STAR), "no window"),
        (only("crossover, tokens", 36_864, STAR), "share"), (only("6ND falls short by, percent", -84.76, QWEN), "active"), (only("training, FLOPs", 6 * 30_532_122_624 * 36e12, QWEN), "all experts"),
        (only("forward, FLOPs a token", 2 * 6_921_720_704, FALCON), "n² are missing"), ("never", "dict")],
    "15.8": [
        (only("cache of a token, bytes", 71 * 8192, FALCON), "share"), (only("cache of a token, bytes", 48 * 20480, STAR), "share"),
        (only("cache of a chat, GB", 1.0737, STAR2), "window"), (only("cache of a token, bytes", 786_432, QWEN), "share"), (only("cache of a token, bytes", 49_152, QWEN), "head_dim"),
        (only("states to train, GB", 53.65, QWEN), "all experts"), (only("to serve one chat, GB", 9.927, QWEN), "held"), ({"model": STAR2, "cache of a chat, GB": 1.0737, "chats that fit": 61}, "window"), (only("kept activations, GB", 4.83, STAR2), "other column"),
        (only("chats that fit", 3, None) | {"model": "Yi"}, "choose")],
    "15.9": [
        (only("tokens per second, one chat", 74.67, QWEN), "experts that it meets"), (only("tokens per second, one chat", 483.5, QWEN), "one row"),
        (only("tokens per second, one chat", 217.2, STAR2), "window"), (only("limit, 256 chats", "memory", FALCON), "caches are small"),
        (only("limit, 256 chats", "arithmetic", STAR), "cache of its own"), (only("tokens per second, one chat", 144.3, FALCON), "other column"), (only("tokens per second, one chat", 65.36, STAR), "table"), (only("days to train", 12.1, STAR), "dense peak"), (only("days to train", 125.6, QWEN), "experts"), ("now", "dict")],
}
