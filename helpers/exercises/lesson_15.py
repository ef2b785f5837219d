"""Lesson 15, the capstone: one model in five steps, then one of four others as a whole.

An entry is a formula of the `facts` of a case; its slips are other formulas, and the entry's own
formula where a line of the file or of the job is misread.
"""

from collections import namedtuple
from dataclasses import replace
from functools import lru_cache, partial
from math import ceil, inf

from helpers.exercises import EXERCISES, NOT_ATTEMPTED, Exercise, Verdict, describe, not_yet
from helpers.exercises.engine import exact, same, untouched
from helpers.published import ACCELERATORS
from helpers.roofline import decode
from helpers.transformer import Transformer
from helpers.words import listed


Case = namedtuple("Case", "shape tokens train_n train_on accelerators utilisation serve_n serve_on")
_llama = dict(gated=True, attention_bias=False, mlp_bias=False, norm="rms")
CASES = {     # a model as a shape, and the job that the lesson gives it
    "Gemma 7B": Case(
        Transformer(28, 3072, 16, 24576, 256000, d_head=256, **_llama),
        6 * 10**12, 8192, "TPU v5e", 4096, 0.4, 8192, "H100 SXM"),
    "Falcon 7B": Case(
        Transformer(32, 4544, 71, 18176, 65024, n_kv_heads=1, attention_bias=False, mlp_bias=False,
                    parallel=True, norms=1),
        1500 * 10**9, 2048, "A100 80GB", 384, 0.45, 2048, "RTX 4090"),
    "StarCoderBase": Case(
        Transformer(40, 6144, 48, 24576, 49152, n_kv_heads=1, max_positions=8192),
        10**12, 8192, "A100 80GB", 512, 0.35, 8192, "A100 80GB"),
    "StarCoder2 7B": Case(
        Transformer(32, 4608, 36, 18432, 49152, n_kv_heads=4, window=4096),
        3500 * 10**9, 4096, "H100 SXM", 512, 0.35, 16384, "H100 SXM"),
    "Qwen3 30B-A3B": Case(
        Transformer(48, 2048, 32, 6144, 151936, n_kv_heads=4, d_head=128, tied=False,
                    qk_norm=True, n_experts=128, experts_per_token=8, d_expert=768, **_llama),
        36 * 10**12, 4096, "H200", 2048, 0.3, 32768, "H200"),
}
GEMMA, CHATS, THREE = CASES["Gemma 7B"], 256, 0.005     # 0.005: lost by rounding to three digits


@lru_cache
def facts(case):
    """What the formulas of the entries name; FLOPs are those of a token."""
    shape, n = case.shape, case.train_n
    part, chat = shape.flops_by_part(1), shape.kv_cache_bytes(case.serve_n)
    train, serve = ACCELERATORS[case.train_on], ACCELERATORS[case.serve_on]
    return dict(
        n=n, L=shape.n_layers, d=shape.d_model, tokens=case.tokens, used=case.utilisation,
        many=case.accelerators, held=shape.parameters(), met=shape.active_parameters(),
        table=shape.vocab_size * shape.d_model, norms=shape.parameters_by_part()["norms"],
        forward=shape.forward_flops(n) / n, causal=shape.forward_flops(n, causal=True) / n,
        project=part["attention projections"], feed=part["feed-forward"] + part["router"],
        pair=part["scores and weighted sum"], one=shape.kv_cache_bytes(1), chat=chat,
        kept=shape.activation_bytes(n, recompute="full"), read=decode(
            shape, serve, case.serve_n).bytes_moved - chat, room=train.memory_bytes, ceil=ceil,
        memory=serve.memory_bytes, bandwidth=serve.bytes_per_second,
        rate=case.accelerators * train.flops_per_second * case.utilisation)


