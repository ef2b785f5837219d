"""Usual wrong answers as a student gives them, and a word of the hint that each must earn.

Numbers are worked out here, or read off the screen, and share no expression with the exercises' files. A slip that
the file writes in the very same way, or as a plain multiple of what is right, does not stand here: test_exercises.py
holds each slip of a file to its hint.
"""
import math
from functools import partial
from math import ceil, log2, prod, sqrt

import numpy as np

from helpers.exercises import EXERCISES, load
from helpers.explorers import GrowthExplorer, RooflineExplorer, ServingExplorer
from helpers.notation import L, V, d
from helpers.transformer import Transformer

for lesson in range(16):
    load(f"{lesson:02}")


def filled(number, *values):
    """The dict of an exercise, its entries in order."""
    return dict(zip(EXERCISES[number].entries, values))


def seen(number, *slips):
    """Sheets with one row wrong, by its place: (row, what was seen, words of the hint)."""
    sheet = {name: [1, entry.right] for name, entry in EXERCISES[number].entries.items()}
    return [(sheet | {[*sheet][row]: value if isinstance(value, list) else [1, value]}, words) for row, value, words in slips]


def only(model, *slips):
    """A table with one entry filled in: (entry, wrong value, words of the hint)."""
    return [(({"model": model} if model else {}) | {entry: value}, words) for entry, value, words in slips]


def llama(tables=2, matrices=3, norms=2, last=1, heads=lambda h, h_kv: h_kv, width=lambda d, h, d_h: d_h):
    return lambda L, d, h, h_kv, d_h, d_ff, V: tables * V * d + last * d + L * (
        2 * d * width(d, h, d_h) * (h + heads(h, h_kv)) + matrices * d * d_ff + norms * d)


def sizes(widths):
    return [wide * out for wide, out in zip(widths, widths[1:])]


def merge(top_a, total_a, mixed_a, top_b, total_b, mixed_b, sums=True, mixes=True):
    top = max(top_a, top_b)
    a, b = np.exp(top_a - top), np.exp(top_b - top)
    mixed = mixed_a * a + mixed_b * b if mixes else mixed_a + mixed_b
    return mixed / (total_a * a + total_b * b if sums else total_a + total_b)


def unmeasured(exp, top_a, total_a, mixed_a, top_b, total_b, mixed_b):
    """Right, and beyond the range of floats where the maxima are large."""
    a, b = exp(top_a), exp(top_b)
    return (mixed_a * a + mixed_b * b) / (total_a * a + total_b * b)


def utilisation(pairs, width="h"):
    def percent(model, n, tokens_per_second, chips, peak):
        wide = model.n_heads * model.head_width if width == "h" else model.d_model
        return 100 * (6 * model.parameters() + pairs * model.n_layers * wide * n) * tokens_per_second / (chips * peak)
    return percent


growth = partial(GrowthExplorer, n=1_000, d=512, axes="linear", curves=("products", "projections", "layer"))
roofline = partial(RooflineExplorer, model="DeepSeek-V3", accelerator="H200", batch=1_024, n=131_072)
service = partial(ServingExplorer, model="Llama-3 70B", accelerator="H100 SXM", devices=8, prompt=4_096, written=1_024, batch=128,
                  precision="16 bit", share=60, price=2.5)
gemma = partial(Transformer, n_layers=28, d_model=3072, n_heads=16, d_ff=24576, vocab_size=256000, d_head=256, gated=True,
                attention_bias=False, mlp_bias=False, norm="rms")
FALCON, STAR, STAR2, QWEN = "Falcon 7B", "StarCoderBase", "StarCoder2 7B", "Qwen3 30B-A3B"

LATENT = dict(kv_lora_rank=512, qk_nope_head_dim=192, qk_rope_head_dim=64, v_head_dim=256)

