"""MemoryExplorer: its bytes are those of `helpers.memory`, its limits the last that fit."""

from test_explorers import some_states

from helpers.explorers import MemoryExplorer
from helpers.memory import BITS, fits
from helpers.published import MODELS


def held(s, **others):
    """The footprint of a state by the helper."""
    s = s.__class__(**vars(s) | others)
    model, wide = MODELS[s.model], s.precision if BITS[s.precision] >= 16 else "bf16"
    if s.task == "serve":
        return fits(model, s.accelerator, s.n, s.batch, precision=s.precision,
                    cache_precision=s.precision)
    return fits(model, s.accelerator, s.n, s.batch, training=True, precision=wide,
                optimizer=s.optimizer, dropout=not model.gated, devices=s.devices,
                fused=s.recompute == "fused", recompute=s.recompute.replace("fused", "none"))


def test_bytes_and_limits_are_the_helper_s():
    for explorer in some_states(MemoryExplorer, 120):
        s, shown, found = explorer.state, explorer.numbers(), held(explorer.state)
        for part, size in (found.parts | {"all": found.total_bytes}).items():
            assert shown[f"{part} (bytes)"] == f"{size:,}"
        assert ("It fits" in explorer.shown.title) == found.fits
        for field, unit in (("n", "tokens"), ("batch", "sequences")):
            text = shown[f"largest {field} that fits ({unit})"]
            most = 0 if text.startswith("none") else int(text.split()[0].replace(",", ""))
            assert most == 0 or held(s, **{field: most}).fits
            assert text.endswith("or more") or not held(s, **{field: most + 1}).fits
        least = shown["accelerators that it needs to fit"].replace(",", "")
        if least != "no number" and s.task == "train":
            least = int(least)
            assert held(s, devices=least).fits
            assert least == 1 or not held(s, devices=least - 1).fits
