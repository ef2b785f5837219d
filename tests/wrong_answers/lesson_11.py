"""Usual wrong answers to lesson 11 and a word of the hint that each must earn."""

VERDICTS = {"GPT-2": "differs", "Mixtral": "agrees", "MT-NLG": "cannot be derived"}
RIGHT = {145_824_153_600: "multiply-adds", 212_600_881_152: "no logits",
         252_993_601_536: "no scores and weighted sum", 272_339_828_736: "causal"}


def utilisation(weights=6, pairs=12, by_chips=True, scale=100, width="h"):
    def percent(model, n, tokens_per_second, chips, peak):
        wide = model.n_heads * model.head_width if width == "h" else model.d_model
        flops = weights * model.parameters() + pairs * model.n_layers * wide * n
        return scale * flops * tokens_per_second / ((chips if by_chips else 1) * peak)
    return percent


WRONG = {
    "11.1": [(VERDICTS | {"MT-NLG": "agrees"}, "tokens per second")],
    "11.2": [(utilisation(pairs=0), "attention is missing"), (utilisation(pairs=4), "whole square"), (utilisation(3, 6), "6 FLOPs"),
        (utilisation(2, 4), "6 FLOPs"), (utilisation(by_chips=False), "one chip"), (utilisation(scale=1), "percent"),
        (utilisation(width="d"), "h·d_h")],
    "11.3": [(RIGHT | {145_824_153_600: "causal"}, "another total")],
    "11.4": [(169.5, "multiplied")],
}
