"""ShrinkExplorer shows what `helpers.shrinking` says; a limit keeps its unit."""

from test_explorers import some_states

from helpers.explorers import ShrinkExplorer
from helpers.published import MODELS
from helpers.shrinking import LEVERS, Job, elasticity, job_cost, largest_within

SCALES = {"TFLOPs": 1e12, "GB": 1e9, "ms": 1e-3}
UNITS = {"forward": "TFLOPs", "read": "ms", "write": "ms"}  # others: GB


def test_the_numbers_are_those_of_the_helper():
    for explorer in some_states(ShrinkExplorer, 60):
        s, shown = explorer.state, explorer.numbers()
        job = Job(MODELS[s.model], s.counted, s.n, s.batch, 16, s.accelerator)
        fits = UNITS.get(s.counted, "GB") == s.unit
        for lever, (name, of) in LEVERS.items():
            assert shown[f"elasticity of {name}"] == f"{float(elasticity(job, lever)):.3f}"
            assert (f"{name} ({of})" in shown) == fits
            if fits:
                found = largest_within(job, lever, s.limit * SCALES[s.unit])
                assert shown[f"{name} ({of})"].startswith(
                    f"{found.before:,} → none:" if found.value is None else
                    f"{found.before:,} → {found.value:,}:" if found.value < found.before
                    else f"{found.before:,} meets it")
        assert ("is met" in explorer.shown.title) == (
            fits and job_cost(job) <= s.limit * SCALES[s.unit])


def test_a_limit_keeps_its_unit():
    explorer = ShrinkExplorer(preset="Llama-3 8B with 128 k into 24 GB")
    assert "width d must fall least: by 25.0 %" in explorer.shown.title
    assert "must fall by 53.8 %" in explorer.shown.svg()
    explorer.change(counted="forward")
    assert "choose TFLOPs" in explorer.sentence() and "must fall" not in explorer.shown.svg()