ADDS, LAYER = "a multiply-add is 2 FLOPs", "that is one layer"
NO_PAIRS = "that is 6ND, 2 for each parameter: the products with n² are missing"
TWO = "keys and values are two, and a number has 2 bytes: one 2 is missing"
ALL, SOME = "one token meets that: all experts must be held", "a token does not meet all experts"
TABLE, NORMS = "the table of tokens counts as well", "the norms count as well"
QUANTITIES = {      # entry: (right, relative tolerance, unit, {wrong: hint}); x is what is right
    "parameters": ("held", 0, "parameters", {
        "met": ALL, "held - table": TABLE, "held - norms": NORMS}),
    "active parameters": ("met", 0, "parameters", {
        "held": SOME, "met - table": TABLE, "met - norms": NORMS}),
    "forward, FLOPs a token": ("forward", THREE, "FLOPs", {
        "x / 2": ADDS, "2 * met": NO_PAIRS, "x - 2 * table": "the logits are missing",
        "n * x": "that is of the whole sequence; asked is one token",
        "causal": "that counts the pairs that a token may see; asked is the whole square",
        "2 * held": f"{SOME}, and the n² are missing"}),
    "training, FLOPs": ("3 * forward * tokens", THREE, "FLOPs", {
        "x / 2": ADDS, "6 * met * tokens": NO_PAIRS, "x / 3": "that is the forward pass alone",
        "6 * held * tokens": f"{SOME}, and the n² are missing",
        "x * 4 / 3": "what is computed again is no work of the model"}),
    "6ND falls short by, percent": ("100 * (forward / (2 * met) - 1)", 0.02, "percent", {
        "x / 100": "asked is percent", "-x": "the sign: is the count larger than 6ND, or smaller?",
        "x + 100": "that is the ratio; asked is the difference from 1, in percent",
        "100 * x / (100 + x)": "divide by 6ND, not by the count",
        "100 * (forward / (2 * held) - 1)": f"{SOME}: take the active parameters for N"}),
    "crossover, tokens": ("(project + feed) / pair", THREE, "tokens", {
        "2 * x": "two products have n²: scores and weighted sum",
        "project / pair": "that leaves the feed-forward layer out",
        "feed / pair": "that leaves the projections out",
        "2 * d": "2d is of a layer without feed-forward, whose heads share nothing, of width d/h",
        "6 * d": "6d is of two matrices of 4d, and heads that share nothing, of width d/h",
        "(project + feed) / (4 * L * d)": "a pair costs 4·h·d_h, and h·d_h is not d"}),
    "cache of a token, bytes": ("one", THREE, "bytes", {
        "x / 2": TWO, "2 * x": "a number has 2 bytes, not 4", "x / L": LAYER}),
    "cache of a chat, GB": ("chat / 1e9", THREE, "GB", {
        "x / 2": TWO, "x / L": LAYER, "chat / 2**30": "a GB is 10⁹ bytes here, not 2³⁰"}),
    "states to train, GB": ("16 * held / 1e9", THREE, "GB", {
        "x / 8": "that is the weights alone: gradients and optimizer learn with them",
        "x / 4": "16 bytes a parameter, not 4", "16 * met / 1e9": ALL,
        "x * 3 / 4": "weights and gradients need 2 bytes each besides"}),
    "accelerators for the states": ("ceil(16 * held / room)", 0, "", {
        "x - 1": "a part of an accelerator is a whole one: round up",
        "ceil(16 * held / memory)": "that is the accelerator of the other column"}),
    "kept activations, GB": ("kept / 1e9", THREE, "GB", {
        "17 * x": "34 bytes are kept where nothing is computed again", "x / L": LAYER,
        "x / 2": "a number has 2 bytes"}),
    "to serve one chat, GB": ("(2 * held + chat) / 1e9", THREE, "GB", {
        "2 * held / 1e9": "that is the weights alone: the cache needs room as well",
        "chat / 1e9": "that is the cache alone: the weights need room too",
        "(4 * held + chat) / 1e9": "a weight has 2 bytes, not 4", "(2 * met + chat) / 1e9": ALL}),
    "chats that fit": ("int(max(memory - 2 * held, 0) // chat)", 0, "", {
        "x + 1": "a part of a chat is none: round down", "memory // chat": "the weights need room "
        "too", "memory // (2 * held + chat)": "the weights are held once, not by chat"}),
    "tokens per second, one chat": ("bandwidth / (read + chat)", THREE, "tokens per second", {
        "1 / x": "that is seconds for a token; asked are tokens per second",
        "bandwidth / read": "that is the weights alone: the cache is read as well",
        "bandwidth / (2 * held + chat)": "one token reads the experts that it meets, not all",
        "bandwidth / (2 * met + chat)": "of the input table one row is read, not all"}),
    "days to train": ("3 * forward * tokens / rate / 86_400", THREE, "days", {
        "x * used": "at full speed; utilisation stretches it",
        "x * many": "that is one accelerator",
        "x / 3": "that is the forward pass alone", "6 * met * tokens / rate / 86_400": NO_PAIRS,
        "x / 2": "take the dense peak, and a multiply-add as 2 FLOPs"}),
}


