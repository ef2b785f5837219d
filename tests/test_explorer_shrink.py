"""ShrinkExplorer shows what `helpers.shrinking` says; a limit keeps its unit."""

import random

import pytest

from helpers.explorers import ShrinkExplorer
from helpers.published import MODELS
from helpers.shrinking import COUNTED, LEVERS, Job, elasticity, job_cost, largest_within


@pytest.mark.parametrize("counted, unit, scale", [("forward", "TFLOPs", 10**12), ("weights", "GB", 10**9), ("cache", "GB", 10**9),
                                                  ("memory", "GB", 10**9), ("read", "ms", 1e-3), ("write", "ms", 1e-3)])
def test_the_numbers_are_those_of_the_helper(counted, unit, scale):
    chance = random.Random(counted)
    for model in ("GPT-2", "Mistral 7B", "Mixtral 8x7B", "DeepSeek-V3", "Llama-3 70B"):
        n, batch, limit = 2 ** chance.randint(4, 18), 2 ** chance.randint(0, 8), float(f"{10 ** chance.uniform(-2, 4):.2g}")
        shown = ShrinkExplorer(model=model, counted=counted, unit=unit, limit=limit, n=n, batch=batch).numbers()
        job = Job(MODELS[model], counted, n, batch)
        if isinstance(job_cost(job), int):
            assert shown[f"today ({COUNTED[counted][1]})"] == f"{job_cost(job):,}"
        for lever, (name, of) in LEVERS.items():
            found, text = largest_within(job, lever, limit * scale), shown[f"{name} ({of})"]
            assert shown[f"elasticity of {name}"] == f"{float(elasticity(job, lever)):.3f}"
            assert ("→ none:" in text if found.value is None
                    else f"→ {found.value:,}:" in text or text == f"{found.before:,} meets it")


def test_a_limit_keeps_its_unit():
    explorer = ShrinkExplorer(preset="Llama-3 8B with 128 k into 24 GB")
    assert "width d must fall least: by 25.0 %" in explorer.shown.title and "must fall by 53.8 %" in explorer.shown.svg()
    explorer.change(counted="forward")
    assert "choose TFLOPs" in explorer.sentence() and "must fall" not in explorer.shown.svg()
    explorer.change(unit="TFLOPs", limit=10_000)
    assert "met" in explorer.shown.title