WRONG = {
    "01.2": [(lambda budget, d: sqrt(budget / d), "whole number"), (lambda budget, d: ceil(sqrt(budget / d)), "round down")],
    "01.3": [(lambda n, d, parts: n**2 * d // parts**2, "one of the floors"), (lambda n, d, parts: n**2 * d, "not n")],
    "01.4": [({"n": n, "d": d}, words) for n, d, words in (
        (100, 512, "not enough"), (300, 57, "10,000 over the budget"), (400, 16, "room for more"), (400.0, 32, "whole numbers"),
        (400, None, "whole numbers"))],
    "02.1": [(105_062_400, "multiply-add is 2"), (209_717_248, "each of the 100 rows")],
    "02.3": [(lambda n, d: sum((4*d + 6) * i for i in range(n)), "not i − 1")],
    "03.1": [(66.7, "ratio"), (0.67, "ratio"), (0.4, "percent")],
    "03.3": [(lambda d, d_ff, matrices=2: 2 * d * (1 + matrices), "need not")],
    "04.1": [(filled("04.1", 4 / divisor, 12 / divisor, 16 / divisor), words) for divisor, words in (
        (1, "constant"), (4, "four projections"), (8, "half as much"), (10, "weighted sum"), (24, "with the state"))],
    "04.3": [(lambda n, k: next(e for e in range(99) if k**e > n) - 1, "round up"), (lambda n, k: ceil(log2(n)), "base k")],
    "05.2": [(llama(width=lambda d, h, d_h: d // h), "argument"), (llama(width=lambda d, h, d_h: d / h), "argument"),
        (llama(heads=lambda h, h_kv: h), "h_kv"), (llama(tables=1), "tied"), (llama(matrices=2), "three"), (llama(last=0), "last one"),
        (llama(norms=1), "two norms"), (llama(norms=0, last=0), "two norms"), (llama(norms=4, last=2), "gain")],
    "05.3": [(4.889, "one row"), (4.4153, "all are all")],
    "06.2": [(lambda n, widths: 6 * n * sum(sizes(widths)[1:]), "still has"), *(
        (lambda n, widths, each=each: each * n * sum(sizes(widths)), words) for each, words in (
            (6, "which is data"), (4, "only the first"), (2, "forward alone")))],
    "06.4": [(24*d + V/L, "another value")],
    "07.2": [(lambda m, p, *a: max(m - 2 * p, 0) // (2 * prod(a)), "a key and a value"),
        (lambda m, p, *a: max(m - 2 * p, 0) // prod(a), "a key and a value"),
        (lambda m, p, *a: max(m - p, 0) // (4 * prod(a)), "2 bytes"), (lambda m, p, *a: m // (4 * prod(a)), "weights must fit"),
        (lambda m, p, *a: (m - 2 * p) // (4 * prod(a)), "below 0"), (lambda m, p, *a: max(m - 2 * p, 0) / (4 * prod(a)), "whole")],
    "08.3": [(162.613, "no whole number"), (165, "input table")],
    "09.2": [(lambda ta, la, oa, tb, lb, ob: (oa / la + ob / lb) / 2, "same say"),
        (lambda *a: merge(*a, sums=False, mixes=False), "different maxima"), (lambda *a: merge(*a, sums=False), "sums are not"),
        (lambda *a: merge(*a, mixes=False), "mixes are not"), (lambda *a: unmeasured(math.exp, *a), "larger maximum"),
        (lambda *a: unmeasured(np.exp, *a), "larger maximum")],
    "09.3": [({"rows": rows, "columns": columns}, words) for rows, columns, words in (
        (128, 128, "needs 49,408"), (52, 52, "another shape"), (16, 64, "long side"), (0, 16, "from 1 to n"), (2.5, 16, "whole number"))],
    "09.4": [(3.03, "both pass"), (0.775, "four passes")],
    "10.4": [(75.78, "three layers")],
    "11.1": [(filled("11.1", "yes", "agrees", "agrees"), "choose")],
    "11.2": [(utilisation(pairs=0), "attention is missing"), (utilisation(pairs=4), "whole square"),
        (utilisation(12, width="d"), "h·d_h")],
    "12.1": seen("12.1", (1, 2.18, "where do n and d stand"), (0, [None, 2.18], "predict first"))
        + [({"n doubled": 2.2, "d doubled": 3.8}, "no entry")],
    "12.2": [((65, 536), "12_345")],
    "12.4": [(GrowthExplorer(), "linear axes"), (GrowthExplorer(axes="linear"), "on the floor"), (growth(n=100_000), "towards n = 2d"),
        (growth(curves=("products", "projections")), "three"), (growth(curves=("walk", "products", "projections")), "door"),
        ("explorer", "paste the line")],
    "12.5": seen("12.5", (0, 18, "triangle"), (3, 2.06, "256"), (4, 2_443, "restricted"), (1, 17, "stay whole")),
    "12.6": seen("12.6", (3, 3.78, "64")),
    "13.1": seen("13.1", (0, 26.2, "do they change"), (1, 13.1, "before"), (3, 6.54, "smaller"), (1, None, "now look"),
        (1, ["more", 23.1], "a number")) + [(filled("13.1", 13.1, 23.1, 5.5, 7), "two places")],
    "13.2": seen("13.2", (0, 6.86, "causal"), (1, 7.72, "move n"), (2, 16.73, "n² part alone"), (2, 33.47, "whole square"),
        (3, 44.63, "keep their 3"), (4, 33.47, "Llama")),
    "13.3": seen("13.3", (2, 303, "how many times")),
    "13.4": seen("13.4", (1, 17.9, "131,072"), (1, 2.6, "one chat"), (1, 738, "131,072")),
    "13.5": [(roofline(model="Llama-3 8B"), "another model"), (roofline(accelerator="H100 SXM"), "ridge point is at 295"),
        (roofline(phase="prefill"), "let it decode"), (roofline(n=8_192), "131,072 tokens"), (roofline(batch=64), "arger batch"),
        ("roofline", "paste the line")],
    "13.7": seen("13.7", (0, 18.6, "numbers of them"), (3, 21.74, "parameters")),
    "14.1": seen("14.1", (0, 388, "text takes its half"), (0, 3.88, "slider at 800"), (1, 2.45, "slider at 800"),
        (1, 41.1, "refitted")),
    "14.2": seen("14.2", (0, 0.107, "costs four times"), (0, 1.71, "four times as fast"), (1, 101, "where the row says"),
        (2, 405, "keeps its 16 bits"), (3, 0.43, "where the row says"), (4, 0.36, "bytes of the cache"),
        (0, 405, "a speed"), (1, 0.43, "a price"), (2, 0.185, "a price"), (3, 40.3, "a speed"), (4, 61.8, "a speed")),
    "14.4": [(service(devices=4, batch=64), "too slow"), (service(batch=64), "among whom"), (service(batch=192), "faster"),
        (service(devices=4, batch=128), "does not fit"), (service(precision="weights 4 bit"), "precision"), (service(price=1), "price"),
        (service(written=512), "written"), (service(model="Llama-3 8B"), "asked is model"), (service(accelerator="H200"), "asked is acc"),
        ("serve_plan", "paste the line")],
    "14.5": seen("14.5", (0, 0.517, "start"), (0, 0.0323, "weights stay"), (1, 0.063, "batch at 16"), (2, 1.7, "131,072"),
        (3, 0.011, "131,072"), (4, 0.53, "batch at 16"), (4, 1.696, "choose writing")),
    "15.1": [("Gemma 7B", "a Transformer("), (gemma(d_head=None, **LATENT), "kv_lora_rank"), *(
        (gemma(**{field: value}), words) for field, value, words in (
        ("d_head", None, "head_dim"), ("n_kv_heads", 8, "num_key_value_heads"), ("gated", False, "three matrices"),
        ("tied", False, "tie_word_embeddings"), ("attention_bias", True, "attention_bias"), ("mlp_bias", True, "no biases"),
        ("output_bias", True, "output"), ("norm", "layer", "RMS"), ("max_positions", 8192, "rotated"),
        ("n_layers", 32, "num_hidden_layers"), ("d_model", 4096, "hidden_size"), ("n_heads", 32, "num_attention_heads"),
        ("d_ff", 12288, "intermediate_size"), ("vocab_size", 256128, "vocab_size"), ("window", 4096, "window"), ("qk_norm", True, "qk_norm"), ("n_experts", 2, "n_experts")))],
    "15.2": only(None, ("attention, one layer", 37_748_736, "four matrices, as wide"), ("whole model", 8.54e9, "to the digit")),
    "15.3": only(None, ("training, FLOPs", 3.41e23, "whole square"), *(("crossover, tokens", value, words) for value, words in (
        (18_432, "6d"), (6_144, "2d"), (45_056, "h·d_h"), (67_584, "two products"), ("never", "no window")))),
    "15.4": only(None, ("accelerators for the states", 7, "round up"), ("accelerators for the states", 2, "other column"),
        *(("chats that fit", value, words) for value, words in ((18.2, "no whole"), (22, "weights need room"), (19, "round down"),
            (17, "one chat more"), (4, "held once"))), ("chat", 3, "no entry")),
    "15.5": only(None, ("tokens per second, one chat", 0.00622, "seconds"), ("limit, one chat", "arithmetic", "one chat"),
        ("limit, 256 chats", "arithmetic", "cache of its own"), ("limit, 256 chats", "money", "choose"),
        ("cost of training, USD", 1_586_277, "price first"), ("days to train", 17.93, "computed again"),
        ("price, USD an hour", -1, "price")) + [
        ({"price, USD an hour": 1.2, "cost of training, USD": usd}, words) for usd, words in ((387.27, "one accelerator"), (66_095, "24"))],
    "15.6": only(STAR, ("parameters", 15_517_456_384 - 8192 * 6144, "learned")) + only(QWEN,
        ("active parameters", 3_353_032_704 - 151_936 * 2048, "table"), ("active parameters", 3_340_449_792, "to the digit"))
        + only("Gemma 7B", ("parameters", 1, "choose")),
    "15.7": only(STAR2, ("crossover, tokens", 23_552, "sliding_window"), ("crossover, tokens", "no", '"never"'),
        ("crossover, tokens", 27_648, "6d")) + only(STAR, ("crossover, tokens", "no", "number of tokens"),
        ("crossover, tokens", "never", "no window")) + only(QWEN, ("6ND falls short by, percent", -84.76, "active")),
    "15.8": only(QWEN, ("cache of a token, bytes", 49_152, "head_dim"), ("to serve one chat, GB", 9.927, "held"))
        + [({"model": STAR2, "cache of a chat, GB": 1.0737, "chats that fit": 61}, "window"),
        ({"chats that fit": 3, "model": "Yi"}, "choose")],
    "15.9": only(QWEN, ("tokens per second, one chat", 74.67, "experts that it meets"), ("tokens per second, one chat", 483.5, "one row"))
        + only(FALCON, ("limit, 256 chats", "memory", "caches are small")),
}
