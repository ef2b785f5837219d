"""Published data against `Transformer` and against arithmetic: each figure agrees within its printed rounding."""

import dataclasses
import re

import pytest
import sympy

from helpers import notation, published
from helpers.published import (ACCELERATORS, ACTIVATIONS, ACTIVE_PARAMETERS, ADAM_BYTES, CACHE_ELEMENTS, CHEAPER_ATTENTION,
                               CHINCHILLA_A4, CHINCHILLA_APPENDIX_F, CHINCHILLA_FITS, CHINCHILLA_OPTIMA, DECODE_CHECKS,
                               FLASH_ATTENTION_RUNS, FLOP_FORMULAS, GPT3_TABLE_2_1, GPT3_TABLE_D_1, KV_CACHE,
                               LAYER_COMPLEXITY, MEGATRON_PARAMETERS, MEGATRON_RUNS, MEMORY_BANDWIDTH, MODELS, PALM_RUN,
                               Model)
from helpers.transformer import Transformer

# REFERENCES, section 3: typed again here, so that a slip in the data shows
TO_THE_DIGIT = {
    "GPT-2": 124439808, "GPT-2 medium": 354823168, "GPT-2 large": 774030080, "GPT-2 XL": 1557611200,
    "Llama-2 7B": 6738415616, "Llama-2 13B": 13015864320, "Llama-2 70B": 68976648192,
    "Llama-3 8B": 8030261248, "Llama-3 70B": 70553706496, "Llama-3 405B": 405853388800,
    "Mistral 7B": 7241732096, "Mixtral 8x7B": 46702792704, "Qwen2.5 7B": 7615616512,
    "DeepSeek-V2": 235741434880, "DeepSeek-V3": 671026419200,
}
GPT3_MILLIONS = {"Small": 125.2, "Medium": 355.9, "Large": 760.3, "XL": 1315.7, "2.7B": 2651.6, "6.7B": 6658.4,
                 "13B": 12853.4, "175B": 174604.3}


@pytest.mark.parametrize("name", TO_THE_DIGIT)
def test_totals_to_the_digit(name):
    assert MODELS[name].parameters() == MODELS[name].published_parameters == TO_THE_DIGIT[name]
    assert MODELS[name].tolerance == 0


@pytest.mark.parametrize("model", [m for m in MODELS.values() if m.published_parameters], ids=lambda m: m.name)
def test_printed_parameters_within_their_rounding(model):
    assert abs(model.parameters() - model.published_parameters) <= model.tolerance


def test_only_chinchillas_rows_have_no_printed_total_of_this_shape():
    assert {m.name.split()[0] for m in MODELS.values() if not m.published_parameters} == {"Chinchilla"}


@pytest.mark.parametrize("figure", ACTIVE_PARAMETERS, ids=lambda f: f"{f.model} {f.input_embedding}")
def test_active_parameters(figure):
    assert abs(MODELS[figure.model].active_parameters(figure.input_embedding) - figure.value) <= figure.tolerance


def test_every_model_is_a_shape_with_a_source():
    for name, model in MODELS.items():
        assert isinstance(model, Model) and isinstance(model, Transformer) and model.name == name and model.source
        assert type(model.forward_flops(model.context or 4096, causal=True)) is int
    assert len(MODELS) == 34


def test_an_unknown_name_is_answered_with_those_near():
    with pytest.raises(KeyError, match="no model 'GPT2'; near: 'GPT-2'"):
        MODELS["GPT2"]
    with pytest.raises(KeyError, match="near: 'Llama-3 8B', "):
        MODELS["llama3-8b"]
    with pytest.raises(KeyError, match="near: 'Llama-3 8B', 'Llama-3 70B', 'Llama-3 405B'"):
        MODELS["llama3"]
    with pytest.raises(KeyError, match="no accelerator 'h100'; near: 'H100 SXM'"):
        ACCELERATORS["h100"]
    with pytest.raises(KeyError, match="no laptop chip 'x'; there are: 'Apple M1', "):
        MEMORY_BANDWIDTH["x"]
    with pytest.raises(KeyError, match="no model 7"):
        MODELS[7]
    assert MODELS.get("GPT2") is None and "GPT2" not in MODELS