def misread(case):
    """{the case with one line of the file or of the job misread: hint}."""
    shape, biased, rms = case.shape, case.shape.attention_bias, case.shape.norm == "rms"
    few = dict(experts_per_token=shape.n_experts) if shape.is_mixture else {}
    return {case._replace(shape=replace(shape, **fields)): hint for hint, fields in {
        "head_dim stands in the file: here a head is not d/h wide": dict(d_head=None),
        "the query heads share keys and values: of how many heads?": dict(n_kv_heads=None),
        "is the feed-forward layer gated? Then it has three matrices": dict(gated=not shape.gated),
        "are the tables tied? Then one table serves both ends": dict(tied=not shape.tied),
        "do the products have a bias?": dict(attention_bias=not biased, mlp_bias=not biased),
        "an RMS norm has a gain and no bias": dict(norm="layer" if rms else "rms"),
        "positions: are they learned, a table of their own, or rotated?":
            dict(max_positions=0 if shape.max_positions else case.serve_n),
        "queries and keys have a norm each, in every layer": dict(qk_norm=False),
        "there is a window: a token sees the last 4,096 and no more": dict(window=None),
        "both halves of a parallel layer read one norm": dict(norms=2, parallel=False), SOME: few,
    }.items()} | {
        case._replace(train_n=case.serve_n, serve_n=case.train_n): "that is the n of the other "
        "column: training and a chat have each their own",
        case._replace(train_on=case.serve_on, serve_on=case.train_on): "that is the accelerator of "
        "the other column"}


@lru_cache
def quantity(name, case):
    """The Exercise of an entry: its right value, and each slip that gives another one."""
    formula, within, unit, slips = QUANTITIES[name]
    right, found = eval(formula, facts(case).copy()), {}
    wrongs = [(eval(wrong, facts(case) | {"x": right}), hint) for wrong, hint in slips.items()]
    for one, hint in misread(case).items() if unit else ():     # small counts agree by chance
        wrongs.append((eval(formula, facts(one).copy()), hint))
    for wrong, hint in wrongs:
        if wrong and not same(wrong, right) and hint not in found.get(wrong, ""):
            found[wrong] = f"{found[wrong]}; or {hint}" if wrong in found else hint
    return Exercise(right, found, within=within, unit=unit)


def _crossing(case, answer):
    """A number of tokens, or "never" where a window ends before it."""
    plain, window = quantity("crossover, tokens", case), case.shape.window
    never = isinstance(answer, str) and answer.strip(" .!").lower() == "never" or answer == inf
    if isinstance(answer, str) and not never:
        return not_yet('a number of tokens, or "never" where it does not happen')
    if window is None or plain.right <= window:
        return plain(answer) if not never else not_yet(
            "no window ends it: each token brings more pairs, and one day they lead")
    return Verdict("correct") if never else not_yet(
        (plain(answer).text or "right without a window") + "; then look at sliding_window")


def _limit(case, batch):
    """What sets the time of writing one token for `batch` chats."""
    brings = "uses each weight for one multiply-add" if batch == 1 else "brings a cache of its own"
    right = decode(case.shape, case.serve_on, case.serve_n, batch).limit
    return Exercise(right, {
        "memory": "the chats share the weights, and their caches are small here"}
        if right == "arithmetic" else {
        "arithmetic": f"one chat {brings}: compare FLOPs per byte with the ridge point"})


def _price(answer):
    return Verdict("correct") if 0 < (exact(answer) or 0) < 1000 else not_yet(
        "a price of one accelerator for an hour: a number above 0 and below 1,000 USD")


def _cost(case, price):
    """USD of the training run, at the reader's price."""
    if not _price(price):
        return lambda answer: not_yet("give your price first")
    right = 24 * case.accelerators * float(price) * quantity("days to train", case).right
    return Exercise(right, {
        right / case.accelerators: "that is one accelerator",
        right / 24: "the price is for an hour, and a day has 24",
        right / float(price): "those are hours; times your price"}, within=0.02, unit="USD")


def group(names, case, answer):
    """{name: the check of an entry for a case}; the cost depends on the answer's price."""
    own = {"crossover, tokens": partial(_crossing, case), "limit, one chat": _limit(case, 1),
           f"limit, {CHATS} chats": _limit(case, CHATS), "price, USD an hour": _price,
           "cost of training, USD": _cost(case, answer.get("price, USD an hour"))}
    return {name: own.get(name) or quantity(name, case) for name in names}


