"""Transformer.from_config: published configurations, their published numbers of parameters, and what is refused.

The keys are those of the published files, those left out that these leave out. tests/peers holds every type to
the library on sizes drawn at random.
"""
import json
import subprocess
import sys

import pytest
from documents import ROOT

from helpers.published import MODELS
from helpers.transformer import Layer, Transformer
from helpers.transformer.config import _architectures, _family
from helpers.transformer.sheet import crossover


def usual(model_type, layers, d, d_ff, heads, vocabulary, **more):
    """The keys that most files have, and further ones."""
    return dict(model_type=model_type, num_hidden_layers=layers, hidden_size=d, intermediate_size=d_ff, num_attention_heads=heads,
                vocab_size=vocabulary, **more)


EIGHT = dict(num_key_value_heads=8)
LLAMA3 = usual("llama", 32, 4096, 14336, 32, 128256, **EIGHT)
DEEPSEEK = usual("deepseek_v3", 61, 7168, 18432, 128, 129280, num_key_value_heads=128, moe_intermediate_size=2048, n_routed_experts=256,
                 n_shared_experts=1, num_experts_per_tok=8, first_k_dense_replace=3, kv_lora_rank=512, q_lora_rank=1536,
                 qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128, num_nextn_predict_layers=1)
GEMMA3 = dict(model_type="gemma3", vision_config={"hidden_size": 1152}, text_config=dict(
    model_type="gemma3_text", num_hidden_layers=34, hidden_size=2560, intermediate_size=10240, sliding_window=1024))
