"""The capstone's five models, built by transformers from the published configurations, on the meta device.

    pip install -e ".[test,peers]"
    python -m pytest tests/peers/test_capstone.py

Held to them: the key's parameters, to the digit; its FLOPs, by torch's counter; and what the data file says of the
keys that a configuration leaves out. Nothing is downloaded. The totals are asserted again in tests/test_capstone.py,
which needs neither library.
"""
import json
from pathlib import Path

import pytest

from helpers.exercises.capstone import CASES, quantity

torch = pytest.importorskip("torch", reason='torch is not installed: pip install -e ".[test,peers]"')
transformers = pytest.importorskip("transformers", reason='transformers is not installed: pip install -e ".[test,peers]"')

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402  (needs torch)

transformers.logging.set_verbosity_error()
DATA = json.loads((Path(__file__).parents[2] / "notebooks/data/unseen_models.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module", params=DATA)
def built(request):
    """(name, configuration, model) with attention and experts as plain matrix products."""
    keys = dict(DATA[request.param]["config"])
    kind = keys.pop("model_type")
    config = transformers.AutoConfig.for_model(kind, **{key: value for key, value in keys.items() if key != "torch_dtype"},
                                               bos_token_id=None, eos_token_id=None, pad_token_id=None)
    config._attn_implementation, config._experts_implementation = "eager", "batched_mm"
    with torch.device("meta"):
        return request.param, config, getattr(transformers, keys["architectures"][0])(config).eval()


def test_parameters_to_the_digit(built):
    name, _, model = built
    assert sum(parameter.numel() for parameter in model.parameters()) == quantity("parameters", CASES[name]).right


def test_what_the_files_leave_to_defaults(built):
    name, config, _ = built
    for key, value in DATA[name]["left to defaults"].items():
        assert getattr(config, key) == value, key


@pytest.mark.parametrize("n", [1, 24])
def test_forward_flops_are_those_of_torchs_counter(built, n):
    name, _, model = built
    tokens = torch.zeros(1, n, dtype=torch.long, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(tokens)
    assert CASES[name].shape.forward_flops(n) == counter.get_total_flops()


def test_cache_is_that_of_the_built_model(built):
    """Keys and values that the model itself stores for five tokens, by their shapes."""
    name, _, model = built
    tokens = torch.zeros(1, 5, dtype=torch.long, device="meta")
    with torch.no_grad():
        stored = model(tokens, use_cache=True).past_key_values
    elements = sum(kept.numel() for layer in stored.layers for kept in (layer.keys, layer.values))
    assert 2 * elements == CASES[name].shape.kv_cache_bytes(5)
