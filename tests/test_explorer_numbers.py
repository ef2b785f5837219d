"""Each explorer's numbers are those of the helpers, or of the code that is counted; its presets are what they are named after."""

import random

import nbformat
import numpy as np
import pytest
from documents import ROOT
from hypothesis import example, given, settings, strategies as st
from sympy import Integer, sympify
from test_explorers import some_states

from helpers import layers, planning, roofline
from helpers.exercises import check
from helpers.explorers import (
    BudgetExplorer, ConventionsExplorer, GrowthExplorer, MemoryExplorer, ModelExplorer, RivalsExplorer, RooflineExplorer,
    ServingExplorer, ShrinkExplorer, TilingExplorer, tiling)
from helpers.explorers.model import ROWS, counts, shape
from helpers.explorers.rivals import LAYERS, costs, crossings, regions
from helpers.memory import BITS, KEPT_IN, fits
from helpers.published import ACCELERATORS, MODELS, rows
from helpers.shrinking import LEVERS, Job, elasticity, job_cost, largest_within
from helpers.tiles import OUTER, block_traffic, tiled_attention
from helpers.tracing import trace
from helpers.transformer import PARTS
from helpers.words import amount, duration, money, number, power


def some_numbers(cls, count):
    """(explorer, its state, its numbers) of some states."""
    return [(explorer, explorer.state, explorer.numbers()) for explorer in some_states(cls, count)]


def whole(text):
    return int(text.replace(",", ""))


# Budget

def test_the_plan_is_the_helper_s():
    for _, s, shown in some_numbers(BudgetExplorer, 60):
        flops = ACCELERATORS[s.accelerator].flops_per_second * s.devices * s.utilisation / 100 * 86_400 * s.days
        size = planning.optimal_split(s.law, flops).parameters * s.size / 100
        asked, model = planning.split_at(s.law, flops, size), planning.buildable_shape(size, "Llama-2", s.n)
        exact = model.training_flops(s.n, fused=s.recompute == "fused", recompute=s.recompute.replace("fused", "none")) * asked.tokens / s.n
        days = s.days * exact / flops
        assert shown.items() >= {
            "budget C (FLOPs)": power(flops), "its training (FLOPs)": power(exact), "N asked for (parameters)": amount(size),
            "D for it (tokens)": amount(flops / 6 / size), "predicted loss (nats per token)": f"{asked.loss:.3f}",
            "its training (days)": f"{days:,.2f}", "price (USD)": money(days * 24 * s.devices * s.price)}.items()


@pytest.mark.parametrize("preset, name", [*zip(
    list(BudgetExplorer.presets)[1:], ("GPT-3 175B", "Chinchilla 70B", "PaLM 540B", "Llama-2 70B", "Llama-3 8B"))])
def test_a_preset_has_the_flops_of_the_run_that_it_names(preset, name):
    s = BudgetExplorer(preset=preset).state
    run = next(run for run in rows("trained_models") if run.name == name)
    flops = planning.budget_flops(s.accelerator, s.devices, s.days, s.utilisation / 100)
    assert flops == pytest.approx(6 * run.parameters * run.tokens, rel=0.015)
    assert run.accelerator_hours in (None, s.devices * s.days * 24)


def test_the_sheet_of_lesson_14_takes_what_the_explorer_shows():
    N, days = "compute-optimal N (parameters)", "its training (days)"
    seen = {row: BudgetExplorer(**moved).numbers()[label].split()[0] for row, moved, label in (
        ("800 accelerators: best N (10⁹)", dict(devices=800), N),
        ("800, published law: best N (10⁹)", dict(devices=800, law="published"), N),
        ("full recomputation: days", dict(recompute="full"), days), ("n = 32,768 tokens: days", dict(n=32_768), days))}
    seen["model size 316 %: nats worse"] = BudgetExplorer(size=316).sentence().split(" are ")[1].split()[0]
    assert check("14.1", {row: [1, float(text)] for row, text in seen.items()})


# Conventions

def per_token(what, **values):
    return ConventionsExplorer(**values).numbers()[f"{what} (FLOPs per token)"].replace(",", "")