PUBLISHED = {   # parameters as the makers' files hold them; those of helpers/data are held in test_published
    "gpt2": (dict(model_type="gpt2", n_layer=12, n_embd=768, n_head=12, n_positions=1024, vocab_size=50257), 124_439_808),
    "Mistral 7B v0.1": (usual("mistral", 32, 4096, 14336, 32, 32000, sliding_window=4096, **EIGHT), 7_241_732_096),
    "Mixtral 8x7B": (usual("mixtral", 32, 4096, 14336, 32, 32000, num_local_experts=8, num_experts_per_tok=2, sliding_window=None,
                           **EIGHT), 46_702_792_704),
    "Qwen2.5 7B": (usual("qwen2", 28, 3584, 18944, 28, 152064, num_key_value_heads=4), 7_615_616_512),
    "Gemma 2 9B": (usual("gemma2", 42, 3584, 14336, 16, 256000, head_dim=256, sliding_window=4096, **EIGHT), 9_241_705_984),
    "DeepSeek-V3, less 14,848 router biases": (DEEPSEEK, 671_026_419_200 - 14_848),
    "Falcon 7B": (dict(model_type="falcon", num_hidden_layers=32, hidden_size=4544, num_attention_heads=71, multi_query=True,
                       parallel_attn=True, bias=False, vocab_size=65024), 6_921_720_704),
    "Phi-2": (usual("phi", 32, 2560, 10240, 32, 51200), 2_779_683_840),
    "GPT-J 6B": (dict(model_type="gptj", n_layer=28, n_embd=4096, n_head=16, vocab_size=50400), 6_050_882_784),
    "GPT-NeoX 20B": (usual("gpt_neox", 44, 6144, 24576, 64, 50432), 20_554_567_680),
    "OPT 350M": (dict(model_type="opt", num_hidden_layers=24, hidden_size=1024, ffn_dim=4096, num_attention_heads=16, vocab_size=50272,
                      word_embed_proj_dim=512, do_layer_norm_before=False, max_position_embeddings=2048), 331_196_416),
    "BLOOM 560M": (dict(model_type="bloom", n_layer=24, n_embed=1024, num_attention_heads=16, vocab_size=250880), 559_214_592),
    "StarCoder2 7B": (usual("starcoder2", 32, 4608, 18432, 36, 49152, num_key_value_heads=4, sliding_window=4096), 7_173_923_840),
    "OLMo 7B": (usual("olmo", 32, 4096, 11008, 32, 50304, tie_word_embeddings=False), 6_888_095_744),
    "Command R": (usual("cohere", 40, 8192, 22528, 64, 256000, num_key_value_heads=64), 34_980_831_232),
    "Gemma 3 4B, its text": (GEMMA3, 3_880_263_168),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_configuration_gives_the_published_parameters(name):
    config, parameters = PUBLISHED[name]
    assert Transformer.from_config(config).parameters() == parameters


def test_windows_are_those_of_the_file():
    listed = LLAMA3 | dict(layer_types=["sliding_attention", "full_attention"] * 16, sliding_window=128)
    llama4 = dict(model_type="llama4_text", num_hidden_layers=8, hidden_size=5120)
    found = [[(count, layer.window or layer.chunk) for count, layer in Transformer.from_config(config).layers]
             for config in (GEMMA3, listed, llama4)]
    assert found == [[(29, 1024), (5, None)], [(16, 128), (16, None)], [(6, 8192), (2, None)]]


@pytest.mark.parametrize("change, names", [
    ({"model_type": "t5"}, ["model_type", "'t5'", "'llama'", "'gpt2'"]), ({"model_type": None}, ["model_type"]),
    ({"num_hidden_layers": None}, ["num_hidden_layers"]), ({"hidden_size": None}, ["hidden_size"]),
    ({"hidden_size": "4096"}, ["hidden_size", "'4096'"]), ({"hidden_size": 4096.0}, ["hidden_size", "4096.0"]),
    ({"num_hidden_layers": True}, ["num_hidden_layers"]), ({"num_hidden_layers": -1}, ["num_hidden_layers", "-1"]),
    ({"intermediate_size": None}, ["intermediate_size"]), ({"tie_word_embeddings": 1}, ["tie_word_embeddings"]),
    ({"n_layer": 31}, ["num_hidden_layers", "n_layer", "31"]), ({"num_attention_heads": 33}, ["33", "4096"]),
    ({"is_encoder_decoder": True}, ["is_encoder_decoder"]), ({"add_cross_attention": True}, ["add_cross_attention"]),
    ({"layer_types": ["full_attention"]}, ["layer_types", "32"]), ({"layer_types": ["mamba"] * 32}, ["layer_types", "mamba"]),
    ({"layer_types": ["linear_attention"] * 32}, ["linear_attention"]), ({"layer_types": ["sliding_attention"] * 32}, ["sliding_window"]),
    ({"layer_types": ["chunked_attention"] * 32}, ["attention_chunk_size"]), ({"intermediate_size": 0}, ["d_ff: 0"]),
    ({"model_type": "qwen3_moe", "decoder_sparse_step": 0}, ["decoder_sparse_step: 0"]),
    ({"model_type": "qwen3_moe", "mlp_only_layers": [0, 99]}, ["mlp_only_layers", "31"]),
    ({"model_type": "llama4_text", "no_rope_layers": [1]}, ["no_rope_layers: 1"]),
    ({"model_type": "deepseek_v3", "n_routed_experts": None}, ["num_local_experts", "None"]),
    ({"layer_types": 3}, ["layer_types"]), ({"num_key_value_heads": 5}, ["5"]), ({"num_key_value_heads": [8]}, ["num_key_value_heads"])])
def test_what_cannot_be_read_is_refused_by_name(change, names):
    with pytest.raises(ValueError) as refused:
        Transformer.from_config(LLAMA3 | change)
    assert all(name in str(refused.value) for name in names), refused.value


def test_what_is_nested_empty_or_null_is_read_as_the_library_reads_it():
    text = dict(hidden_size=640, num_hidden_layers=2)
    nested = Transformer.from_config(dict(model_type="gemma3", vocab_size=7, intermediate_size=64, text_config=text))
    assert nested.vocab_size == 262_208 and nested.d_ff == 9216
    assert not Transformer.from_config(dict(model_type="llama4_text", hidden_size=512, num_hidden_layers=4, moe_layers=[])).is_mixture
    alike = Transformer.from_config(LLAMA3 | {"num_key_value_heads": None, "head_dim": None})
    assert alike.kv_heads == 32 and alike.head_width == 128


@pytest.mark.parametrize("config", [3, [], "no/such/file.json", ROOT / "README.md"])
def test_what_is_no_configuration_is_refused(config):
    with pytest.raises(ValueError, match="config: .*; give a dict, or the path of a config.json"):
        Transformer.from_config(config)


def test_every_type_has_expressions_that_can_be_read():
    for kind in set(_architectures()) - {"names", "nullable", "refused", "every"}:
        config = dict(model_type=kind, num_hidden_layers=4, hidden_size=_family(kind)["defaults"]["num_attention_heads"] * 8)
        config |= {key: 2 for key, value in _family(kind)["defaults"].items() if value == "needed"}
        assert Transformer.from_config(config).n_layers == 4


def test_the_sheet_is_printed_from_a_file_and_says_what_the_methods_say(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(GEMMA3))

    def printed(*words):
        return subprocess.run([sys.executable, "-m", "helpers.transformer", *map(str, words)], capture_output=True, text=True, cwd=ROOT)
    shown, model = printed(path, 131_072), Transformer.from_config(path)
    assert shown.returncode == 0 and shown.stdout.strip() == repr(model.sheet(131_072))
    rows = {what: figure for what, figure, _ in model.sheet(131_072).rows}
    assert rows["parameters"] == 3_880_263_168 and rows["weights in 4 bits (bytes)"] == 1_940_131_584
    assert rows["cache of 131,072 tokens in 16 bits (bytes)"] == model.kv_cache_bytes(131_072)
    lead = rows["n from which the pairs lead (tokens)"]
    shares = [model.flops_by_part(n)["scores and weighted sum"] / model.forward_flops(n) for n in (lead - 1, lead)]
    assert shares[0] < 0.5 <= shares[1] and crossover(MODELS["Mistral 7B"]) is None
    assert rows["– one token more (bytes)"] == model.kv_cache_bytes(131_073) - model.kv_cache_bytes(131_072)
    for words in ((), (tmp_path / "none.json",), (path, "12k"), (path, 1, 2)):
        refused = printed(*words)
        assert refused.returncode == 1 and "Traceback" not in refused.stderr and len(refused.stderr.splitlines()) == 1


def test_caches_are_those_of_engines_logs():
    """llama.cpp keeps two windows and all layers of gpt-oss; four sequences' states in 32 bits."""
    kept = {layer.window: 2 * count * layer.cache_elements(4096) for count, layer in MODELS["Gemma 3 270M"].layers}
    assert kept[None] + 2 * kept[512] == 27 * 2**20 and MODELS["gpt-oss 120B"].kv_cache_bytes(1) == 73_728
    full = Layer(5120, 24, 17408, n_kv_heads=4, d_head=256)
    delta = Layer(5120, 48, 17408, n_kv_heads=16, d_head=128, state="delta", convolution=4)
    assert Transformer.of_layers([(16, full)], 9).kv_cache_bytes(262_144) == 16_384 * 2**20
    assert Transformer.of_layers([(48, delta)], 9).kv_cache_bytes(262_144, 4, 4) == 598.5 * 2**20
