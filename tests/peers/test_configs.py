"""Transformer.from_config against the library that the files are written for: parameters to the digit, on the meta device.

Sizes and switches of each architecture are drawn at random, under either spelling, with some keys left out.
"""
import random

import pytest

torch = pytest.importorskip("torch", reason='torch is not installed: pip install -e ".[test,peers]"')
transformers = pytest.importorskip("transformers", reason='transformers is not installed: pip install -e ".[test,peers]"')

from transformers.models.auto.configuration_auto import CONFIG_MAPPING  # noqa: E402

from helpers.transformer import Transformer  # noqa: E402
from helpers.transformer.config import _architectures, _family  # noqa: E402

transformers.logging.set_verbosity_error()
TABLES = _architectures()
TYPES = sorted(set(TABLES) - {"names", "nullable", "refused", "every", "kimi_k2"})  # the last has no class of its own
FIXED = {   # what the library cannot build with any other value, or builds the same
    "rotary_dim", "max_window_layers", "full_attention_interval", "no_rope_layer_interval", "moe_layers", "no_rope_layers"}


def drawn(kind, rng):
    """A configuration by the library's own names, small, with the keys that this architecture has."""
    groups, each, width = rng.randint(1, 3), rng.randint(1, 3), 2 * rng.randint(2, 5)
    heads, layers = groups * each, rng.randint(1, 7)
    usual, attributes = _family(kind)["defaults"], vars(CONFIG_MAPPING[kind]())
    values = dict(num_hidden_layers=layers, hidden_size=heads * width, num_attention_heads=heads, vocab_size=rng.randint(20, 90),
                  num_key_value_heads=groups, head_dim=2 * rng.randint(2, 9), intermediate_size=2 * rng.randint(4, 60))
    values |= {key: rng.random() < 0.5 for key, value in usual.items() if isinstance(value, bool)}
    experts = rng.randint(2, 6)
    values |= {key: value for key, value in dict(
        num_local_experts=experts, num_experts_per_tok=rng.randint(1, experts), moe_intermediate_size=rng.randint(3, 30),
        shared_expert_intermediate_size=rng.randint(3, 30), n_shared_experts=rng.randint(1, 3), decoder_sparse_step=rng.randint(1, 3),
        mlp_only_layers=rng.sample(range(layers), rng.randint(0, layers)), first_k_dense_replace=rng.randint(0, layers),
        interleave_moe_layer_step=rng.randint(1, 3), intermediate_size_mlp=rng.randint(3, 60), attention_chunk_size=rng.randint(2, 9),
        sliding_window=rng.randint(2, 9), sliding_window_pattern=rng.randint(2, 4), max_position_embeddings=rng.randint(16, 40),
        expansion_ratio=rng.randint(2, 5), q_lora_rank=rng.choice([None, rng.randint(3, 20)]), kv_lora_rank=rng.randint(3, 20),
        qk_nope_head_dim=2 * rng.randint(2, 5), qk_rope_head_dim=2 * rng.randint(2, 5), v_head_dim=rng.randint(3, 9),
        linear_conv_kernel_dim=rng.randint(2, 4), linear_key_head_dim=rng.randint(3, 9), linear_value_head_dim=rng.randint(3, 9),
        linear_num_key_heads=groups, linear_num_value_heads=heads).items() if key in usual}
    if kind == "opt":
        values["word_embed_proj_dim"] = rng.choice([heads * width, rng.randint(3, 20)])
    if kind == "falcon":
        values["num_ln_in_parallel_attn"] = rng.choice([None, 1, 2])
    config = {}
    for key, value in values.items():
        mine = [name for name in (key, *TABLES["names"].get(key, ()))
                if name in attributes or name == "sliding_window_pattern"]
        if mine and key not in FIXED:
            config[mine[0]] = value
    optional = [key for key in config if key not in ("num_hidden_layers", "n_layer", "n_layers", "hidden_size", "n_embd", "d_model")
                and key in ("num_key_value_heads", "tie_word_embeddings", "attention_bias", "mlp_bias", "sliding_window")]
    for key in rng.sample(optional, min(len(optional), rng.randint(0, 1))):
        del config[key]     # the library's default then, which the table must know
    if usual.get("num_key_value_heads") and kind not in ("gpt_bigcode",) and "num_key_value_heads" not in config:
        config["num_key_value_heads"] = groups
    return config


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("seed", range(8))
def test_parameters_are_the_library_s_to_the_digit(kind, seed):
    config = drawn(kind, random.Random(f"{kind} {seed}"))
    theirs = CONFIG_MAPPING[kind](**config, pad_token_id=0)
    with torch.device("meta"):
        built = transformers.AutoModelForCausalLM.from_config(theirs)
    ours = Transformer.from_config({"model_type": kind, **config})
    assert ours.parameters() == sum(weights.numel() for weights in built.parameters()), config
    written = Transformer.from_config(theirs.to_dict())     # as the library writes the file today
    assert [(model.parameters(), model.kv_cache_bytes(20), model.forward_flops(20, causal=True)) for model in (written, ours)
            ] == 2 * [(ours.parameters(), ours.kv_cache_bytes(20), ours.forward_flops(20, causal=True))]


@pytest.mark.parametrize("kind", ["gpt2", "gpt_neox", "opt", "phi3", "llama", "mistral", "qwen2", "qwen3", "gemma2", "olmo2",
                                  "starcoder2", "cohere"])
@pytest.mark.parametrize("seed", range(3))
def test_flops_are_those_of_torch_s_counter(kind, seed):
    from torch.utils.flop_counter import FlopCounterMode
    config, n = drawn(kind, random.Random(f"{kind} {seed}")), 7
    if "sliding_window" in config:
        config["sliding_window"] = 16       # eager attention computes all pairs, whatever the window
    theirs = CONFIG_MAPPING[kind](**config, pad_token_id=0, attn_implementation="eager")
    built = transformers.AutoModelForCausalLM.from_config(theirs).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        built(input_ids=torch.zeros(1, n, dtype=torch.long), use_cache=False)
    assert Transformer.from_config({"model_type": kind, **config}).forward_flops(n) == counter.get_total_flops(), config
