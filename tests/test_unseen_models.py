"""The capstone's data, key and checks, against arithmetic that knows the files alone: no Transformer, no roofline.

`by_hand` reads a configuration as a student with a pencil does. Its totals are those that tests/peers/test_capstone.py
finds in the models that `transformers` builds from the same files.
"""
import json
from math import ceil, floor, inf

import pytest
from documents import ROOT

from helpers.exercises import NOT_ATTEMPTED, check
from helpers.exercises.capstone import cases, report, values
from helpers.published import ACCELERATORS, MODELS

DATA = json.loads((ROOT / "notebooks/data/unseen_models.json").read_text(encoding="utf-8"))
PARAMETERS = {"Gemma 7B": 8_537_680_896, "Falcon 7B": 6_921_720_704, "StarCoderBase": 15_517_456_384,
              "StarCoder2 7B": 7_173_923_840, "Qwen3 30B-A3B": 30_532_122_624}  # confirmed by tests/peers
ACTIVE = PARAMETERS | {"Qwen3 30B-A3B": 3_353_032_704}
names = pytest.mark.parametrize("name", DATA)


def by_hand(name, price=2.5):
    """Every entry of the tables for one model, by exercise of part B."""
    model, job = DATA[name], DATA[name]["job"]
    keys = model["config"] | model["left to defaults"]
    d, L, h = (keys.get(a, keys.get(b)) for a, b in (("hidden_size", "n_embd"), ("num_hidden_layers", "n_layer"),
                                                     ("num_attention_heads", "n_head")))
    groups = 1 if keys.get("multi_query") else keys["num_key_value_heads"]
    d_h = keys.get("head_dim", d // h)
    d_ff = keys.get("moe_intermediate_size") or keys.get("ffn_hidden_size") or keys.get("intermediate_size") or keys.get("n_inner")
    V, window = keys["vocab_size"], keys.get("sliding_window")
    facts = " ".join(model["only in the code"])
    gated, biased, gain = "gated" in facts, "every product has a bias" in facts, 1 if "RMS" in facts else 2
    held, met = keys.get("num_experts", 1), keys.get("num_experts_per_tok", 1)
    attention = d * h * d_h + 2 * d * groups * d_h + h * d_h * d
    expert = (3 if gated else 2) * d * d_ff
    router = d * held if held > 1 else 0
    small = gain * d * (1 if keys.get("parallel_attn") else 2) + (2 * d_h if "on the queries" in facts else 0)
    small += (h * d_h + 2 * groups * d_h + d + d_ff + d) * biased
    tables = V * d * (1 if keys["tie_word_embeddings"] else 2) + keys.get("n_positions", 0) * d
    total = L * (attention + held * expert + router + small) + gain * d + tables
    active = total - L * (held - met) * expert

    n, tokens = job["training n"], job["training tokens"]
    weights = attention + met * expert + router
    seen = min(n, window or n)
    forward = 2 * L * weights + 2 * V * d + 4 * L * h * d_h * seen
    crossing = 2 * weights / (4 * h * d_h)
    one = 2 * 2 * L * groups * d_h
    chat = one * min(job["serving n"], window or inf)
    train_on, serve_on = (ACCELERATORS[job[f"{phase} accelerator"]] for phase in ("training", "serving"))

    def clocks(batch):
        """Seconds of memory and of arithmetic for one token of each of `batch` chats."""
        touched = active - (0 if keys["tie_word_embeddings"] else V * d)
        if held > 1:
            touched += L * expert * (held * (1 - (1 - met / held) ** batch) - met)
        flops = batch * (2 * L * weights + 2 * V * d + 4 * L * h * d_h * min(job["serving n"], window or inf))
        return (2 * touched + batch * chat) / serve_on.bytes_per_second, flops / serve_on.flops_per_second

    days = 3 * forward * tokens / (job["training accelerators"] * train_on.flops_per_second * job["utilisation"] * 86_400)
    return {
        "15.6": {"parameters": total, "active parameters": active},
        "15.7": {"forward, FLOPs a token": forward, "training, FLOPs": 3 * forward * tokens,
                 "6ND falls short by, percent": 100 * (forward / (2 * active) - 1),
                 "crossover, tokens": "never" if window and crossing > window else crossing},
        "15.8": {"cache of a token, bytes": one, "cache of a chat, GB": chat / 1e9, "states to train, GB": 16 * total / 1e9,
                 "accelerators for the states": ceil(16 * total / train_on.memory_bytes), "kept activations, GB": 2 * L * n * d / 1e9,
                 "to serve one chat, GB": (2 * total + chat) / 1e9, "chats that fit": floor((serve_on.memory_bytes - 2 * total) / chat)},
        "15.9": {"tokens per second, one chat": 1 / max(clocks(1)),
                 **{f"limit, {label}": "memory" if clocks(batch)[0] > clocks(batch)[1] else "arithmetic"
                    for label, batch in (("one chat", 1), ("256 chats", 256))},
                 "days to train": days, "price, USD an hour": price, "cost of training, USD": job["training accelerators"] * 24 * days * price},
    }


def answered(name):
    """{number of exercise: the whole right answer} for a model: part A for Gemma, part B for the others."""
    found = by_hand(name)
    if name == cases.GUIDED:
        return {"15.3": found["15.7"], "15.4": found["15.8"], "15.5": found["15.9"]}
    return {number: {"model": name} | entries for number, entries in found.items()}


def test_the_models_are_unseen():
    """The course's data hold neither their names nor their shapes."""
    def sizes(shape):
        return shape.n_layers, shape.d_model, shape.n_heads, shape.kv_heads, shape.d_ff, shape.vocab_size

    known = {sizes(model) for model in MODELS.values()}
    for name, case in cases.CASES.items():
        assert name not in MODELS and sizes(case.shape) not in known
    assert list(cases.CASES) == list(DATA)


@names
def test_the_jobs_of_data_and_key_are_the_same(name):
    job, case = DATA[name]["job"], cases.CASES[name]
    assert job == {"training tokens": case.tokens, "training n": case.train_n, "training accelerator": case.train_on,
                   "training accelerators": case.accelerators, "utilisation": case.utilisation, "serving n": case.serve_n,
                   "serving accelerator": case.serve_on}
    assert DATA[name]["source"] and DATA[name]["status"] in ("P", "T", "TC", "C")


@names
def test_totals_are_those_of_the_peers(name):
    case = cases.CASES[name]
    assert by_hand(name)["15.6"] == {"parameters": PARAMETERS[name], "active parameters": ACTIVE[name]}
    assert values.parameters(case, case.shape) == PARAMETERS[name]
    assert values.active(case, case.shape) == ACTIVE[name]


@names
def test_what_a_pencil_finds_is_correct_everywhere(name):
    for number, answer in answered(name).items():
        verdict = check(number, answer)
        assert verdict.state == "correct", f"{number}: {verdict}"
        assert all(part.state == "correct" for _, part in verdict.parts)


@names
def test_the_key_is_what_a_pencil_finds(name):
    """Within a billionth, where the checks are content with percents; 1/20,000 is Falcon's second norm in decode."""
    case, found = cases.CASES[name], {entry: value for group in by_hand(name).values() for entry, value in group.items()}
    for entry, quantity in {"forward, FLOPs a token": "forward", "training, FLOPs": "training", "6ND falls short by, percent": "miss",
                            "crossover, tokens": "crossing", "cache of a chat, GB": "cached", "states to train, GB": "states",
                            "accelerators for the states": "states_on", "kept activations, GB": "kept", "to serve one chat, GB": "serving",
                            "chats that fit": "chats", "tokens per second, one chat": "speed", "days to train": "days"}.items():
        if found[entry] != "never":
            near = 5e-5 if quantity == "speed" else 1e-9
            assert getattr(values, quantity)(case, case.shape) == pytest.approx(found[entry], rel=near), entry


@names
def test_rounded_to_three_digits_it_is_correct_where_no_digit_is_asked(name):
    exact = {"parameters", "active parameters", "cache of a token, bytes", "accelerators for the states", "chats that fit"}
    for number, answer in answered(name).items():
        rounded = {entry: value if isinstance(value, str) or entry in exact else float(f"{value:.3g}") for entry, value in answer.items()}
        assert check(number, rounded), check(number, rounded)


@names
def test_each_misread_field_is_seen(name):
    """Whoever misreads one field earns a hint that names it, at the first entry where it shows."""
    case = cases.CASES[name]
    for field, hint, shape in cases.slips(case):
        seen = [quantity for quantity in ("parameters", "cache", "cached", "crossing") if
                getattr(values, quantity)(case, shape) != getattr(values, quantity)(case, case.shape)]
        assert seen, f"{name}: {field} changes nothing, so the slip is none"
        if name != cases.GUIDED and "parameters" in seen:
            verdict = check("15.6", {"model": name, "parameters": values.parameters(case, shape), "active parameters": None})
            assert verdict.state == "not yet" and hint in verdict.text, f"{field}: {verdict}"


def test_never_is_right_only_where_a_window_ends():
    for name in cases.UNSEEN:
        answer = {"model": name, "crossover, tokens": "never"}
        right = dict(check("15.7", answer).parts)["crossover, tokens"].state == "correct"
        assert right == (name == "StarCoder2 7B")
        infinite = dict(check("15.7", answer | {"crossover, tokens": inf}).parts)["crossover, tokens"]
        assert bool(infinite) == right


def test_cost_goes_with_the_readers_price():
    for price in (0.8, 3, 25.5):
        assert check("15.5", by_hand("Gemma 7B", price)["15.9"])
    for odd in (0, -1, 5000, "2.5", None, True):
        answer = by_hand("Gemma 7B")["15.9"] | {"price, USD an hour": odd}
        verdict = check("15.5", answer)
        assert verdict.state == "not yet" and "price" in verdict.text, verdict


def test_an_unknown_model_or_entry_is_named():
    assert "choose 'Falcon 7B', " in check("15.6", {"model": "Gemma 7B", "parameters": 1}).text
    assert "choose" in check("15.8", {"model": None, "chats that fit": 3}).text
    assert "'parameter'" in check("15.6", {"model": "Falcon 7B", "parameter": 3}).text


def test_the_model_alone_is_no_attempt():
    for number in ("15.6", "15.7", "15.8", "15.9"):
        assert check(number, {"model": "Falcon 7B", "anything": None}) == NOT_ATTEMPTED


def test_the_verdict_counts_its_entries():
    verdict = check("15.2", {"token table": 786_432_000, "attention, one layer": 4 * 3072**2})
    assert "head_dim" in verdict.text and "(1 of 4 entries right)" in verdict.text
    assert [part.state for _, part in verdict.parts] == ["correct", "not yet", "not attempted", "not attempted"]


def test_the_report_has_a_row_for_each_exercise_and_no_hint():
    answers = {"15.1": None, "15.2": {"token table": 786_432_000, "attention, one layer": 1, "whole model": None},
               "15.6": {"model": "Falcon 7B", "parameters": None, "active parameters": None}, "15.7": "nothing",
               "15.8": {"model": "Gemma 7B", "chats that fit": 16}, "15.9": answered("Falcon 7B")["15.9"]}
    table = report(answers)
    assert table.rows == [
        ("15.1", "0 of 1", "", "all"), ("15.2", "1 of 4", "attention, one layer", "feed-forward, one layer; whole model"),
        ("15.6", "0 of 2", "", "all"), ("15.7", "0 of 4", "all", ""), ("15.8", "0 of 7", "all", ""), ("15.9", "6 of 6", "", "")]
    assert table.caption == "7 of 24 correct, 12 not yet, 5 not attempted"
