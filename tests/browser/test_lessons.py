"""The lessons' own explorers in JupyterLab: what a lesson asks its reader to do, and what the explorer then says."""

import pytest

SIDE = "sequence length n"
STEPS = {
    "04_the_rivals": [
        ("says", "GRU needs the fewest FLOPs, 7,247,757,312"),
        ("preset", "Table 1 as printed"), ("says", "attention costs more than vanilla RNN from n = 769 on"),
        ("choose", "attention's projections", "counted"), ("says", "attention passes none of the others"),
        ("move", SIDE, "ArrowRight"), ("move", "model width d", "ArrowRight"), ("tick", "separable convolution"),
        ("says", "separable convolution needs the fewest"),
    ],
    "05_the_whole_transformer": [
        ("says", "Llama-3 8B has 8,030,261,248 parameters"), ("preset", "DeepSeek-V3"),
        ("says", "DeepSeek-V3 has 671,026,419,200 parameters, of which a token meets 37,552,297,472"),
        ("move", "layers L", "ArrowLeft"), ("says", "Your shape, otherwise like DeepSeek-V3,"),
    ],
    "06_training_flops": [
        ("says", "They coincide with PaLM."), ("preset", "as Megatron 2021"), ("says", "They coincide with Megatron."),
        ("choose", "model", "Llama-3 8B"), ("says", "Llama-3 8B on"), ("says", "none of the six formulas"),
    ],
    "07_memory": [("move", SIDE, "ArrowRight"), ("says", "2,000 tokens"), ("choose", "accelerator", "TPU v5e"), ("says", "one TPU v5e")],
    "08_roofline": [
        ("says", "Llama-3 8B writes one token for 64 sequences of 8,192 tokens on one H100 SXM"),
        ("preset", "its prompt: Llama-3 8B reads"), ("says", "reads 1 prompt of 8,192 tokens on one H100 SXM"),
        ("says", "arithmetic is the limit"), ("choose", "accelerator", "RTX 4090"), ("says", "on one RTX 4090"),
        ("move", "batch b", "ArrowRight"), ("says", "reads 2 prompts of 8,192 tokens"),
        ("move", SIDE, "ArrowRight"), ("says", "reads 2 prompts of 16,384 tokens"),
    ],
    "09_flash_attention": [
        ("says", "then moves 2,230,272 elements"), ("move", "rows of a tile", "ArrowRight"),
        ("says", "A tile of 128 × 64 needs 33,024 elements and the chip has 32,768"),
        ("move", "columns of a tile", "ArrowLeft"), ("says", "then moves 1,181,696 elements"),
        ("choose", "order", "keys stay, queries pass by (FlashAttention)"), ("says", "then moves 6,486,016 elements"),
        ("preset", "a chip below d²"), ("says", "tiles lose here"), ("move", SIDE, "ArrowRight"), ("says", "n = 2,048 tokens"),
        ("move", "head width d", "ArrowLeft"), ("says", "d = 128,"), ("move", "on the chip: M", "ArrowRight"), ("says", "65,536 elements"),
    ],
    "10_cheaper_attention": [
        ("says", "4 rounds of hashing into buckets of 32 over n = 8,192 tokens"), ("choose", "method", "window"),
        ("says", "A window of 257"), ("move", "budget", "ArrowLeft"), ("says", "A window of 129"),
        ("type", SIDE, "a lot"), ("warns", "“a lot” is not a whole number"), ("says", "A window of 129"),
        ("preset", "Sparse Transformer's stride of 128"), ("says", "n = 12,288 tokens"),
    ],
    "12_explore_growth": [
        ("move", SIDE, "ArrowRight", "ArrowRight", "ArrowUp", "ArrowDown"),
        ("preset", "GPT-2 (1,024 × 768)"), ("says", "At n = 1,024 tokens and d = 768"), ("press", "reset"), ("says", "At n = 100 tokens"),
        ("tick", "walk past the door, n"), ("tick", "attention layer, 8·n·d² + 4·n²·d"), ("tick", "feed-forward, 16·n·d²"),
        ("warns", "at most 5"),
    ],
    "13_explore_models": [
        ("move", "layers L", "ArrowLeft"), ("says", "Your shape, otherwise like Llama-3 8B,"), ("at", 2), ("choose", "recomputation", "all layers once more"),
        ("at", 0), ("press", "reset"), ("says", "Llama-3 8B has 8,030,261,248 parameters"),
    ],
    "14_plan_a_budget": [
        ("says", "8 H100 SXM for 7 days at 40 % of the peak"), ("type", "time", "10"), ("says", "8 H100 SXM for 10 days"),
        ("type", "your price", "cheap"), ("warns", "“cheap” is not a number"), ("says", "8 H100 SXM for 10 days"),
        ("at", 1), ("move", "number of accelerators", "ArrowRight"), ("says", "2 × H100 SXM"),
        ("at", 2), ("choose", "what is counted", "weights (GB)"), ("says", "The weights of Llama-3 8B"),
    ],
}


@pytest.mark.parametrize("lesson", STEPS)
def test_what_the_lesson_asks_for(lab, lesson):
    lab.open(f"notebooks/{lesson}.ipynb").run_all().live()
    for step, *given in STEPS[lesson]:
        getattr(lab, step)(*given)
    assert lab.troubles() == []