@pytest.mark.parametrize("name", ["GPT-2", "GPT-3 175B", "PaLM 540B", "Llama-3 8B"])
@pytest.mark.parametrize("n", [100, 131_072])
def test_conventions_show_the_published_formulas(name, n):
    """Each formula of the data by SymPy, and the switches against `Transformer`."""
    model = MODELS[name]
    d, L, h, d_h = model.d_model, model.n_layers, model.n_heads, model.head_width
    products = sum(model.flops_by_part(1).values()) // 2 - 2 * L * h * d_h
    for row in rows("flop_formulas"):
        sizes = dict(L=L, d=d, h=h, d_h=d_h, d_ff=model.d_ff, V=model.vocab_size, n=n, b=7,
                     N=2 * d * L * (2 * h * d_h + model.d_ff) if row.name == "Kaplan" else products)
        flops = sympify(row.formula, locals={key: Integer(size) for key, size in sizes.items()})
        assert f"{flops / {'token': 1, 'sequence': n, 'step': 7 * n}[row.per]}" == per_token(row.name, model=name, n=n)
    for attention, recompute in (("full", "none"), ("full", "full"), ("seen", "none"), ("seen", "full")):
        count = per_token("your count", model=name, n=n, attention=attention, recompute=recompute)
        assert int(count) * n == model.training_flops(n, causal=attention == "seen", recompute=recompute)


@pytest.mark.parametrize("preset, row", [*zip(ConventionsExplorer.presets, rows("flop_formulas"))])
def test_a_preset_of_conventions_says_what_its_source_says(preset, row):
    assert row.name in ConventionsExplorer(preset=preset, model="GPT-3 175B").shown.title


def test_what_is_recomputed_has_its_softmax_and_no_logits():
    once, again = (int(per_token("your count", softmax="in", recompute=recompute)) for recompute in ("none", "full"))
    table = int(per_token("your count")) - int(per_token("your count", logits="out"))
    assert 3 * (again - table) == 4 * (once - table) and table == 6 * 50_257 * 12_288


# Growth

@given(st.integers(10, 10**7), st.integers(16, 65_536))
def test_growth_counts_exactly(n, d):
    shown = GrowthExplorer(n=n, d=d, curves=("walk", "dance", "products", "projections", "layer")).numbers()
    counted = [whole(text) for text in shown.values() if text.replace(",", "").isdigit()]
    assert counted == [n, n * n * d, 4 * n * n * d, 8 * n * d * d, 8 * n * d * d + 4 * n * n * d, 2 * d]
    explorer = GrowthExplorer(n=n, d=d, curves=("walk", "dance"))  # lesson 01 gives nothing of 03 away
    assert not any(word in told for told in (explorer.text(), explorer.shown.svg()) for word in (" %", "2d", "layer", "projections"))


# Memory

def held(s, **others):
    """The footprint of a state by the helper."""
    s = s.__class__(**vars(s) | others)
    model, wide = MODELS[s.model], s.precision if BITS[s.precision] >= 16 else "bf16"
    if s.task == "serve":
        return fits(model, s.accelerator, s.n, s.batch, precision=s.precision, cache_precision=s.precision)
    return fits(model, s.accelerator, s.n, s.batch, training=True, precision=wide, optimizer=s.optimizer, dropout=not model.gated,
                devices=s.devices, fused=s.recompute == "fused", recompute=s.recompute.replace("fused", "none"))


def test_bytes_and_limits_are_the_helper_s():
    for explorer, s, shown in some_numbers(MemoryExplorer, 120):
        found = held(s)
        for part, size in (found.parts | {"all": found.total_bytes}).items():
            assert shown[f"{part} (bytes)"] == f"{size:,}"
        assert ("It fits" in explorer.shown.title) == found.fits
        for field, unit in (("n", "tokens"), ("batch", "sequences")):
            text = shown[f"largest {field} that fits ({unit})"]
            most = 0 if text.startswith("none") else whole(text.split()[0])
            assert most == 0 or held(s, **{field: most}).fits
            assert text.endswith("or more") or not held(s, **{field: most + 1}).fits
        least = next(text for name, text in shown.items() if name.startswith("accelerators needed"))
        if least != "no number" and s.task == "train":
            assert held(s, devices=whole(least)).fits
            assert least == "1" or not held(s, devices=whole(least) - 1).fits


# Model

@pytest.mark.parametrize("name", ModelExplorer.presets)
def test_a_preset_is_the_published_model(name):
    explorer, model = ModelExplorer(preset=name, n=777), MODELS[name]
    shown, made = explorer.numbers(), shape(explorer.state)
    assert made.parameters_by_part() == model.parameters_by_part()
    assert made.flops_by_part(777) == model.flops_by_part(777)
    assert shown["parameters"] == f"{model.parameters():,}"
    assert shown["FLOPs forward, all n tokens"] == f"{model.forward_flops(777):,}"
    assert explorer.sentence().startswith(f"{name} has ")
    explorer.change(d_head=8)
    assert explorer.sentence().startswith("Your shape has ")


