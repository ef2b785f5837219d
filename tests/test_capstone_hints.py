"""Every entry of lesson 15 × every model × the usual slips, in every kind of number: no hint may name a slip that was not made.

`pencil` computes the whole table from the configuration alone, with slips made on purpose, one or two at a time. Right
answers must pass, wrong ones must not, and a hint either speaks of size and digits alone or names a slip that was made.
"""
import itertools
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf

import numpy as np
import pytest
from test_unseen_models import DATA

from helpers.exercises.capstone import entries
from helpers.exercises.capstone.cases import CASES
from helpers.published import ACCELERATORS

# slip -> words of which a hint on it holds at least one
SLIPS = {
    "d/h": ("head_dim", "h·d_h is not d", "not h·d_h"), "all keys": ("share keys and values",), "gate": ("gated",),
    "tied": ("tied", "one table", "input table", "of the input table"), "biases": ("bias",), "attention bias": ("bias", "biases"),
    "feed-forward bias": ("bias",), "norm": ("gain",), "positions": ("positions",), "window": ("window",),
    "router": ("router",), "all experts": ("experts",), "active for all": ("experts", "one token meets"),
    "final norm": ("behind the last",), "two norms": ("one norm",), "mac": ("multiply-add", "a weight costs 2"), "causal": ("whole square", "a pair 4", "two products"),
    "no logits": ("logits",), "lookup": ("lookup", "one row"), "no pairs": ("n² are missing", "6ND"), "no table": ("table",),
    "both tables": ("table",), "pairs of d": ("h·d_h is not d", "not h·d_h"), "n": ("asked is the n",), "sequence": ("whole sequence", "one sequence"),
    "forward": ("forward",), "again": ("computed again",), "int8 peak": ("dense peak",), "no utilisation": ("utilisation",),
    "utilisation twice": ("utilisation",), "chip": ("other column",), "one chip": ("one accelerator",), "6ND": ("6ND",), "GiB": ("10⁹",),
    "4 bytes": ("2 bytes", "not 4"), "keys alone": ("one 2",), "weights alone": ("weights alone", "cache is read"), "cache alone": ("cache alone",),
    "12 bytes": ("2 bytes each",), "14 bytes": ("2 bytes, and not both",), "18 bytes": ("gradients of 4",), "20 bytes": ("gradients of 4",),
    "one layer": ("one layer",), "no weights": ("room too",), "up": ("round down",), "down": ("round up",), "34": ("34",),
    "ratio": ("ratio",), "over the count": ("divide by 6ND",), "sign": ("sign",), "projections alone": ("feed-forward layer out",),
    "feed-forward alone": ("projections out",), "all read": ("experts that it meets", "experts"),
}
GENERIC = ("too small", "too large", "near, and", "near: ", "right as far as it goes", "the power of ten is not",
           "a part of a chat is none: round down", "a part of an accelerator is a whole one: round up")