@pytest.mark.parametrize("printed, training", list(zip(GPT3_TABLE_2_1, GPT3_TABLE_D_1)), ids=lambda row: row.name)
def test_gpt3_tables(printed, training):
    model = MODELS[printed.name]
    differs = {field for field in ("n_layers", "d_model", "n_heads", "d_head")
               if getattr(model, field) != getattr(printed, field)}
    assert differs == {"GPT-3 13B": {"d_model"}, "GPT-3 XL": {"n_heads"}}.get(model.name, set())
    assert bool(printed.note) == bool(differs) and training.name == model.name
    assert round(model.parameters() / 1e6, 1) == GPT3_MILLIONS[model.name.split()[1]]
    assert model.published_parameters == training.parameters and model.d_ff == 4 * model.d_model
    six = 6 * training.parameters * training.tokens
    assert abs(six - training.training_flops) <= 0.006 * training.training_flops  # three digits, of an unrounded N
    as_printed = dataclasses.replace(model, d_model=printed.d_model, n_heads=printed.n_heads, d_ff=4 * printed.d_model)
    assert (abs(as_printed.parameters() - training.parameters) > model.tolerance) == bool(differs)


def test_attention_that_gpt3s_table_leaves_out():
    model = MODELS["GPT-3 175B"]
    attention = 3 * model.flops_by_part(2048)["scores and weighted sum"]
    assert round(100 * attention / (6 * model.published_parameters * 2048), 1) == 2.8


@pytest.mark.parametrize("figure", KV_CACHE, ids=lambda f: f"{f.model} {f.expanded}")
def test_cache_bytes_per_token(figure):
    model = MODELS[figure.model]
    assert model.kv_cache_bytes(1, expanded=figure.expanded) == figure.bytes_per_token
    eight_bits = model.kv_cache_bytes(1000, batch=3, bytes_per_element=1, expanded=figure.expanded)
    assert eight_bits * 2 == 3000 * figure.bytes_per_token


def test_cache_that_equals_the_weights():
    for name, thousands in (("Llama-2 7B", 25.7), ("Llama-3 8B", 122.5)):
        assert round(2 * MODELS[name].parameters() / MODELS[name].kv_cache_bytes(1) / 1000, 1) == thousands


def symbols():
    extra = "t g d_c d_rope"
    return {name: getattr(notation, name) for name, _, _ in notation.NOTATION} | \
        {name: sympy.Symbol(name, positive=True) for name in extra.split()}


def test_activation_formulas():
    formulas = {row.what: sympy.sympify(row.formula, locals=symbols()) for row in ACTIVATIONS}
    L, d, h, n, b, t = (symbols()[name] for name in "L d h n b t".split())
    layer = Transformer(1, d, h, 4 * d, 1).activation_bytes(n, b)
    assert sympy.expand(formulas["a layer, nothing recomputed"] - layer) == 0
    parts = sum(formulas[f"{part} part"] for part in ("attention's", "feed-forward's", "norms'"))
    assert sympy.expand(parts - layer) == 0
    assert sympy.expand(formulas["a layer on t devices"].subs(t, 1) - layer) == 0
    assert [MODELS[name].n_heads * 5 * 2048 / MODELS[name].d_model for name in ("GPT-3 175B",)] == [80]
    assert sum(row.bytes_per_parameter for row in ADAM_BYTES) == 16


