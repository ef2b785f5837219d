"""BudgetExplorer: its numbers are those of `helpers.planning`, and its presets real runs."""

from math import isclose

import pytest
from test_explorers import some_states

from helpers import planning
from helpers.exercises import check
from helpers.explorers import BudgetExplorer
from helpers.published import ACCELERATORS, rows
from helpers.words import amount, money, power


def test_the_plan_is_the_helper_s():
    for explorer in some_states(BudgetExplorer, 60):
        s, shown = explorer.state, explorer.numbers()
        peak = ACCELERATORS[s.accelerator].flops_per_second * s.devices * s.utilisation / 100
        flops = peak * 86_400 * s.days
        size = planning.optimal_split(s.law, flops).parameters * s.size / 100
        asked, model = (planning.split_at(s.law, flops, size),
                        planning.buildable_shape(size, "Llama-2", s.n))
        exact = model.training_flops(s.n, fused=s.recompute == "fused", recompute=s.recompute.replace("fused", "none")) * asked.tokens / s.n
        days = s.days * exact / flops
        for label, text in {
                "budget C (FLOPs)": power(flops), "its training (FLOPs)": power(exact),
                "N asked for (parameters)": amount(size),
                "D for it (tokens)": amount(flops / 6 / size),
                "predicted loss (nats per token)": f"{asked.loss:.3f}",
                "its training (days)": f"{days:,.2f}",
                "price (USD)": money(days * 24 * s.devices * s.price)}.items():
            assert shown[label] == text


@pytest.mark.parametrize("preset, name", [*zip(list(BudgetExplorer.presets)[1:], (
    "GPT-3 175B", "Chinchilla 70B", "PaLM 540B", "Llama-2 70B", "Llama-3 8B"))])
def test_a_preset_has_the_flops_of_the_run_that_it_names(preset, name):
    s = BudgetExplorer(preset=preset).state
    run = next(run for run in rows("trained_models") if run.name == name)
    flops = planning.budget_flops(s.accelerator, s.devices, s.days, s.utilisation / 100)
    assert isclose(flops, 6 * run.parameters * run.tokens, rel_tol=0.015)
    assert run.accelerator_hours in (None, s.devices * s.days * 24)


def test_the_sheet_takes_what_the_explorer_shows():
    N, days = "compute-optimal N (parameters)", "its training (days)"
    seen = [BudgetExplorer(**move).numbers()[label].split()[0] for move, label in (
        (dict(devices=800), N), (dict(devices=800, law="published"), N),
        (dict(recompute="full"), days), (dict(n=32_768), days))]
    seen.insert(2, BudgetExplorer(size=316).sentence().split(" are ")[1].split()[0])
    sheet = ("800 accelerators: best N (10⁹)", "800, published law: best N (10⁹)",
             "model size 316 %: nats worse", "full recomputation: days", "n = 32,768 tokens: days")
    assert "correct" in repr(check("14.1", {row: [1, float(text)] for row, text in zip(sheet, seen)}))