def pencil(name, *slips):
    """{entry: value} for a model, with the slips made. No Transformer, no roofline, no memory."""
    made = set(slips).__contains__
    model, job = DATA[name], DATA[name]["job"]
    keys = model["config"] | model["left to defaults"]
    d, L, h = (keys.get(a, keys.get(b)) for a, b in (("hidden_size", "n_embd"), ("num_hidden_layers", "n_layer"),
                                                     ("num_attention_heads", "n_head")))
    groups = 1 if keys.get("multi_query") else keys["num_key_value_heads"]
    if made("all keys"):
        groups = h
    d_h = d // h if made("d/h") else keys.get("head_dim", d // h)
    d_ff = keys.get("moe_intermediate_size") or keys.get("ffn_hidden_size") or keys.get("intermediate_size") or keys.get("n_inner")
    V, window = keys["vocab_size"], None if made("window") else keys.get("sliding_window")
    facts = " ".join(model["only in the code"])
    gated, biased, gain = "gated" in facts, "every product has a bias" in facts, 1 if "RMS" in facts else 2
    attention_bias, mlp_bias = biased != (made("biases") or made("attention bias")), biased != (made("biases") or made("feed-forward bias"))
    gated, gain = gated != made("gate"), 3 - gain if made("norm") else gain
    held, met = keys.get("num_experts", 1), keys.get("num_experts_per_tok", 1)
    attention = d * h * d_h + 2 * d * groups * d_h + h * d_h * d
    expert = (3 if gated else 2) * d * d_ff
    router = d * held if held > 1 and not made("router") else 0
    small = gain * d * (1 if keys.get("parallel_attn") and not made("two norms") else 2) + (2 * d_h if "on the queries" in facts else 0)
    mlp_bias = mlp_bias and held == 1       # who would give an expert biases?
    small += (h * d_h + 2 * groups * d_h + d) * attention_bias + ((2 if gated else 1) * d_ff + d) * mlp_bias
    tied = keys["tie_word_embeddings"] != made("tied")
    learned = keys.get("n_positions", 0) if not made("positions") or "n_positions" not in keys else 0
    tables = V * d * (1 if tied else 2) + learned * d
    if made("positions") and "n_positions" not in keys:
        learned = job["serving n"]
        tables += learned * d
    tables -= V * d * (made("no table") + (2 - tied) * made("both tables"))
    total = L * (attention + held * expert + router + small) + gain * d * (not made("final norm")) + tables
    active = total - L * (held - met) * expert
    if made("all experts"):
        active = total
    if made("active for all"):
        total = active
    n, tokens, chat_n = job["training n"], job["training tokens"], job["serving n"]
    if made("n"):
        n, chat_n = chat_n, n
    weights = attention + (held if made("all experts") else met) * expert + router
    seen = min(n, window or n)
    pairs = 4 * L * (d if made("pairs of d") else h * d_h) * (_mean(n, window) if made("causal") else seen)
    forward = 2 * L * weights + 2 * V * d * (not made("no logits")) + pairs + 2 * V * d * made("lookup")
    if made("no pairs"):
        forward = 2 * active
    forward = forward / 2 if made("mac") else forward
    training = (1 if made("forward") else 4 if made("again") else 3) * forward * tokens
    if made("6ND"):
        training = 6 * active * tokens
    miss = 100 * (training / tokens / (6 * active) - 1)
    miss = miss + 100 if made("ratio") else 100 * miss / (100 + miss) if made("over the count") else -miss if made("sign") else miss
    mine = {"projections alone": attention, "feed-forward alone": met * expert}
    in_layer = next((value for slip, value in mine.items() if made(slip)), weights)
    crossing = (1 if made("mac") else 2) * in_layer / ((2 if made("causal") else 4) * (d if made("pairs of d") else h * d_h))
    size, kinds = 4 if made("4 bytes") else 2, 1 if made("keys alone") else 2
    giga = 2**30 if made("GiB") else 1e9
    one = size * kinds * (1 if made("one layer") else L) * groups * d_h
    chat = one * min(chat_n, window or inf)
    train_on, serve_on = (ACCELERATORS[job[f"{phase} accelerator"]] for phase in ("training", "serving"))
    if made("chip"):
        train_on, serve_on = serve_on, train_on
    each = next((each for slip, each in {"weights alone": 2, "4 bytes": 4, "12 bytes": 12, "14 bytes": 14, "18 bytes": 18, "20 bytes": 20}
                 .items() if made(slip)), 16)
    states, stay = each * total, size * total
    on = states / train_on.memory_bytes
    kept = (34 if made("34") else size) * (1 if made("one layer") else L) * n * (h * d_h if made("pairs of d") else d)
    serve = stay * (not made("cache alone")) + chat * (not made("weights alone"))
    many = (serve_on.memory_bytes * (giga / 1e9) - stay * (not made("no weights"))) / chat
    touched = total if made("all read") else active
    if not tied and not made("all read") and not made("lookup") and not made("no table") and not made("both tables"):
        touched -= V * d
    slow = (size * touched + chat * (not made("weights alone"))) / serve_on.bytes_per_second
    rate = (1 if made("one chip") else job["training accelerators"]) * train_on.flops_per_second * (2 if made("int8 peak") else 1)
    used = 1 if made("no utilisation") else job["utilisation"]**2 if made("utilisation twice") else job["utilisation"]
    return {
        "parameters": total, "active parameters": active, "forward, FLOPs a token": forward * (n if made("sequence") else 1),
        "training, FLOPs": training, "6ND falls short by, percent": miss,
        "crossover, tokens": "never" if window and crossing > window else crossing,
        "cache of a token, bytes": one, "cache of a chat, GB": chat / giga, "states to train, GB": states / giga,
        "accelerators for the states": floor(on) if made("down") else ceil(on), "kept activations, GB": kept / giga,
        "to serve one chat, GB": serve / giga, "chats that fit": ceil(many) if made("up") else floor(many),
        "tokens per second, one chat": 1 / slow, "days to train": training / (rate * used * 86_400)}


def _mean(n, window):
    """The pairs that one token of n may see, on the average."""
    w = min(n, window or n)
    return (w * (w + 1) / 2 + (n - w) * w) / n


def checks(name):
    """{entry: its check}."""
    case = CASES[name]
    found = entries.sizes(case) | entries.arithmetic(case) | entries.memory(case, {}) | entries.time(case, {})
    return {entry: found[entry] for entry in pencil(name)}


def rounded(value, digits):
    return float(f"{value:.{digits - 1}e}")


EXACT = {"parameters", "active parameters", "accelerators for the states", "chats that fit"}
KINDS = (float, Fraction, np.float64, np.float32, lambda value: Decimal(str(value)), lambda value: np.array(float(value)))
names = pytest.mark.parametrize("name", DATA)