def _table(names, case, why, answer):
    """A table: for Gemma, or for the model that the answer names."""
    entries, unseen = dict(answer) if isinstance(answer, dict) else answer, [*CASES][1:]
    if case is None and isinstance(answer, dict):
        model = entries.pop("model", None)
        if not untouched(entries) and model not in unseen:
            return not_yet(f"'model': choose {listed(map(repr, unseen), 'or')}; "
                           f"this is {describe(model)}")
        case = CASES.get(model)
    if untouched(entries):
        return NOT_ATTEMPTED
    return Exercise(group(names, case or GEMMA, entries) if isinstance(answer, dict)
                    else dict.fromkeys(names), why=why)(entries)


FILE = {        # field of Transformer: what the file says of it
    "n_layers": "see num_hidden_layers", "d_model": "see hidden_size", "n_heads": "see "
    "num_attention_heads", "d_ff": "see intermediate_size", "vocab_size": "see vocab_size",
    "kv_heads": "see num_key_value_heads",
    "head_width": "head_dim stands in the file: a head is not d/h wide",
    "gated": "the code has three matrices in the feed-forward layer",
    "tied": "tie_word_embeddings: what does the file leave to the default?",
    "attention_bias": "attention_bias is false", "mlp_bias": "this family has no biases",
    "norm": "RMS norms have a gain and no bias",
    "max_positions": "max_position_embeddings is no table: these positions are rotated",
} | dict.fromkeys(("output_bias", "qk_norm", "n_experts", "window", "kv_lora_rank"),
                  "nothing in the file asks for it")


def _shape(answer):
    """Gemma 7B as a Transformer."""
    if not isinstance(answer, Transformer):
        return not_yet("the answer is a Transformer(n_layers, d_model, n_heads, d_ff, vocab_size, "
                       f"…); this is {describe(answer)}")
    for field, hint in FILE.items():
        if (getattr(answer, field) or 0) != (getattr(GEMMA.shape, field) or 0):
            return not_yet(f"{field}: {hint}")
    return Verdict("correct", "one wrong field here would have spoiled every number below")


EXERCISES["15.1"] = Exercise(_shape)

d, wide, d_ff = 3072, 16 * 256, 24576
EXERCISES["15.2"] = Exercise({
    "token table": Exercise(256_000 * d, {
        2 * 256_000 * d: "input and output share one table: it is held once",
        786_825_216: "the paper's table has more rows than the file's vocab_size"}),
    "attention, one layer": Exercise(4 * d * wide, {
        4 * d * d: "queries, keys, values and output: four matrices, as wide as head_dim says",
        4 * wide * wide: "each matrix has d on one side and h·d_h on the other",
        28 * 4 * d * wide: "that is all layers"}),
    "feed-forward, one layer": Exercise(3 * d * d_ff, {
        2 * d * d_ff: "gated: a third matrix", 28 * 3 * d * d_ff: "that is all layers"}),
    "whole model": quantity("parameters", GEMMA),
}, why="a quarter of a million tokens make the table nearly as heavy as three layers, and it is "
       "held once")

names = [*QUANTITIES]
computed, held = names[2:6], names[6:13]
timed = [names[13], "limit, one chat", f"limit, {CHATS} chats", names[14], "price, USD an hour",
         "cost of training, USD"]
for number, entries, case, why in [
        ("15.3", computed, GEMMA, "wide heads bring the pairs forward, a wide gated feed-forward "
                                  "layer pushes them back: n = 11d, not 6d"),
        ("15.4", held, GEMMA, "no keys are shared, so sixteen chats fill an accelerator that holds "
                              "the weights almost five times"),
        ("15.5", timed, GEMMA, "two weeks for thousands of accelerators, and then each chat waits "
                               "for the memory"),
        ("15.6", names[:2], None, "to the digit from a configuration: nothing was left out"),
        ("15.7", computed, None, "each shape has its own crossover and its own error of 6ND"),
        ("15.8", held, None, "weights decide who can hold the model, the cache decides for how "
                             "many"),
        ("15.9", timed, None, "from a file of twenty lines to days, money and tokens per second")]:
    EXERCISES[number] = Exercise(partial(_table, entries, case, why), entries=entries)
