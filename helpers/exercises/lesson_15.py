"""Lesson 15, the capstone: one model in five steps, then one of four others as a whole.

`facts` says what a table is computed from, `QUANTITIES` how; a slip is a fact that is misread, or a
factor that is forgotten, so each wrong value follows as the right one does.
"""

from dataclasses import replace
from functools import lru_cache, partial
from math import ceil, inf
from typing import NamedTuple

from helpers.exercises import EXERCISES, NOT_ATTEMPTED, Exercise, Verdict, describe, not_yet
from helpers.exercises.engine import exact, same, untouched
from helpers.published import ACCELERATORS
from helpers.roofline import decode
from helpers.transformer import Transformer
from helpers.words import listed


class Case(NamedTuple):
    """A model as a shape, and the job that the lesson gives it."""

    shape: Transformer
    tokens: int
    train_n: int
    train_on: str
    accelerators: int
    utilisation: float
    serve_n: int
    serve_on: str


_llama = dict(gated=True, attention_bias=False, mlp_bias=False, norm="rms")
CASES = {
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


def facts(case):
    """What the entries of a table are computed from, by name."""
    shape, n = case.shape, case.train_n
    part = shape.flops_by_part(1)
    gain = shape.d_model * (2 if shape.norm == "layer" else 1)
    held = shape.parameters()
    train, serve = ACCELERATORS[case.train_on], ACCELERATORS[case.serve_on]
    chat = shape.kv_cache_bytes(case.serve_n)
    return dict(
        case=case, held=held, met=shape.active_parameters(), gain=gain,
        forward=shape.forward_flops(n) / n, pair=part["scores and weighted sum"],
        products=part["attention projections"] + part["feed-forward"] + part["router"],
        one=shape.kv_cache_bytes(1), chat=chat, kept=shape.activation_bytes(n, recompute="full"),
        room=train.memory_bytes, memory=serve.memory_bytes, bandwidth=serve.bytes_per_second,
        read=decode(shape, serve, case.serve_n).bytes_moved - chat,
        rate=case.accelerators * train.flops_per_second * case.utilisation)


QUANTITIES = {      # entry: (value of the facts, relative tolerance, unit)
    "parameters": (lambda f: f["held"], 0, "parameters"),
    "active parameters": (lambda f: f["met"], 0, "parameters"),
    "forward, FLOPs a token": (lambda f: f["forward"], THREE, "FLOPs"),
    "training, FLOPs": (lambda f: 3 * f["forward"] * f["case"].tokens, THREE, "FLOPs"),
    "6ND falls short by, percent":
        (lambda f: 100 * (f["forward"] / (2 * f["met"]) - 1), 0.02, "percent"),
    "crossover, tokens": (lambda f: f["products"] / f["pair"], THREE, "tokens"),
    "cache of a token, bytes": (lambda f: f["one"], THREE, "bytes"),
    "cache of a chat, GB": (lambda f: f["chat"] / 1e9, THREE, "GB"),
    "states to train, GB": (lambda f: 16 * f["held"] / 1e9, THREE, "GB"),
    "accelerators for the states": (lambda f: ceil(16 * f["held"] / f["room"]), 0, ""),
    "kept activations, GB": (lambda f: f["kept"] / 1e9, THREE, "GB"),
    "to serve one chat, GB": (lambda f: (2 * f["held"] + f["chat"]) / 1e9, THREE, "GB"),
    "chats that fit": (lambda f: int(max(f["memory"] - 2 * f["held"], 0) // f["chat"]), 0, ""),
    "tokens per second, one chat":
        (lambda f: f["bandwidth"] / (f["read"] + f["chat"]), THREE, "tokens per second"),
    "days to train":
        (lambda f: 3 * f["forward"] * f["case"].tokens / f["rate"] / 86_400, THREE, "days"),
}


def misread(case):
    """Pairs (hint, the case with one line of the file or of the job misread)."""
    shape, d, h = case.shape, case.shape.d_model, case.shape.n_heads
    biased, mixture, rms = shape.attention_bias, shape.is_mixture, shape.norm == "rms"
    of_shape = [
        (shape.head_width * h != d and d % h == 0, dict(d_head=None),
         "head_dim stands in the file: here a head is not d/h wide"),
        (shape.kv_heads != h, dict(n_kv_heads=None),
         "the query heads share keys and values: how many heads of those are there?"),
        (True, dict(gated=not shape.gated),
         f"the feed-forward is {'' if shape.gated else 'not '}gated: three matrices, or two?"),
        (True, dict(tied=not shape.tied), "one table serves input and output: it is held once"
         if shape.tied else "the table is not tied: input and output have one each"),
        (True, dict(attention_bias=not biased, mlp_bias=not biased),
         f"the products in the layers have {'a' if biased else 'no'} bias"),
        (True, dict(attention_bias=not biased),
         f"attention has {'biases as well' if biased else 'no biases here'}"),
        (True, dict(mlp_bias=not biased),
         f"the feed-forward layer has {'biases as well' if biased else 'no biases here'}"),
        (True, dict(norm="layer" if rms else "rms"),
         "an RMS norm has a gain and no bias" if rms else "a layer norm has gain and bias"),
        (True, dict(max_positions=0 if shape.max_positions else case.serve_n),
         "positions: are they learned, a table of their own, or rotated?"),
        (shape.qk_norm, dict(qk_norm=False), "queries and keys have a norm each, in every layer"),
        (shape.window is not None, dict(window=None),
         "there is a window: a token sees the last 4,096 and no more"),
        (shape.norms == 1, dict(norms=2, parallel=False),
         "both halves of a parallel layer read the result of one norm, not of two"),
        (mixture, dict(experts_per_token=shape.n_experts), "a token does not meet all experts"),
        (mixture, dict(d_expert=None),
         "no layer uses intermediate_size: an expert has a width of its own")]
    return [(hint, case._replace(shape=replace(shape, **fields)))
            for wrong, fields, hint in of_shape if wrong] + [
        ("that is the n of the other column: training and a chat have each their own",
         case._replace(train_n=case.serve_n, serve_n=case.train_n)),
        ("that is the accelerator of the other column",
         case._replace(train_on=case.serve_on, serve_on=case.train_on))]


def forgotten(case):
    """Pairs (hint, facts with some of them wrong): what else is left out, or counted too often."""
    shape, f = case.shape, facts(case)
    held, met, forward, chat, gain = map(f.get, ("held", "met", "forward", "chat", "gain"))
    L, table = shape.n_layers, shape.vocab_size * shape.d_model
    router = L * shape.d_model * shape.n_experts
    pairs = shape.flops_by_part(case.train_n)["scores and weighted sum"] / case.train_n
    wide = shape.n_heads * shape.head_width / shape.d_model
    no_pairs = "that is 6ND, 2 for each parameter: the products with n² are missing"
    tables = {"the table of tokens": table} if shape.tied else {
        "the input table": table, "both tables of tokens": 2 * table}
    found = [
        ("a multiply-add is 2 FLOPs", dict(forward=forward / 2)),
        ("what is computed again is no work of the model", dict(forward=forward * 4 / 3)),
        ("the logits are missing", dict(forward=forward - 2 * table)),
        ("the input embedding is a lookup, no product", dict(forward=forward + 2 * table)),
        ("the pairs cost 4·n·h·d_h for each token, and h·d_h is not d", dict(
            forward=forward - pairs + pairs / wide, pair=f["pair"] / wide, kept=f["kept"] * wide)),
        ("that counts the pairs that a token may see; asked is the whole square",
         dict(forward=shape.forward_flops(case.train_n, causal=True) / case.train_n)),
        (no_pairs, dict(forward=2 * met)),
        *((f"{name} must be counted as well", dict(held=held - less, met=met - less))
          for name, less in tables.items()),
        ("the table is read for the logits", dict(read=f["read"] - 2 * table)),
        ("one more norm stands behind the last layer", dict(held=held - gain, met=met - gain)),
        ("the norms count as well",
         {name: f[name] - (1 + shape.norms * L) * gain for name in ("held", "met")}),
        ("keys and values are two, and a number has 2 bytes: one 2 is missing",
         dict(one=f["one"] / 2, chat=chat / 2)),
        ("a number has 2 bytes, not 4", {
            name: 2 * f[name] for name in ("one", "chat", "held", "read", "kept")}),
        ("a weight has 2 bytes, not 4", dict(held=2 * held)),
        ("that is one layer", dict(one=f["one"] / L, chat=chat / L, kept=f["kept"] / L)),
        ("that is the weights alone: the cache is read as well", dict(chat=0)),
        ("that is the cache alone: the weights need room too", dict(held=0))]
    if shape.is_mixture:
        found += [
            ("that is what one token meets: all experts must be held", dict(held=met)),
            ("each layer has a router, and a token passes it",
             dict(held=held - router, met=met - router)),
            ("one token reads the experts that it meets, not all", dict(read=2 * held)),
            ("of the input table one row is read, not all", dict(read=2 * met)),
            ("a token does not meet all experts, and the n² are missing", dict(forward=2 * held)),
            ("a token does not meet all experts: take the active parameters for N", dict(met=held))]
    return [(hint, f | wrong) for hint, wrong in found]


def usual(name, case, f, right):
    """{wrong value: hint} of what is wrong in one entry alone."""
    part, d, used = case.shape.flops_by_part(1), case.shape.d_model, case.utilisation
    plain, binary = "whose heads share nothing and have h·d_h = d", right * 10**9 / 2**30
    work = decode(case.shape, case.serve_on, case.serve_n)
    other = ACCELERATORS[case.serve_on].memory_bytes
    return ({binary: "a GB is 10⁹ bytes here, not 2³⁰"} if name.endswith("GB") else {}) | {
        "forward, FLOPs a token": {
            right * case.train_n: "that is of the whole sequence; asked is one token",
            right * 3: "that is forward and backward"},
        "training, FLOPs": {right / 3: "that is the forward pass alone"},
        "6ND falls short by, percent": {
            right / 100: "asked is percent",
            -right: "the sign: is the count larger than 6ND, or smaller?",
            right + 100: "that is the ratio; asked is the difference from 1",
            right / 100 + 1: "that is the ratio; asked is the difference from 1, in percent",
            100 * right / (100 + right): "divide by 6ND, not by the count"},
        "crossover, tokens": {
            right * 2: "two products have n²: scores and weighted sum",
            right / 2: "a weight costs 2 FLOPs a token, a pair 4 for each element",
            part["attention projections"] / f["pair"]: "that leaves the feed-forward layer out",
            part["feed-forward"] / f["pair"]: "that leaves the projections out",
            2 * d: f"2d is of a layer without feed-forward, {plain}",
            6 * d: f"6d is of a layer with two matrices of 4d, {plain}"},
        "cache of a token, bytes": {
            right * 8: "that is in bits",
            right / 4: "that counts numbers: two are cached, of 2 bytes each"},
        "states to train, GB": {
            right / 8: "that is the weights alone: gradients and optimizer learn with them",
            right / 4: "16 bytes a parameter, not 4",
            right * 3 / 4: "weights and gradients need 2 bytes each besides",
            right * 9 / 8: "that is with gradients of 4 bytes; here they have 2"},
        "accelerators for the states": {
            right - 1: "a part of an accelerator is a whole one: round up",
            ceil(16 * f["held"] / other): "that is the accelerator of the other column"},
        "kept activations, GB": {
            right / 2: "a number has 2 bytes",
            right * 17: "34 bytes are kept where nothing is computed again"},
        "chats that fit": {
            right + 1: "a part of a chat is none: round down",
            f["memory"] // f["chat"]: "the weights need room too",
            f["memory"] // (2 * f["held"] + f["chat"]): "the weights are held once, not by chat"},
        "tokens per second, one chat": {
            1 / right if right else 0: "that is seconds for a token; asked are tokens per second",
            1 / work.arithmetic_seconds: "the memory's clock is slower than the arithmetic's"},
        "days to train": {
            right * used: "at full speed; utilisation stretches it",
            right / used: "divide by the utilisation, once",
            right * case.accelerators: "that is one accelerator", right * 24: "that is hours",
            right / 3: "that is the forward pass alone", right / 2: "take the dense peak"},
    }.get(name, {})


WHOLE = {       # an entry that comes whole: the entry before it, by which its hints go
    "accelerators for the states": "states to train, GB", "chats that fit": "cache of a chat, GB"}


@lru_cache
def quantity(name, case):
    """The Exercise of an entry: its right value, and each slip that gives another one."""
    value, within, unit = QUANTITIES[name]
    f = facts(case)
    right, slips = value(f), {}
    others = [*forgotten(case), *((hint, facts(one)) for hint, one in misread(case))]
    wrongs = [*usual(name, case, f, right).items()] + [
        (value(wrong), hint) for hint, wrong in others if name not in WHOLE]
    for wrong, hint in wrongs:
        if wrong and not same(wrong, right) and hint not in slips.get(wrong, ""):
            slips[wrong] = f"{slips[wrong]}; or {hint}" if wrong in slips else hint
    return Exercise(right, slips, within=within, unit=unit, strict=True)


def _small_count(name, case, answer):
    before, whole = WHOLE[name], quantity(name, case)
    given, known = exact(answer.get(before)), quantity(before, case).right
    sound = given is not None and same(given, known, THREE)

    def check(value):
        count = exact(value)
        if count is not None and count.denominator != 1:
            return not_yet(next(iter(whole.slips.values())))    # round up, round down
        verdict = whole(value) if sound else Exercise(whole.right)(value)
        return verdict if verdict or sound or count is None else not_yet(
            f"{verdict.text}; with {before!r} right, a hint can say more")
    return check


def _crossing(case):
    """A number of tokens, or "never" where a window ends before it."""
    plain = quantity("crossover, tokens", case)
    ends = case.shape.window is not None and plain.right > case.shape.window

    def check(answer):
        never = isinstance(answer, str) and answer.strip(" .!").lower() == "never"
        if never or isinstance(answer, float) and answer == inf:
            return Verdict("correct") if ends else not_yet(
                "no window ends it: each token brings more pairs, and one day they lead")
        if isinstance(answer, str):
            return not_yet('a number of tokens, without quotes, or "never" where it does not '
                           f"happen; this is {describe(answer)}")
        verdict = plain(answer)
        if not ends or exact(answer) is None:
            return verdict
        return not_yet("right if there were no window: does a token ever see so many others?"
                       if verdict else f"{verdict.text}; then look at sliding_window")
    return check


def _limit(case, batch):
    """What sets the time of writing one token for `batch` chats."""
    brings = "uses each weight for one multiply-add" if batch == 1 else "brings a cache of its own"
    hints = {"arithmetic": f"one chat {brings}: compare FLOPs per byte with the ridge point",
             "memory": "the chats share the weights, and their caches are small here"}
    right = decode(case.shape, case.serve_on, case.serve_n, batch).limit
    return Exercise(right, {word: hints[word] for word in hints if word != right})


def _price(answer):
    price = exact(answer)
    return Verdict("correct") if price is not None and 0 < price < 1000 else not_yet(
        "a price of one accelerator for an hour: a number above 0 and below 1,000 USD")


def _cost(case, price):
    """USD of the training run, at the reader's price."""
    if not _price(price):
        return lambda answer: not_yet("give your price first")
    right = 24 * case.accelerators * float(price) * quantity("days to train", case).right
    return Exercise(right, {
        right / case.accelerators: "that is one accelerator",
        right / 24: "the price is for an hour, and a day has 24",
        right * case.utilisation: "at full speed; utilisation stretches it",
        right / float(price): "that is accelerator hours; times your price",
    }, within=0.02, unit="USD")


def group(names, case, answer):
    """The checks of some entries for a case; some depend on others that stand in the answer."""
    own = {
        "crossover, tokens": lambda name: _crossing(case),
        "accelerators for the states": lambda name: _small_count(name, case, answer),
        "chats that fit": lambda name: _small_count(name, case, answer),
        "limit, one chat": lambda name: _limit(case, 1),
        f"limit, {CHATS} chats": lambda name: _limit(case, CHATS),
        "price, USD an hour": lambda name: _price,
        "cost of training, USD": lambda name: _cost(case, answer.get("price, USD an hour"))}
    return {name: own.get(name, lambda name: quantity(name, case))(name) for name in names}


def _table(names, case, why, answer):
    """A table: for Gemma, or for the model that the answer names."""
    if not isinstance(answer, dict):
        expected = listed(map(repr, names if case else ["model", *names]))
        return not_yet(f"the answer is a dict with {expected}; this is {describe(answer)}")
    entries, unseen = dict(answer), [*CASES][1:]
    model = None if case else entries.pop("model", None)
    if untouched(entries):
        return NOT_ATTEMPTED
    if case is None and model not in unseen:
        return not_yet(f"'model': choose {listed(map(repr, unseen), 'or')}; "
                       f"this is {describe(model)}")
    return Exercise(group(names, case or CASES[model], entries), why=why)(entries)


FILE = {        # field of Transformer: what the file says of it
    "n_layers": "num_hidden_layers", "d_model": "hidden_size", "n_heads": "num_attention_heads",
    "d_ff": "intermediate_size", "vocab_size": "vocab_size", "kv_lora_rank": "",
    "head_width": "head_dim stands in the file: a head is not d/h wide",
    "kv_heads": "num_key_value_heads: how many heads of keys and values are there?",
    "gated": "the code has three matrices in the feed-forward layer",
    "tied": "tie_word_embeddings: what does the file leave to the default?",
    "attention_bias": "attention_bias is false",
    "output_bias": "attention_bias is false, for the output as well",
    "mlp_bias": "the feed-forward layer of this family has no biases",
    "norm": "RMS norms have a gain and no bias",
    "max_positions": "max_position_embeddings says how long a text may be; these positions are "
                     "rotated, nothing is learned",
    "qk_norm": "", "n_experts": "", "window": ""}


def _shape(answer):
    """Gemma 7B as a Transformer."""
    if not isinstance(answer, Transformer):
        return not_yet("the answer is a Transformer(n_layers, d_model, n_heads, d_ff, vocab_size, "
                       f"…); this is {describe(answer)}")
    for field, hint in FILE.items():
        given, right = (getattr(one, field) for one in (answer, GEMMA.shape))
        if given != right and (field != "output_bias" or given):
            key = "" if " " in hint else f"the file says it under {hint}" if hint else (
                "nothing in the file asks for it")
            return not_yet(f"{field}: {key or hint}")
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
