"""The lessons' own explorers in JupyterLab: what a lesson asks its reader to do, and what the explorer then says."""

import pytest

SIDE = "sequence length n"
STEPS = {
    "08_roofline": [
        ("says", "Llama-3 8B decodes 64 tokens on one H100 SXM"), ("choose", "preset", "its prompt: Llama-3 8B prefills"),
        ("says", "prefills 1 prompt on one H100 SXM"), ("says", "arithmetic is the limit"), ("choose", "accelerator", "RTX 4090"),
        ("says", "on one RTX 4090"), ("move", "batch b", "ArrowRight"), ("says", "prefills 2 prompts"),
    ],
    "09_flash_attention": [
        ("says", "2.23 million move"), ("move", "rows of a tile", "ArrowRight"),
        ("says", "A tile of 128 × 64 needs 33,024 elements, the chip holds 32,768"),
        ("move", "columns of a tile", "ArrowLeft"), ("says", "1,181,696"), ("choose", "order", "keys stay (FlashAttention)"),
        ("says", "6,486,016"), ("choose", "preset", "a chip below d²"), ("says", "they move more than plain attention"),
        ("move", SIDE, "ArrowRight"), ("move", "head width d", "ArrowLeft"), ("move", "on the chip: M", "ArrowRight"),
        ("says", "the chip holds 65,536"),
    ],
    "10_cheaper_attention": [
        ("says", "Hashing with a budget of 256 costs"), ("choose", "method", "window"), ("says", "Window with a budget of 256"),
        ("move", "budget", "ArrowLeft"), ("says", "Window with a budget of 128"), ("type", SIDE, "a lot"),
        ("warns", "'a lot' is not a whole number"), ("says", "Window with a budget of 128"),
        ("choose", "preset", "Sparse Transformer's stride of 128"), ("says", "n = 12,288"),
    ],
    "12_explore_growth": [
        ("move", SIDE, "ArrowRight", "ArrowRight", "ArrowUp", "ArrowDown"),
        ("choose", "preset", "GPT-2 (1,024 × 768)"), ("says", "At n = 1,024 and d = 768"), ("press", "reset"), ("says", "At n = 100 and"),
        ("tick", "walk past the door"), ("tick", "attention layer"), ("tick", "feed-forward"), ("warns", "at most 5"),
    ],
}


@pytest.mark.parametrize("lesson", STEPS)
def test_what_the_lesson_asks_for(lab, lesson):
    lab.open(f"notebooks/{lesson}.ipynb").run_all().live()
    for step, *given in STEPS[lesson]:
        getattr(lab, step)(*given)
    assert lab.troubles() == []
