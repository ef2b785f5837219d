"""Published data: each row's form, and each figure within its printed rounding of what is computed."""

import csv
import dataclasses
import re

import pytest
import sympy

from helpers import notation
from helpers.published import ACCELERATORS, DATA, MODELS, TABLES, Model, formula_value, rows
from helpers.transformer import Transformer

# REFERENCES, section 3: typed again here, so that a slip in the data shows
TO_THE_DIGIT = {
    "GPT-2": 124439808, "GPT-2 medium": 354823168, "GPT-2 large": 774030080, "GPT-2 XL": 1557611200,
    "Llama-2 7B": 6738415616, "Llama-2 13B": 13015864320, "Llama-2 70B": 68976648192, "Llama-3 8B": 8030261248,
    "Llama-3 70B": 70553706496, "Llama-3 405B": 405853388800, "Mistral 7B": 7241732096, "Mixtral 8x7B": 46702792704,
    "Qwen2.5 7B": 7615616512, "DeepSeek-V2": 235741434880, "DeepSeek-V3": 671026419200, "Kimi K2": 1026408232448}
GPT3_MILLIONS = 125.2, 355.9, 760.3, 1315.7, 2651.6, 6658.4, 12853.4, 174604.3
CACHE_BYTES = {"Llama-2 7B": 524_288, "Llama-3 8B": 131_072, "Mistral 7B": 131_072, "Llama-3 70B": 327_680, "DeepSeek-V3": 70_272}
LETTERS = {name: getattr(notation, name) for name in notation.LETTERS} | {
    name: sympy.Symbol(name, positive=True) for name in ("t", "g", "d_c", "d_rope")}
L, b, d, d_h, h, n, N, t = (LETTERS[name] for name in "L b d d_h h n N t".split())


def formulas(table, name):
    return {getattr(row, name): formula_value(row.formula, **LETTERS) for row in rows(table)}


