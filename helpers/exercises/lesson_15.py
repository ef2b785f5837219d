"""The checks of lesson 15, the capstone: one model in five steps, then one of four others as a whole."""
from helpers.exercises import describe, exercise, not_yet
from helpers.exercises.capstone import entries
from helpers.exercises.capstone.cases import CASES, GUIDED, UNSEEN
from helpers.exercises.capstone.judging import judge
from helpers.exercises.capstone.sheet import sheet
from helpers.exercises.values import is_stub, listed
from helpers.exercises.verdict import NOT_ATTEMPTED, correct

_KEYS = {"n_layers": "num_hidden_layers", "d_model": "hidden_size", "n_heads": "num_attention_heads",
         "d_ff": "intermediate_size", "vocab_size": "vocab_size"}
_HINTS = {
    "head_width": "head_dim stands in the file: a head is not d/h wide",
    "kv_heads": "num_key_value_heads: how many heads of keys and values are there?",
    "gated": "the code has three matrices in the feed-forward layer",
    "tied": "tie_word_embeddings: what does the file leave to the default?",
    "attention_bias": "attention_bias is false", "output_bias": "attention_bias is false, for the output as well",
    "mlp_bias": "the feed-forward layer of this family has no biases",
    "norm": "RMS norms have a gain and no bias",
    "max_positions": "max_position_embeddings says how long a text may be; these positions are rotated, nothing is learned",
}
PRINTED = 786_825_216      # Gemma Team 2024, table 2: embedding parameters, with 128 rows more than the file has
_ABSENT = ("qk_norm", "n_experts", "window", "kv_lora_rank")


@exercise("15.1")
def shape(answer):
    """Gemma 7B as a Transformer."""
    from helpers.transformer import Transformer
    if not isinstance(answer, Transformer):
        return not_yet(f"the answer is a Transformer(n_layers, d_model, n_heads, d_ff, vocab_size, …); this is {describe(answer)}")
    right = CASES[GUIDED].shape
    for field, key in _KEYS.items():
        if getattr(answer, field) != getattr(right, field):
            return not_yet(f"{field}: the file says it under {key}")
    if answer.is_latent:
        return not_yet("kv_lora_rank: nothing in the file asks for latent attention")
    for field, hint in _HINTS.items():
        given = getattr(answer, field)
        if field == "output_bias" and given is None:
            given = answer.attention_bias
        if given != (False if field == "output_bias" else getattr(right, field)):
            name = {"head_width": "d_head", "kv_heads": "n_kv_heads"}.get(field, field)
            return not_yet(hint if name in hint else f"{name}: {hint}")
    for field in _ABSENT:
        if getattr(answer, field) != getattr(right, field):
            return not_yet(f"{field}: nothing in the file asks for it")
    return correct("one wrong field here would have spoiled every number below")


@exercise("15.2")
def parts(answer):
    """Where Gemma's parameters are."""
    model = CASES[GUIDED].shape
    by_part, layers = model.parameters_by_part(), model.n_layers
    attention, fed = by_part["attention projections"] // layers, by_part["feed-forward"] // layers
    h, d_h, d = model.n_heads, model.head_width, model.d_model
    narrow = ("a head is as wide as head_dim says, not d/h", 4 * d**2)

    def part(right, *wrong):
        return lambda value: judge(value, right, 0, wrong, unit="parameters")

    return sheet(answer, {
        "token table": part(
            by_part["embedding"], ("input and output share one table: it is held once", 2 * by_part["embedding"]),
            ("the paper's table has more rows than the file's vocab_size", PRINTED)),
        "attention, one layer": part(
            attention, narrow, ("queries, keys, values and output are four matrices", 3 * d * h * d_h),
            ("each matrix has d on one side and h·d_h on the other", 4 * (h * d_h)**2), ("that is all layers", layers * attention)),
        "feed-forward, one layer": part(
            fed, ("gated: a third matrix", 2 * fed // 3), ("that is all layers", layers * fed)),
        "whole model": entries.entry("parameters", "parameters")(CASES[GUIDED]),
    }, why="a quarter of a million tokens make the table nearly as heavy as three layers, and it is held once")


@exercise("15.3")
def arithmetic(answer):
    """FLOPs of Gemma, and from which n on pairs lead."""
    return sheet(answer, entries.arithmetic(CASES[GUIDED]),
                 "wide heads bring the pairs forward, a wide gated feed-forward layer pushes them back: n = 11d, not 6d")


@exercise("15.4")
def memory(answer):
    """Bytes of Gemma."""
    return sheet(answer, entries.memory(CASES[GUIDED], answer if isinstance(answer, dict) else {}),
                 "no keys are shared, so sixteen chats fill an accelerator that holds the weights almost five times")


@exercise("15.5")
def time(answer):
    """Seconds, days and money of Gemma."""
    checks = entries.time(CASES[GUIDED], answer if isinstance(answer, dict) else {})
    return sheet(answer, checks, "two weeks for thousands of accelerators, and then each chat waits for the memory")


def own(answer, group, why):
    """The Verdict on a group of entries for the model that the answer names."""
    if not isinstance(answer, dict):
        return not_yet(f"the answer is a dict with 'model' and the entries of the table; this is {describe(answer)}")
    if all(is_stub(value) for name, value in answer.items() if name != "model"):
        return NOT_ATTEMPTED
    if not isinstance(answer.get("model"), str) or answer["model"] not in UNSEEN:
        return not_yet(f"'model': choose {listed(map(repr, UNSEEN), 'or')}; this is {describe(answer.get('model'))}")
    return sheet(answer, group(CASES[answer["model"]]), why)


@exercise("15.6")
def own_sizes(answer):
    """Parameters of a model of the student's choice."""
    return own(answer, entries.sizes, "to the digit from a configuration: nothing was left out")


@exercise("15.7")
def own_arithmetic(answer):
    """Its FLOPs."""
    return own(answer, entries.arithmetic, "each shape has its own crossover and its own error of 6ND")


@exercise("15.8")
def own_memory(answer):
    """Its bytes."""
    return own(answer, lambda case: entries.memory(case, answer), "weights decide who can hold the model, the cache decides for how many")


@exercise("15.9")
def own_time(answer):
    """Its seconds, days and money."""
    return own(answer, lambda case: entries.time(case, answer), "from a file of twenty lines to days, money and tokens per second")