def test_cache_formulas():
    formulas = {row.attention: sympy.sympify(row.formula, locals=symbols()) for row in CACHE_ELEMENTS}
    v3, letters = MODELS["DeepSeek-V3"], symbols()
    elements = formulas["MLA"].subs({letters["d_c"]: 512, letters["d_rope"]: 64, letters["L"]: 61})
    assert elements * 2 == v3.kv_cache_bytes(1)
    grouped = formulas["GQA"].subs({letters["g"]: 8, letters["d_h"]: 128, letters["L"]: 32})
    assert grouped * 2 == MODELS["Llama-3 8B"].kv_cache_bytes(1)


@pytest.mark.parametrize("row", CHINCHILLA_A4, ids=lambda row: row.name)
def test_chinchillas_ratio_under_the_reading_that_gives_it(row):
    """Without embedding and final logits in the FLOPs, and with relative-position weights in N."""
    model, letters = MODELS[row.name], symbols()
    values = dict(n=2048, V=32000, d=model.d_model, h=model.n_heads, d_h=model.d_head, d_ff=model.d_ff)
    terms = {name: int(sympy.sympify(formula, locals=letters).subs({letters[k]: v for k, v in values.items()}))
             for name, formula in CHINCHILLA_APPENDIX_F.items()}
    layer = sum(flops for name, flops in terms.items() if name not in ("embedding", "final logits"))
    assert layer - terms["softmax"] == sum(model.flops_by_part(2048)[part] for part in (
        "attention projections", "scores and weighted sum", "feed-forward")) // model.n_layers
    relative = model.n_layers * model.d_model * model.n_heads * model.d_head
    ratio = 3 * model.n_layers * layer / (6 * (model.parameters() + relative) * 2048)
    assert abs(ratio - row.ratio) <= 0.0055
    printed = re.search(r"([\d.]+)([MB])", row.name)
    size = float(printed[1]) * {"M": 1e6, "B": 1e9}[printed[2]]
    assert abs(model.parameters() + relative - size) <= 0.05 * size


def test_chinchillas_optimum_under_the_refitted_law():
    """A/N^alpha + B/D^beta is least on 6·N·D = C at N = (alpha·A/(beta·B))^(1/(alpha+beta)) · (C/6)^(beta/(alpha+beta))."""
    optima = {}
    for fit in CHINCHILLA_FITS:
        power = 1 / (fit.alpha + fit.beta)
        optima[fit.name] = [((fit.alpha * fit.A / (fit.beta * fit.B)) ** power * (row.compute / 6) ** (fit.beta * power))
                            for row in CHINCHILLA_OPTIMA]
    large, small = optima["refitted"]
    assert abs(large / 1e9 - 72.3) < 0.1 and round(5.76e23 / 6 / large / 1e12, 2) == 1.33  # 72.2 from rounded constants
    assert round(small / 1e6) == 394 and round(2.21e19 / 6 / small / 1e9, 2) == 9.36
    assert optima["published"][0] < 0.6 * CHINCHILLA_OPTIMA[0].parameters  # the rounded fit misses the paper's own optimum


def test_flop_formulas_are_written_in_the_courses_letters():
    letters = symbols()
    formulas = {row.name: sympy.sympify(row.formula, locals=letters) for row in FLOP_FORMULAS if row.formula}
    assert len(FLOP_FORMULAS) == 6 and set(formulas) == {row.name for row in FLOP_FORMULAS} - {"Chinchilla"}
    for formula in formulas.values():
        assert formula.free_symbols <= set(letters.values())
    L, d, h, d_ff, V, n, b, N = (letters[name] for name in "L d h d_ff V n b N".split())
    model = Transformer(L, d, h, 4 * d, V)
    assert sympy.expand(formulas["Megatron"] - model.training_flops(n, b, recompute="full")) == 0
    layers = model.forward_flops(n) - model.flops_by_part(n)["logits"]
    palm = formulas["PaLM"].subs({N: 12 * L * d**2, letters["d_h"]: d / h})
    assert sympy.expand(3 * layers - n * palm) == 0
    kaplan = formulas["Kaplan"].subs({N: 12 * L * d**2, letters["d_h"]: d / h})
    halved = formulas["Megatron-LM code"].subs({N: 12 * L * d**2, letters["d_h"]: d / h})
    assert sympy.expand(kaplan - halved) == 0