@pytest.mark.parametrize("table", TABLES)
def test_each_row_has_a_source_a_status_and_numbers_that_parse(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert len({line[0] for line in lines}) == len(lines) or table == "active_parameters"
    for cells in zip(*lines, strict=True):
        assert any(cells) and all(cell == cell.strip() for cell in cells)
        if any(re.fullmatch(r"[\d_.e]+", cell) for cell in cells):     # one number: a column of numbers
            assert all(re.fullmatch(r"|[1-9]\d{0,2}(_?\d{3})*|0|\d+\.\d+|\d\.?\d*e\d+", cell) for cell in cells)
    for row in rows(table):
        assert row.source and row.status in {"P", "T", "C", "PC", "TC"}, row
        text = getattr(row, "formula", getattr(row, "cost", "1"))
        assert sympy.sympify(text, locals=LETTERS).free_symbols <= set(LETTERS.values())
    assert f"\n| `{table}` | " in (DATA / "README.md").read_text(encoding="utf-8")


def test_a_record_holds_what_is_written():
    first, trained = rows("utilisations")[0], rows("trained_models")[4]
    assert (first.model, first.model_flops, first.hardware_flops) == ("GPT-3", 21.3, None)
    assert type(trained.tokens) is int and trained.accelerator_hours == 1_720_320


@pytest.mark.parametrize("look_up, answer", [
    (lambda: MODELS["llama3"], "no model 'llama3'; near: 'Llama-3 8B', 'Llama-3 70B', 'Llama-3 405B'"),
    (lambda: MODELS["Lama-3 8B"], "near: 'Llama-3 8B'"), (lambda: MODELS[7], "no model 7"),
    (lambda: ACCELERATORS["h100"], "no accelerator 'h100'; near: 'H100 SXM'"),
    (lambda: rows("GPT3_TRAINING"), "no table 'GPT3_TRAINING'; near: 'gpt3_training'"),
    (lambda: rows("xyz"), "no table 'xyz'; there are: 'accelerators', ")])
def test_an_unknown_name_is_answered_with_those_near(look_up, answer):
    with pytest.raises(KeyError, match=answer):
        look_up()


def test_models():
    for name, model in MODELS.items():
        assert isinstance(model, Model) and model.name == name
        assert type(model.forward_flops(model.context or 4096, causal=True)) is int
        if model.published_parameters:
            assert abs(model.parameters() - model.published_parameters) <= model.tolerance
        else:
            assert name.startswith("Chinchilla")
    for name, parameters in TO_THE_DIGIT.items():
        assert MODELS[name].parameters() == MODELS[name].published_parameters == parameters
    for row in rows("active_parameters"):
        assert abs(MODELS[row.model].active_parameters(row.input_embedding) - row.value) <= row.tolerance
    assert len(MODELS) == 46


@pytest.mark.parametrize("printed, training, millions", [*zip(rows("gpt3_shapes"), rows("gpt3_training"), GPT3_MILLIONS, strict=True)])
def test_gpt3_tables(printed, training, millions):
    model = MODELS[printed.name]
    differs = {field for field in ("n_layers", "d_model", "n_heads", "d_head") if getattr(model, field) != getattr(printed, field)}
    assert differs == {"GPT-3 13B": {"d_model"}, "GPT-3 XL": {"n_heads"}}.get(model.name, set())
    assert bool(printed.note) == bool(differs) and training.name == model.name
    assert round(model.parameters() / 1e6, 1) == millions
    assert model.published_parameters == training.parameters and model.d_ff == 4 * model.d_model
    six = 6 * training.parameters * training.tokens
    assert abs(six - training.training_flops) <= 0.006 * training.training_flops  # of an unrounded N
    as_printed = dataclasses.replace(model, d_model=printed.d_model, n_heads=printed.n_heads, d_ff=4 * printed.d_model)
    assert (abs(as_printed.parameters() - training.parameters) > model.tolerance) == bool(differs)


def test_cache():
    assert {name: MODELS[name].kv_cache_bytes(1) for name in CACHE_BYTES} == CACHE_BYTES
    elements = {row.attention: row.formula for row in rows("cache_elements")}
    assert 2 * formula_value(elements["MLA"], d_c=512, d_rope=64, L=61) == CACHE_BYTES["DeepSeek-V3"]
    assert 2 * formula_value(elements["GQA"], g=8, d_h=128, L=32) == CACHE_BYTES["Llama-3 8B"]


def test_formulas():
    whole, *parts, shared, _, _ = formulas("layer_activations", "what").values()
    layer = Transformer(1, d, h, 4 * d, 1).activation_bytes(n, b)
    for formula in (whole, sum(parts), shared.subs(t, 1)):
        assert sympy.expand(formula - layer) == 0
    said, model = formulas("flop_formulas", "name"), Transformer(L, d, h, 4 * d, LETTERS["V"])
    assert sympy.expand(said["Megatron"] - model.training_flops(n, b, recompute="full")) == 0
    layers, plain = model.forward_flops(n) - model.flops_by_part(n)["logits"], {N: 12 * L * d**2, d_h: d / h}
    assert sympy.expand(3 * layers - n * said["PaLM"].subs(plain)) == 0
    assert sympy.expand((said["Kaplan"] - said["Megatron-LM code"]).subs(plain)) == 0
    assert said["rule of thumb"] == 6 * N


def test_accelerators():
    for name, chip in ACCELERATORS.items():
        assert chip.name == name and chip.source and chip.status in ("P", "T")
        assert 100e12 < chip.flops_per_second < 3e15 and 0.5e12 < chip.bytes_per_second < 1e13
        assert 0.99 < chip.memory_bytes / chip.marketed_bytes < 1.08
        assert chip.peak("fp4") >= chip.peak("fp8") >= chip.peak("int4") == chip.peak()
        assert chip.peak("fp8") in (chip.peak("int4"), chip.fp8_flops_per_second)
    h100 = ACCELERATORS["H100 SXM"]
    assert (h100.flops_per_second, h100.bytes_per_second, h100.memory_bytes) == (989 * 10**12, 3350 * 10**9, 81_559 * 2**20)
    assert ACCELERATORS["H200"].memory_bytes == 143_771 * 2**20
    assert h100.peak("fp8") == h100.peak("mxfp4") == 1979 * 10**12    # widened to 8 bits
    assert ACCELERATORS["B200"].peak("nvfp4") == 9 * 10**15
    for wrong in ("fp32", "FP8", None, 4):
        with pytest.raises(ValueError, match="precision: the peak of .* is not listed; give 'fp4'"):
            h100.peak(wrong)