def test_shares_are_of_the_whole_and_half_is_where_n2_reaches_it():
    assert sorted(part for parts, *_ in ROWS.values() for part in parts) == sorted(PARTS)
    for _, s, shown in some_numbers(ModelExplorer, 100):
        model, (kept, spent), half = shape(s), counts(s), shown["n² takes half from n on (tokens)"]
        assert sum(kept.values()) == model.parameters() and sum(spent.values()) * s.n == model.forward_flops(s.n)

        def enough(n):
            return 2 * model.flops_by_part(n)["scores and weighted sum"] >= model.forward_flops(n)
        if half.startswith("never"):
            assert not enough(10**9)
        else:
            assert enough(whole(half)) and (half == "1" or not enough(whole(half) - 1))


def test_what_vanishes_is_seen_and_what_ends_a_formula_is_said():
    assert "1,024 learned positions" in ModelExplorer(n=4_096).shown.svg()
    assert "last 4,096 tokens" in ModelExplorer(preset="Mistral 7B", n=10**6).shown.svg()


# Rivals

taught = {"np": np, "layers": layers, "windows": layers.causal_windows}
exec(next(cell.source for cell in nbformat.read(ROOT / "notebooks/04_the_rivals.ipynb", 4).cells
          if "def restricted_attention" in cell.source), taught)


@settings(max_examples=20)
@given(st.integers(10, 14), st.integers(16, 20), st.integers(1, 5), st.integers(10, 16), st.sampled_from(["square", "triangle"]))
def test_the_numbers_are_what_whole_layers_cost(n, d, k, w, causal):
    square = dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d))
    ledgers = {name: trace(layer, x=(n, d), **given) for name, layer, given in (
        ("vanilla RNN", layers.rnn, dict(w_x=(d, d), w_h=(d, d))), ("GRU", layers.gru, dict(w_x=(d, 3 * d), w_h=(d, 3 * d))),
        ("LSTM", layers.lstm, dict(w_x=(d, 4 * d), w_h=(d, 4 * d))), ("convolution", layers.convolution, dict(kernel=(k, d, d))),
        ("separable convolution", layers.separable_convolution, dict(depthwise=(k, d), pointwise=(d, d))),
        ("restricted attention", taught["restricted_attention"], square | {"window": w}),
        ("attention", layers.self_attention, square | {"causal": "skip" if causal == "triangle" else False}))}
    for elementwise, counted in (("out", "matmul_flops"), ("in", "flops")):
        for projections, less in (("with", 0), ("without", 8 * n * d * d)):
            shown = RivalsExplorer(n=n, d=d, k=k, w=w, causal=causal, elementwise=elementwise, projections=projections,
                                   rivals=(*LAYERS,)).numbers()
            for name, ledger in ledgers.items():
                assert shown[f"{name} (FLOPs)"] == f"{getattr(ledger, counted) - less * name.endswith('attention'):,}"


@pytest.mark.parametrize("s", [explorer.state for explorer in some_states(RivalsExplorer, 50)])
def test_crossings_are_the_first_and_the_map_has_the_colour_of_the_cheapest(s):
    (cells, colours), first, chance = regions(s), crossings(s), random.Random(0)
    for key in set(s.rivals) - {"attention"} if "attention" in s.rivals else ():
        more = [costs(s, n, s.d)["attention"] > costs(s, n, s.d)[key] for n in (first.get(key, 2) - 1, first.get(key, 2))]
        assert more == ([False, True] if key in first else [True, True])
    for row, column in ((chance.randrange(300), chance.randrange(380)) for _ in range(20)):
        found = costs(s, 10 ** (1 + 6 * (column + 0.5) / 380), 16 * 1_024 ** (1 - (row + 0.5) / 300))
        near = {LAYERS[key][2] for key in s.rivals if found[key] <= 1.1 * min(found[key] for key in s.rivals)}
        assert "#" + bytes(colours[cells[row, column]]).hex() in near | {"#222222"}


# Roofline

