"""The checks of lesson 11: verdicts, a utilisation, conventions behind totals, and a wrong peak."""
from helpers.exercises import choice, entries, exercise, function, number

VERDICTS = ("agrees", "differs", "cannot be derived")
CONVENTIONS = ("multiply-adds", "no logits", "no scores and weighted sum", "causal")


@exercise("11.1")
def verdicts(answer):
    """A verdict for each of three printed figures, from the models' shapes alone."""
    def verdict(right, why, hints):
        return lambda word: choice(word, right, why, options=VERDICTS, hints=hints)

    return entries(answer, {
        "GPT-2": verdict("differs", "124,439,808 is not within 117 million ± 0.5", {
            "agrees": "count GPT-2's parameters: 117 million stands for 116.5 to 117.5",
            "cannot be derived": "a shape is all that a number of parameters needs"}),
        "Mixtral": verdict("agrees", "12,879,925,248 rounds to 13 billion", {
            "differs": "13 billion stands for 12.5 to 13.5; ask for active_parameters()",
            "cannot be derived": "the shape says how many experts a token meets"}),
        "MT-NLG": verdict("cannot be derived", "a utilisation needs a speed", {
            "agrees": "which tokens per second did you put in? The shape has none",
            "differs": "a figure that we cannot rebuild is not wrong because of that: what does a utilisation need "
                       "besides FLOPs?"}),
    }, why="a verdict is about what the given facts can prove")


@exercise("11.2")
def utilisation_percent(answer):
    """PaLM's utilisation: 100·(6N + 12·L·h·d_h·n)·tokens/s over chips·peak."""
    from helpers.published import MODELS

    def by(weights=6, pairs=12, chips_count=True, scale=100, parameters=lambda model: model.parameters()):
        def reference(model, n, tokens_per_second, chips, peak_flops_per_second):
            attention = pairs * model.n_layers * model.n_heads * model.head_width * n
            flops = (weights * parameters(model) + attention) * tokens_per_second
            return scale * flops / ((chips if chips_count else 1) * peak_flops_per_second)
        return reference

    return function(
        answer, by(), tolerance=1e-6,
        inputs=[(MODELS["PaLM 540B"], 2048, 238_300, 6144, 275e12), (MODELS["GPT-2"], 1024, 200_000, 1, 312e12),
                (MODELS["Llama-3 8B"], 8192, 70_000, 8, 989e12)],
        why="FLOPs that the model needs, over FLOPs that the chips could do in the same time", mistakes=[
            ("the attention is missing: 12·L·h·d_h·n for each token", by(pairs=0)),
            ("you counted the attention of the forward pass alone; the backward pass takes twice as much more", by(pairs=4)),
            ("that halves the attention for causal use; PaLM's formula counts the whole square", by(pairs=6)),
            ("you counted multiply-adds; a multiply-add is 2 FLOPs", by(weights=3, pairs=6)),
            ("training takes 6 FLOPs for each parameter and token; 2 are the forward pass", by(weights=2, pairs=4)),
            ("nothing is recomputed in this formula: 6, not 8", by(weights=8, pairs=16)),
            ("the peak is that of one chip: how many chips are there?", by(chips_count=False)),
            ("the answer is in percent", by(scale=1)),
            ("h·d_h, not d: PaLM's heads are narrower together than the model",
             lambda model, n, tokens_per_second, chips, peak_flops_per_second: 100 * tokens_per_second * (
                 6 * model.parameters() + 12 * model.n_layers * model.d_model * n) / (chips * peak_flops_per_second)),
        ])


@exercise("11.3")
def conventions(answer):
    """Which convention stands behind each of four totals for GPT-2's forward pass over 1,024 tokens."""
    def convention(right, why):
        return lambda word: choice(word, right, why, options=CONVENTIONS, hints={
            other: "that convention gives another total: compute it from flops_by_part(1024), then compare to the unit"
            for other in CONVENTIONS if other != right})

    return entries(answer, {
        145_824_153_600: convention("multiply-adds", "half of the total"),
        212_600_881_152: convention("no logits", "the total without 2·n·d·V"),
        252_993_601_536: convention("no scores and weighted sum", "the total without L·4·n²·d"),
        272_339_828_736: convention("causal", "n(n + 1)/2 pairs in place of n²"),
    }, why="four tools, one model, no mistake: each states another convention")


@exercise("11.4")
def divided_by(answer):
    """The peak, in TFLOP/s, that makes 163 TFLOP/s a utilisation of 104 %."""
    return number(
        answer, 156, "a dense peak was halved as if it were a sparse one", tolerance=0.006, unit="TFLOP/s", mistakes=[
            ("that is the A100's dense peak, and 163 is 52 % of it; the monitor divided by something else", 312),
            ("that is the sparse peak; what does one get who takes the dense one for it and halves it?", 624),
            ("you multiplied; the utilisation is the speed divided by the peak", 163 * 1.04),
            ("that is the speed itself", 163),
        ])