@names
def test_right_answers_pass_in_every_kind_and_to_three_digits(name):
    for entry, value in pencil(name).items():
        check = checks(name)[entry]
        assert check(value), (entry, value, check(value))
        if value == "never" or entry in EXACT:
            continue
        for kind, digits in itertools.product(KINDS, (3, 4, 7)):
            assert check(kind(rounded(value, digits))), (entry, digits, kind, check(kind(rounded(value, digits))))
        if value > 1e5:
            assert check(int(rounded(value, 3))) and check(np.int64(rounded(value, 3)) if value < 2**63 else 10**30) is not None
    for entry in EXACT:
        value = pencil(name)[entry]
        for same in (value, float(value), Fraction(value), np.int64(value), Decimal(value)):
            assert checks(name)[entry](same), (entry, same)


@names
def test_right_answers_in_two_digits_are_never_a_slip(name):
    """Two digits of the right value: passed, or told that they are few; never accused."""
    for entry, value in pencil(name).items():
        if value == "never" or entry in EXACT - {"parameters", "active parameters"}:
            continue
        verdict = checks(name)[entry](rounded(value, 2))
        assert verdict or verdict.text.startswith(("near, and too coarse", "right as far as it goes")), (entry, value, verdict)


def judged(name, check, entry, answer, slips, right):
    """Assert that a wrong answer is refused, and that its hint is neutral or names one of the slips."""
    verdict = check(answer)
    where = f"{name}, {entry}, {' + '.join(slips)}: {answer!r} (right {right!r}) -> {verdict}"
    assert verdict.state == "not yet", where
    text = verdict.text
    named = [slip for slip in slips if any(word in text for word in SLIPS[slip])]
    neutral = text.startswith(tuple(GENERIC)) or any(f" {word}" in text for word in GENERIC[:2])
    return bool(named), neutral, where


def wrong_answers(name, count):
    """(entry, slips, wrong value, right value), where the slips change the value by more than three digits show."""
    right = pencil(name)
    for slips in list(itertools.combinations(SLIPS, count))[:: 1 if count == 1 else 3]:    # every third pair: seconds
        try:
            found = pencil(name, *slips)
        except ZeroDivisionError:
            continue
        for entry, value in found.items():
            if isinstance(value, str) or value <= 0 and entry != "6ND falls short by, percent":
                continue
            if right[entry] == "never" or (value != right[entry] if entry in EXACT else abs(value / right[entry] - 1) > 0.021):
                yield entry, slips, value, right[entry]


@names
def test_each_slip_earns_its_own_hint(name):
    """Alone, and to all digits: a hint must name it. Small counts have a test of their own."""
    found = checks(name)
    for entry, slips, value, right in wrong_answers(name, 1):
        named, neutral, where = judged(name, found[entry], entry, value, slips, right)
        small = entry in ("accelerators for the states", "chats that fit")
        assert neutral and not named if small else named or right == "never" and neutral or value <= 0 or ": near" in where, where


def falsely_accused(name, count, digits):
    """(how many answers were judged, those whose hint names a slip that was not made)."""
    found, wrong, number = checks(name), [], 0
    for entry, slips, value, right in wrong_answers(name, count):
        for answer in [value] if entry in EXACT else [value, *(rounded(value, places) for places in digits)]:
            if found[entry](answer) and answer != value:
                continue        # rounding has led to the right one
            number += 1
            named, neutral, where = judged(name, found[entry], entry, answer, slips, right)
            if not named and not neutral:
                wrong.append(where)
    return number, wrong


@names
def test_no_hint_names_a_slip_that_was_not_made(name):
    """In full, and rounded to two, three and four digits."""
    number, wrong = falsely_accused(name, 1, (2, 3, 4))
    assert number > 300 and not wrong, "\n".join(wrong)


@names
def test_two_slips_at_once_seldom_look_like_a_third(name):
    """Two slips may give the value of one other, so no check can tell: (multiply-adds) × (computed again) is 2/3 in any model."""
    number, wrong = falsely_accused(name, 2, (3,))
    assert number > 1_500 and len(wrong) < 0.02 * number, "\n".join([f"{len(wrong)} of {number}", *wrong[:50]])


@names
def test_numbers_from_nowhere_are_seldom_accused(name):
    """A thousand values of no reason: fewer than one in fifty meets a slip by chance, and none raises."""
    random, found, right = np.random.default_rng(15), checks(name), pencil(name)
    for entry, check in found.items():
        base = 20_000 if right[entry] == "never" else right[entry]
        if entry in ("accelerators for the states", "chats that fit"):
            continue
        texts = [check(rounded(base * 10**exponent, 4)).text for exponent in random.uniform(-1.5, 1.5, 300)]
        accused = [text for text in texts if text and not any(word in text for word in GENERIC)]
        assert len(accused) <= 12, (entry, len(accused), accused[:5])