def test_roofline_shows_the_numbers_of_the_helper_and_the_fewest_sequences_are_the_fewest():
    for explorer, s, shown in some_numbers(RooflineExplorer, 30):
        def work_of(phase, batch):
            return getattr(roofline, phase)(MODELS[s.model], s.accelerator, s.n, batch, *KEPT_IN[s.precision])

        work = work_of(s.phase, s.batch)
        if s.phase == "decode":
            fewest = shown["arithmetic is the limit from (sequences)"]
            first = 10**9 + 1 if fewest.startswith("never") else whole(fewest)
            assert first > 10**9 or work_of("decode", first).limit == "arithmetic"
            assert first == 1 or work_of("decode", first - 1).limit == "memory"
        assert (shown["FLOPs"], shown["bytes"]) == (f"{work.flops:,}", f"{work.bytes_moved:,}")
        assert work.limit in explorer.sentence() and work.limit in explorer.shown.title.lower()


# Serving

def test_the_numbers_are_those_of_the_plan():
    kept = {"16 bit": ("bf16", "bf16"), "weights 8 bit": ("int8", "bf16"),
            "weights 4 bit": ("int4", "bf16"), "weights and cache 8 bit": ("int8", "int8")}
    for explorer, s, shown in some_numbers(ServingExplorer, 40):
        title = explorer.shown.title
        found, alone = (planning.serve(MODELS[s.model], s.accelerator, s.prompt, s.written, batch, s.devices,
                                       *kept[s.precision], s.share / 100, s.price) for batch in (s.batch, 1))
        assert shown.items() >= {
            "largest batch that fits (users)": f"{found.largest_batch:,}", "to the first token": duration(found.first_token_seconds),
            "a million output tokens (USD)": money(found.usd_per_million_written),
            "tokens per second in all": number(found.tokens_per_second)}.items()
        assert (shown["it fits"] == "no") == ("No room" in title) == (not found.footprint.fits)
        if "cheaper" in title:
            cheaper = alone.usd_per_million_written / found.usd_per_million_written
            assert float(title.split()[3].replace(",", "")) == pytest.approx(cheaper, rel=0.05)


# Shrink

def test_the_numbers_are_those_of_the_helper():
    for explorer, s, shown in some_numbers(ShrinkExplorer, 60):
        job = Job(MODELS[s.model], s.counted, s.n, s.batch, 16, s.accelerator)
        fits_unit = s.unit == {"forward": "TFLOPs", "read": "ms", "write": "ms"}.get(s.counted, "GB")
        limit = s.limit * {"TFLOPs": 1e12, "GB": 1e9, "ms": 1e-3}[s.unit]
        for lever, (name, of) in LEVERS.items():
            assert shown[f"elasticity of {name}"] == f"{float(elasticity(job, lever)):.3f}"
            assert (f"{name} ({of})" in shown) == fits_unit
            if fits_unit:
                found = largest_within(job, lever, limit)
                end = " → none:" if found.value is None else f" → {found.value:,}:" if found.value < found.before else " meets it"
                assert shown[f"{name} ({of})"].startswith(f"{found.before:,}{end}")
        assert ("is met" in explorer.shown.title) == (fits_unit and job_cost(job) <= limit)


# Tiling

@given(st.integers(1, 48), st.integers(1, 4), st.integers(1, 500), st.integers(1, 9), st.integers(1, 9), st.sampled_from(OUTER))
@example(48, 2, 130, 8, 8, "queries")     # fits: the closed form
@example(47, 2, 100, 8, 8, "keys")        # does not fit, and the last blocks are shorter: a few turns tell of all
@example(40, 2, 170, 8, 8, "keys")        # the keys and values may wait on the chip
@example(40, 2, 500, 8, 8, "queries")     # all that comes again is there still
def test_tiling_counts_what_the_simulator_counts(n, d, M, tall, wide, outer):
    found = block_traffic(tiled_attention(n, d, min(tall, n), min(wide, n), outer), M, ("tile",))
    assert +tiling.traffic(TilingExplorer.State(n, d, M, tall, wide, outer)) == found.reads + found.writes


def test_tiling_says_what_a_tile_costs():
    assert TilingExplorer().numbers()["FLOPs per byte"] == f"{4 * 1_024**2 * 64 / (2 * 2_230_272):.1f}"
    for values, words in (({}, "half the traffic"), ({"M": 4_096}, "not fit"), ({"n": 4_096, "d": 128, "M": 262_144}, "as plain"),
                          ({"n": 4_096, "d": 256, "M": 262_144, "rows": 16}, "more than plain")):
        assert words in TilingExplorer(**values).shown.title
