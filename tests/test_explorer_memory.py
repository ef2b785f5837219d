"""MemoryExplorer: its bytes are those of `helpers.memory`, its limits the last that fit."""

from test_explorers import some_states

from helpers.explorers import MemoryExplorer
from helpers.memory import BITS, fits, training_state_bytes
from helpers.published import MODELS


def held(s, **others):
    """The footprint of a state by the helper; None for activations that it does not count."""
    s = s.__class__(**vars(s) | others)
    model, wide = MODELS[s.model], s.precision if BITS[s.precision] >= 16 else "bf16"
    if s.task == "serve":
        return fits(model, s.accelerator, s.n, s.batch, precision=s.precision, cache_precision=s.precision)
    return None if model.is_mixture or model.is_latent else fits(
        model, s.accelerator, s.n, s.batch, training=True, precision=wide, optimizer=s.optimizer,
        recompute=s.recompute, dropout=not model.gated, devices=s.devices)


def test_bytes_and_limits_are_the_helper_s():
    for explorer in some_states(MemoryExplorer, 120):
        s, shown = explorer.state, explorer.numbers()
        if (found := held(s)) is None:
            width = "fp32" if s.precision == "fp32" else "bf16"
            weights = training_state_bytes(MODELS[s.model], s.optimizer, width, width)["weights"]
            assert shown["weights (bytes)"] == f"{-(-weights // s.devices):,}"
            assert shown["activations (bytes)"] == "not counted" and "not counted" in explorer.sentence()
            continue
        assert found.parts == {part: int(shown[f"{part} (bytes)"].replace(",", "")) for part in found.parts}
        assert shown["all (bytes)"] == f"{found.total_bytes:,}" and ("It fits" in explorer.shown.title) == found.fits
        for field, unit, end in (("n", "tokens", 10**7), ("batch", "sequences", 5_000)):
            text = shown[f"largest {field} that fits ({unit})"]
            most = 0 if text.startswith("none") else int(text.split()[0].replace(",", ""))
            assert most == 0 or held(s, **{field: most}).fits
            assert text.endswith("or more") or most == end or not held(s, **{field: most + 1}).fits
        if (least := shown.get("accelerators that it needs to fit", "no number")) != "no number":
            least = int(least.replace(",", ""))
            assert held(s, devices=least).fits and (least == 1 or not held(s, devices=least - 1).fits)
