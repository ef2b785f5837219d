"""Lesson 11: verdicts, a utilisation, conventions behind totals, and a wrong peak."""

from helpers.exercises import EXERCISES, Exercise
from helpers.published import MODELS

EXERCISES["11.1"] = Exercise({      # the verdicts that the models' shapes alone allow
    "GPT-2": ("differs", {
        "agrees": "count GPT-2's parameters: 117 million stands for 116.5 to 117.5",
        "cannot be derived": "a shape is all that a number of parameters needs"}),
    "Mixtral": ("agrees", {
        "differs": "13 billion stands for 12.5 to 13.5; ask for active_parameters()",
        "cannot be derived": "the shape says how many experts a token meets"}),
    "MT-NLG": ("cannot be derived", {
        "agrees": "which tokens per second did you put in? The shape has none",
        "differs": "what we cannot rebuild is not wrong: what does a utilisation need but FLOPs?"}),
}, why="a verdict is about what the given facts can prove")


def _percent(model, n, tokens_per_second, chips, peak_flops_per_second, pairs=12, wide=None):
    """PaLM's utilisation: 100·(6N + 12·L·h·d_h·n)·tokens/s over chips·peak."""
    wide = wide or model.n_heads * model.head_width
    flops = 6 * model.parameters() + pairs * model.n_layers * wide * n
    return 100 * flops * tokens_per_second / (chips * peak_flops_per_second)


EXERCISES["11.2"] = Exercise(_percent, {
    lambda *a: _percent(*a, pairs=0): "the attention is missing: 12·L·h·d_h·n for each token",
    (lambda *a: _percent(*a, pairs=4), lambda *a: _percent(*a, pairs=6)):
        "PaLM's formula counts attention's whole square, forward and backward: 12·L·h·d_h·n",
    (lambda *a: _percent(*a) / 2, lambda *a: _percent(*a) / 3, lambda *a: _percent(*a) * 4 / 3):
        "training takes 6 FLOPs for each parameter and token: not 2, 3 or 8",
    lambda *a: _percent(*a) * a[3]: "the peak is that of one chip: how many chips are there?",
    lambda *a: _percent(*a) / 100: "the answer is in percent",
    lambda *a: _percent(*a, wide=a[0].d_model): "h·d_h, not d: here the heads are narrower",
}, why="FLOPs that the model needs, over FLOPs that the chips could do in the same time",
    within=1e-6, at=[(MODELS["PaLM 540B"], 2048, 238_300, 6144, 275e12),
                     (MODELS["GPT-2"], 1024, 200_000, 1, 312e12),
                     (MODELS["Llama-3 8B"], 8192, 70_000, 8, 989e12)])

conventions = {145_824_153_600: "multiply-adds", 212_600_881_152: "no logits",
               252_993_601_536: "no scores and weighted sum", 272_339_828_736: "causal"}
EXERCISES["11.3"] = Exercise({total: (right, {
    other: "that convention gives another total: compute it from flops_by_part(1024)"
    for other in conventions.values() if other != right}) for total, right in conventions.items()},
    why="four tools, one model, no mistake: each states another convention")

EXERCISES["11.4"] = Exercise(156, {
    312: "that is the A100's dense peak, and 163 is 52 % of it; the monitor took something else",
    624: "that is the sparse peak; what if one takes the dense one for it, and halves it?",
    163 * 1.04: "you multiplied; the utilisation is the speed divided by the peak",
}, why="a dense peak was halved as if it were a sparse one", within=0.006, unit="TFLOP/s")