def test_palms_utilisation():
    model, run = MODELS["PaLM 540B"], PALM_RUN
    peak = run.chips * run.peak_flops_per_second
    attention = 12 * model.n_layers * model.n_heads * model.d_head * 2048
    assert round(100 * 6 * run.parameters * run.tokens_per_second / peak, 1) == run.without_attention
    assert round(100 * (6 * run.parameters + attention) * run.tokens_per_second / peak, 1) == run.utilisation


@pytest.mark.parametrize("row", MEGATRON_RUNS, ids=lambda row: row.model)
def test_megatrons_rows(row):
    model, letters = MODELS[row.model], symbols()
    values = dict(L=model.n_layers, d=model.d_model, V=51200, n=2048)
    parameters = sympy.sympify(MEGATRON_PARAMETERS, locals=letters).subs({letters[k]: v for k, v in values.items()})
    assert abs(parameters - model.published_parameters) <= model.tolerance
    assert model.d_model % model.n_heads == 0
    assert round(100 * row.tflops_per_gpu / 312) == row.percent_of_peak


def test_layer_complexity_parses_in_the_courses_letters():
    letters = symbols()
    for row in LAYER_COMPLEXITY:
        for text in (row.operations, row.sequential, row.longest_path, row.contiguous_path):
            assert not text or sympy.sympify(text, locals=letters).free_symbols <= set(letters.values())
    attention = LAYER_COMPLEXITY[0]
    assert sympy.sympify(attention.operations, locals=letters).subs({letters["n"]: 100, letters["d"]: 512}) == 5_120_000


def test_cheaper_attention():
    letters = symbols()
    for row in CHEAPER_ATTENTION:
        assert sympy.sympify(row.cost, locals=letters).free_symbols <= set(letters.values())
    assert [row.method for row in CHEAPER_ATTENTION if row.exact] == ["FlashAttention"]
    standard, flash = FLASH_ATTENTION_RUNS
    assert round(flash.gflops / standard.gflops, 2) == 1.13
    assert round(standard.gigabytes * 1e9 / (64 * 16 * 1024**2 * 2), 1) == 18.8  # passes over the n × n tensor
    layer = Transformer(1, 1024, 16, 4096, 50257)
    attention = 3 * layer.flops_by_part(1024, batch=64)["scores and weighted sum"]
    assert round(attention / 1e9) == 825  # so the printed 66.6 cannot be derived


def test_accelerators():
    for name, chip in ACCELERATORS.items():
        assert chip.name == name and chip.source and chip.status in ("P", "T")
        assert all(type(size) is int for size in (chip.flops_per_second, chip.bytes_per_second, chip.memory_bytes))
        assert 100e12 < chip.flops_per_second < 3e15 and 0.5e12 < chip.bytes_per_second < 1e13
        assert 10e9 < chip.memory_bytes < 2e11
    assert len(ACCELERATORS) == 11
    h100 = ACCELERATORS["H100 SXM"]
    assert (h100.flops_per_second, h100.bytes_per_second, h100.memory_bytes) == (989 * 10**12, 3350 * 10**9, 80 * 10**9)


def test_decoding_is_as_fast_as_bandwidth_allows():
    for row in DECODE_CHECKS:
        assert abs(MEMORY_BANDWIDTH[row.chip] / row.weight_bytes - row.allowed) < 0.006
        assert 0.85 < row.measured / row.allowed < 0.9


def test_every_row_has_a_source_and_a_status():
    tables = [table for table in vars(published).values() if isinstance(table, tuple)]
    rows = [row for table in tables for row in table] + [PALM_RUN, *MODELS.values(), *ACCELERATORS.values()]
    for row in rows:
        assert row.source and row.status in {"P", "T", "C", "PC", "TC"}, row
    assert len(rows) > 120
