"""Usual wrong answers as a student gives them, and a word of the hint that each must earn.

Numbers are worked out here, or read off the screen, and share no expression with the exercises' files. What
is written there in the very same way stands here no more: test_exercises.py holds each slip to its hint.
"""
import math
from math import ceil, isqrt, log2, prod, sqrt

import numpy as np
from sympy import Symbol

from helpers.exercises import EXERCISES, load
from helpers.explorers import GrowthExplorer, RooflineExplorer, ServingExplorer
from helpers.notation import V, L, b, d, h, n
from helpers.transformer import Transformer

for lesson in range(16):
    load(f"{lesson:02}")


def filled(number, *values):
    """The dict of an exercise, its entries in order."""
    return dict(zip(EXERCISES[number].entries, values))


def seen(number, right, *slips):
    """Sheets with one row wrong, by its place: (row, what was seen, words of the hint)."""
    sheet = filled(number, *([1, value] for value in right))
    return [(sheet | {[*sheet][row]: value if isinstance(value, list) else [1, value]}, words) for row, value, words in slips]


def only(model, *slips):
    """A table with one entry filled in: (entry, wrong value, words of the hint)."""
    return [(({"model": model} if model else {}) | {entry: value}, words) for entry, value, words in slips]


def layers_of(n, k):
    return next(e for e in range(99) if k**e >= n)


def at_n_equals_d(divisor):
    return filled("04.1", 4 / divisor, 12 / divisor, 16 / divisor)


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


def utilisation(weights=6, pairs=12, by_chips=True, scale=100, width="h"):
    def percent(model, n, tokens_per_second, chips, peak):
        wide = model.n_heads * model.head_width if width == "h" else model.d_model
        flops = weights * model.parameters() + pairs * model.n_layers * wide * n
        return scale * flops * tokens_per_second / ((chips if by_chips else 1) * peak)
    return percent


def growth(**values):
    return GrowthExplorer(**{"n": 1_000, "d": 512, "axes": "linear", "curves": ("products", "projections", "layer")} | values)


def roofline(**values):
    return RooflineExplorer(**{"model": "DeepSeek-V3", "accelerator": "H200", "batch": 1_024, "n": 131_072} | values)


def service(**values):
    return ServingExplorer(**{"model": "Llama-3 70B", "accelerator": "H100 SXM", "devices": 8, "prompt": 4_096, "written": 1_024,
                              "batch": 128, "precision": "16 bit", "share": 60, "price": 2.5} | values)


def shape(n_layers=28, d_model=3072, n_heads=16, d_ff=24576, vocab_size=256000, **changed):
    """Gemma 7B, as it should be or with one field misread."""
    right = dict(d_head=256, gated=True, attention_bias=False, mlp_bias=False, norm="rms")
    return Transformer(n_layers, d_model, n_heads, d_ff, vocab_size, **right | changed)


TWICE, RNNS, DOUBLED = (2.18, 3.82, 3.78, 2.22), (34, 18, 2.06, 2, 2), (2, 2, 3.78, 2.22, 256)
SHARES, RULE, BATCHES, ROOF = (13.1, 23.1, 5.5, 7), (7.72, 33.47, 19.74, 44.49, 16.63), (1, 4, 4.73), (1.56, 4.87, 27.9, 241, 512)
TILE, RATIOS = (63, 63, 124, 512), (0.372, 9.77, 36, 22.3)
PLAN, PRICES, LEVERS = (41.1, 19.6, 0.037, 10.7, 17.4), (0.43, 405, 234, 1.08, 0.70), (0.063, 0.517, 1.125, 0.031, 0.948)
TOTALS = "multiply-adds", "no logits", "no scores and weighted sum", "causal"
FALCON, STAR, STAR2, QWEN = "Falcon 7B", "StarCoderBase", "StarCoder2 7B", "Qwen3 30B-A3B"
m, table = Symbol("m"), 151_936 * 2048
cross = 4*n*d**2 + 4*m*d**2 + 4*n*m*d

WRONG = {
    "00.1": [("190", "write it as a number: 190"), ("twice", "digits")],
    "01.1": [(filled("01.1", 9, "1/4", 2), "write it as a number"), (filled("01.1", 9, 0.0625, 2), "counts once")],
    "01.2": [(lambda budget, d: sqrt(budget / d), "whole number"), (lambda budget, d: isqrt(budget / d), "divide with `//`"),
        (lambda budget, d: ceil(sqrt(budget / d)), "round down"), (lambda budget: isqrt(budget), "takes 1"), (100, "without brackets")],
    "01.3": [(lambda n, d, parts: n**2 * d // parts**2, "one of the floors"), (lambda n, d, parts: n**2 * d, "not n")],
    "01.4": [({"n": 100, "d": 512}, "not enough"), ({"n": 300, "d": 512}, "over the budget"), ({"n": 300, "d": 57}, "10,000 over"),
        ({"n": 400, "d": 16}, "room for more"), ({"n": 400.0, "d": 32}, "whole numbers"), ({"n": 400, "d": None}, "whole numbers")],
    "02.1": [("209,920,000", "209920000"), (105_062_400, "multiply-add is 2"), (209_717_248, "each of the 100 rows")],
    "02.3": [(lambda n, d: sum((4*d + 6) * i for i in range(n)), "not i − 1")],
    "03.1": [(66.7, "ratio"), (57.1, "constants"), (47, "four projections"), (18.2, "feed-forward"), (0.4, "percent")],
    "03.2": [(2.83, "rises")],
    "03.3": [(lambda d, d_ff, matrices=2: 2 * d * (1 + matrices), "need not"), (lambda d, d_ff, matrices=2: 8 * d, "returns")],
    "03.4": [(cross + 6*n*m, "softmax"), (2*n*d**2 + 2*m*d**2 + 2*n*m*d, "multiply-add"), (8*n*d**2 + 4*n**2*d, "does not contain m"),
        (cross.subs({n: 1024, d: 768}), "import cell"), (cross.subs(d, 768), "import cell")],
    "04.1": [(at_n_equals_d(1), "constant"), (at_n_equals_d(4), "four projections"), (at_n_equals_d(8), "half as much"),
        (at_n_equals_d(10), "weighted sum"), (at_n_equals_d(24), "with the state"), (filled("04.1", 3, 1, 0.75), "in units of the rec")],
    "04.3": [(lambda n, k: layers_of(n, k) + 1, "heard itself"), (lambda n, k: layers_of(n + 1, k) - 1, "round up"),
        (lambda n, k: ceil(log2(n)), "base k")],
    "05.2": [(llama(width=lambda d, h, d_h: d // h), "argument"), (llama(width=lambda d, h, d_h: d / h), "argument"),
        (llama(heads=lambda h, h_kv: h), "h_kv"), (llama(tables=1), "tied"), (llama(matrices=2), "three"), (llama(last=0), "last one"),
        (llama(norms=1), "two norms"), (llama(norms=0, last=0), "two norms"), (llama(norms=4, last=2), "gain"), (lambda L, d: L * d, "takes")],
    "05.3": [(4, "one digit more"), (0.0439, "percent"), (95.6, "skips"), (4.889, "one row"), (3.125, "four experts"), (4.4153, "all are all")],
    "06.2": [(lambda n, widths: 6 * n * sum(sizes(widths)), "which is data"),
        (lambda n, widths: 4 * n * sum(sizes(widths)), "only the first"),
        (lambda n, widths: 6 * n * sum(sizes(widths)[1:]), "still has"), (lambda n, widths: 2 * n * sum(sizes(widths)), "forward alone"),
        (lambda n, widths: 3 * n * sum(sizes(widths)) - n * sizes(widths)[0], "multiply-add"),
        (lambda n, widths: 6 * sum(sizes(widths)) - 2 * sizes(widths)[0], "examples")],
    "06.4": [(6*d + V/(2*L), "causal half"), (24*d + V/L, "another value")],
    "07.2": [(lambda m, p, *a: max(m - 2 * p, 0) // (2 * prod(a)), "a key and a value"),
        (lambda m, p, *a: max(m - 2 * p, 0) // prod(a), "a key and a value"),
        (lambda m, p, *a: max(m - p, 0) // (4 * prod(a)), "2 bytes"), (lambda m, p, *a: m // (4 * prod(a)), "weights must fit"),
        (lambda m, p, *a: (m - 2 * p) // (4 * prod(a)), "below 0"), (lambda m, p, *a: max(m - 2 * p, 0) / (4 * prod(a)), "whole")],
    "07.1": [(16, "three factors"), (128, "width of a head")],
    "07.3": [(n*b*d*(34 + 4*h*n/d), "masks again"), (n*b*d*(31 + 2*h*n/d), "three masks"), (n*b*d*(33 + 2*h*n/d), "three masks"), (n*d*(32 + 2*h*n/d), "batch"), (n*b*d*(16 + h*n/d), "each takes 2 bytes"), (n*b*(34*d + 5*h*n), "with dropout")],
    "07.4": [(filled("07.4", 7, 20, 109), "does not fit"), (filled("07.4", 5, 20, 109), "still fits"), (filled("07.4", 6, 6, 109), "without rec"), (filled("07.4", 6, 18, 109), "as the card is sold")],
    "08.3": [(165, "2.0·10¹²"), (156, "number of chats"), (161.4, "one digit more")],
    "08.4": [(filled("08.4", 72.96, 38.4), "multiplied"), (filled("08.4", 19.79, 38.4), "0.192"), (filled("08.4", 1979, 0.384), "percent")],
    "09.2": [(lambda ta, la, oa, tb, lb, ob: (oa / la + ob / lb) / 2, "same say"),
        (lambda *a: merge(*a, sums=False, mixes=False), "different maxima"), (lambda *a: merge(*a, sums=False), "sums are not"),
        (lambda *a: merge(*a, mixes=False), "mixes are not"), (lambda *a: unmeasured(math.exp, *a), "larger maximum"),
        (lambda *a: unmeasured(np.exp, *a), "larger maximum")],
    "09.3": [({"rows": 128, "columns": 128}, "needs 49,408"), ({"rows": 52, "columns": 52}, "another shape"),
        ({"rows": 16, "columns": 64}, "long side"), ({"rows": 0, "columns": 16}, "from 1 to n"),
        ({"rows": 2.5, "columns": 16}, "whole number"), ({"rows": 100, "columns": None}, "whole number")],
    "09.4": [(98.46, "what remains"), (3.03, "both pass"), (0.775, "four passes"), (98.4615, "what remains"), (0.01538, "percent")],
    "10.4": [(72.66, "what stays"), (75.78, "three layers"), (0.2734, "percent"), (109.4, "four layers")],
    "11.1": [(filled("11.1", "differs", "Agrees ", "agrees"), "tokens per second"), (filled("11.1", "yes", "agrees", "agrees"), "choose")],
    "11.2": [(utilisation(pairs=0), "attention is missing"), (utilisation(pairs=4), "whole square"), (utilisation(3, 6), "6 FLOPs"),
        (utilisation(2, 4), "6 FLOPs"), (utilisation(by_chips=False), "one chip"), (utilisation(scale=1), "percent"),
        (utilisation(width="d"), "h·d_h")],
    "11.3": [(filled("11.3", "causal", *TOTALS[1:]), "another total")],
    "11.4": [(169.5, "multiplied"), (158, "one digit more")],
    "12.1": seen("12.1", TWICE, (1, 2.18, "where do n and d stand"), (0, 3.82, "where do n and d"), (0, 1.18, "it grew"),
        (2, 0.2646, "new number"), (0, [None, 2.18], "predict first")) + [({"n doubled": 2.2, "d doubled": 3.8}, "no entry")],
    "12.2": [((65, 536), "12_345"), ("65,536", "write it as a number: 65536")],
    "12.3": [(lambda share, d: [][0], "raised")],
    "12.4": [(GrowthExplorer(), "linear axes"), (GrowthExplorer(axes="linear"), "on the floor"),
        (growth(curves=("products", "projections")), "three"), (growth(curves=("walk", "products", "projections")), "door"),
        (growth(n=100_000), "towards n = 2d"), ("explorer", "paste the line")],
    "12.5": seen("12.5", RNNS, (0, 18, "triangle"), (3, 2.06, "256"), (2, 2.05, "one digit more"), (4, 2_443, "restricted"),
        (1, 17, "stay whole")),
    "12.6": seen("12.6", DOUBLED, (3, 3.78, "64")),
    "13.1": seen("13.1", SHARES, (0, 26.2, "do they change"), (0, 6.5, "one bar"), (1, 13.1, "before"), (1, 11.6, "one bar"),
        (2, 2.8, "one bar"), (3, 6.54, "smaller"), (1, None, "now look"), (1, [None, 23.1], "predict first"),
        (1, ["more", 23.1], "a number")) + [(filled("13.1", *SHARES), "two places")],
    "13.2": seen("13.2", RULE, (0, 7.65, "one digit more"), (0, 6.86, "causal"), (1, 7.72, "move n"), (2, 16.73, "n² part alone"),
        (2, 33.47, "whole square"), (3, 44.63, "keep their 3"), (4, 33.47, "Llama")),
    "13.3": seen("13.3", BATCHES, (0, 2, "master weights"), (2, 303, "how many times")),
    "13.4": seen("13.4", ROOF, (1, 17.9, "131,072"), (1, 2.6, "one chat"), (1, 738, "131,072"), (4, [2, 133, 512], "12_345")),
    "13.5": [(roofline(model="Llama-3 8B"), "another model"), (roofline(accelerator="H100 SXM"), "ridge point is at 295"),
        (roofline(phase="prefill"), "let it decode"), (roofline(n=8_192), "131,072 tokens"), (roofline(batch=64), "arger batch")],
    "13.6": seen("13.6", TILE, (0, 126, "proportion"), (1, 31.5, "proportion"), (3, 455, "too small"), (3, 256, "queries and output")),
    "13.7": seen("13.7", RATIOS, (0, 18.6, "numbers of them"), (0, 2.69, "other way"), (3, 21.74, "parameters"), (2, 1 / 36, "other way")),
    "14.1": seen("14.1", PLAN, (0, 388, "text takes its half"), (0, 3.88, "slider at 800"), (0, 41.1e9, "billions"), (1, 41.1, "refitted"),
        (1, 2.45, "slider at 800"), (4, 19.0, "press reset"), (2, 0.157, "ten times"), (3, 8.0, "before the change"),
        (4, 23.1, "switch it off")),
    "14.2": seen("14.2", PRICES, (0, 0.107, "costs four times"), (0, 1.71, "four times as fast"), (1, 101, "where the row says"),
        (1, 6_480, "all users"), (2, 405, "keeps its 16 bits"), (3, 0.43, "where the row says"), (4, 0.36, "bytes of the cache"),
        (0, 405, "a speed"), (1, 0.43, "a price"), (2, 0.185, "a price"), (3, 40.3, "a speed"), (4, 61.8, "a speed")),
    "14.4": [(service(devices=4, batch=64), "too slow"), (service(batch=64), "among whom"), (service(batch=192), "faster"),
        (service(devices=4, batch=128), "does not fit"), (service(precision="weights 4 bit"), "precision"), (service(price=1), "price"),
        (service(written=512), "written"), (service(model="Llama-3 8B"), "asked is model")],
    "14.5": seen("14.5", LEVERS, (0, 0.517, "start"), (0, 0.0323, "weights stay"), (1, 0.063, "batch at 16"), (2, 1.7, "131,072"),
        (3, 0.011, "131,072"), (4, 0.53, "batch at 16"), (4, 1.696, "choose writing")),
    "15.1": [(shape(d_head=None), "head_dim"), (shape(n_kv_heads=8), "num_key_value_heads"), (shape(gated=False), "three matrices"),
        (shape(tied=False), "tie_word_embeddings"), (shape(attention_bias=True), "attention_bias"), (shape(mlp_bias=True), "no biases"),
        (shape(output_bias=True), "output"), (shape(norm="layer"), "RMS"), (shape(max_positions=8192), "rotated"),
        (shape(n_layers=32), "num_hidden_layers"), (shape(d_ff=12288), "intermediate_size"), (shape(vocab_size=256128), "vocab_size"),
        (shape(window=4096), "window"), (shape(qk_norm=True), "qk_norm"), (shape(n_experts=2), "n_experts"), ("Gemma 7B", "a Transformer(")],
    "15.2": only(None, ("token table", 1_572_864_000, "held once"), ("attention, one layer", 37_748_736, "head_dim"),
        ("attention, one layer", 37_748_736, "four matrices"), ("feed-forward, one layer", 150_994_944, "third matrix"),
        ("whole model", 8_537_680_896 - 57 * 3072, "norms count"), ("whole model", 8_537_680_896 + 57 * 3072, "no bias"),
        ("whole model", 8_537_680_896 + 786_432_000, "tied"), ("whole model", 8.54e9, "to the digit")),
    "15.3": only(None, ("training, FLOPs", 3.41e23, "whole square"), ("crossover, tokens", 18_432, "6d"), ("crossover, tokens", 6_144, "2d"), ("crossover, tokens", 45_056, "h·d_h"),
        ("crossover, tokens", 67_584, "two products"), ("crossover, tokens", "never", "no window")),
    "15.4": only(None, ("accelerators for the states", 7, "round up"), ("accelerators for the states", 2, "other column"),
        ("chats that fit", 18.2, "no whole"), ("chats that fit", 22, "weights need room"), ("chats that fit", 19, "round down"), ("chats that fit", 17, "one chat more"),
        ("chats that fit", 4, "held once"), ("chat", 3, "no entry")),
    "15.5": only(None, ("tokens per second, one chat", 0.00622, "seconds"), ("limit, one chat", "arithmetic", "one chat"),
        ("limit, 256 chats", "arithmetic", "cache of its own"), ("limit, 256 chats", "money", "choose"),
        ("cost of training, USD", 1_586_277, "price first"), ("days to train", 17.93, "computed again"), ("price, USD an hour", -1, "price")) + [
        ({"price, USD an hour": 1.2, "cost of training, USD": 387.27}, "one accelerator"),
        ({"price, USD an hour": 1.2, "cost of training, USD": 66_095}, "24")],
    "15.6": only(STAR, ("parameters", 15_517_456_384 - 8192 * 6144, "learned")) + only(QWEN,
        ("active parameters", 3_353_032_704 - table, "table"), ("active parameters", 3_340_449_792, "to the digit"))
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
