"""What a Transformer holds in memory while it serves and trains, part by part. Lesson 07."""

from dataclasses import replace
from fractions import Fraction
from functools import cache
from inspect import signature

from helpers.notation import Table
from helpers.published import ACCELERATORS, Accelerator
from helpers.sizes import (
    check_amount, check_choice, check_size, check_switch, exact, is_symbol)
from helpers.transformer import RECOMPUTE, Transformer

# Bits as they are stored. tf32 rounds what a product reads; in memory it stays 32 bits wide.
KEPT_IN = {"16 bit": ("bf16", "bf16"), "weights 8 bit": ("int8", "bf16"),  # weights, cache
           "weights 4 bit": ("int4", "bf16"), "weights and cache 8 bit": ("int8", "int8")}
# Blocks of 32 numbers (nvfp4: 16) share a scale: q8_0 takes 34 bytes, q4_0 18, mxfp4 17.
BITS = {"fp64": 64, "fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "fp4": 4,
        "int4": 4, "q8_0": Fraction(17, 2), "q4_0": Fraction(9, 2), "mxfp4": Fraction(17, 4),
        "nvfp4": Fraction(9, 2)}
# What an optimizer keeps beside a 16-bit weight and its gradient: bytes a parameter. Micikevicius
# et al. 2018, section 3.1; Rajbhandari et al. 2020, section 3.1; Dettmers et al. 2022 (8-bit),
# without the scales that its blocks share.
# How attention is trained: what is recomputed, and whether one kernel keeps no square.
TRAINED = {way: {"recompute": way} for way in RECOMPUTE} | {"fused": {"fused": True}}
DIVIDED_FROM = {"weights": 3, "gradients": 2}  # stage of ZeRO; all that is not named, from 1
OPTIMIZERS = {
    "adam": {"master weights": 4, "first moment": 4, "second moment": 4},
    "adam 8-bit": {"master weights": 4, "first moment": 1, "second moment": 1},
    "sgd with momentum": {"master weights": 4, "momentum": 4},
    "sgd": {"master weights": 4},
}


class Footprint(Table):
    """Bytes by part, and the memory that they must fit in (None: no accelerator was named)."""

    total_bytes = property(lambda self: sum(self.parts.values()))
    free_bytes = property(lambda self: self.memory_bytes - self.total_bytes)  # below 0: missing
    fits = property(lambda self: bool(self.free_bytes >= 0))

    def __init__(self, parts, memory_bytes=None, accelerator=""):
        self.parts, self.memory_bytes, self.accelerator = parts, memory_bytes, accelerator
        shown = parts | {"total": self.total_bytes}
        if memory_bytes is not None:
            shown |= {f"memory of {accelerator}": memory_bytes,
                      "free" if self.fits else "missing": abs(self.free_bytes)}
        super().__init__([(part, size, "" if is_symbol(size) else f"{size / 1e9:,.2f}")
                          for part, size in shown.items()], ("part", "bytes", "GB"))


def bytes_of(elements, precision):
    """Bytes of so many numbers (whole, or SymPy), rounded up.

    precision: a name in `BITS`, or bytes a number, at most 2, whole or a fraction.

    >>> bytes_of(1000, "bf16"), bytes_of(3, "int4"), bytes_of(4096, Fraction(34, 32))
    (2000, 2, 4352)
    """
    if not (is_symbol(elements) and elements.free_symbols):
        elements = check_size(elements, "elements", least=0)
    if not isinstance(precision, str) and precision is not None:
        if check_amount(precision, "precision", "bytes a number") > 2:
            raise ValueError(f"precision: {precision} bytes a number is above 2; give the name, "
                             f"such as 'fp32', or a fraction")
        bits = 8 * Fraction(precision) * elements
    else:
        bits = BITS[check_choice(precision, "precision", BITS)] * elements
    return bits / 8 if is_symbol(bits) else -(-bits // 8)


def accelerator_of(accelerator):
    """The accelerator of a name in `published.ACCELERATORS`; an `Accelerator` as it is."""
    if isinstance(accelerator, Accelerator):
        return accelerator
    if not isinstance(accelerator, str):
        raise TypeError(f"accelerator: {accelerator!r} is no accelerator; give a name in "
                        "published.ACCELERATORS or an Accelerator")
    return ACCELERATORS[accelerator]


def accelerator_pool(accelerator, devices=1, share=1, name="share"):
    """`devices` accelerators as one, with the share of their FLOP/s and bytes/s that is reached."""
    if check_amount(share, name, "and at most 1, such as 0.4 for 40 %") > 1:
        raise ValueError(f"{name}: {share} is above 1; give a share, such as 0.4 for 40 %")
    chip, devices = accelerator_of(accelerator), check_size(devices, "devices")
    speeds = {field: speed * devices * share for field, speed in vars(chip).items()
              if field.endswith("per_second") and speed is not None}
    return replace(chip, name=f"{devices:,} × {chip.name}", devices=devices,
                   memory_bytes=chip.memory_bytes * devices, **speeds)


def weight_bytes(model, precision="bf16"):
    """Bytes of all weights."""
    return bytes_of(checked(model).parameters(), precision)


def kv_cache_bytes(model, n, batch=1, precision="bf16", devices=1):
    """Bytes of the keys and values of `batch` sequences of n tokens, as `bytes_of` takes them.

    devices: the sum over so many that share the heads, as in `Transformer.kv_cache_bytes`.
    """
    return bytes_of(checked(model).kv_cache_bytes(n, batch, 1, devices), precision)


def training_state_bytes(model, optimizer="adam", gradient_precision="bf16", precision="bf16",
                         devices=1, stage=3, adapters=None):
    """dict: what training keeps whatever the batch -> bytes. Adam: 2 + 2 + 4 + 4 + 4 a parameter.

    model: a Transformer, or a number of parameters (whole or symbol). optimizer: of `OPTIMIZERS`.
    gradient_precision="fp32" makes it 18, as in Megatron. With precision="fp32" the weights are
    their own master copy. adapters: as in `Transformer.training_flops`, kept in 16 bits; what is
    frozen has no gradients and no states. devices share evenly, rounded up, what `DIVIDED_FROM`
    says for a stage of ZeRO: 0 nothing, 1 the optimizer's states, 2 gradients too, 3 weights too,
    and hold the largest layer's weights and gradients whole beside their share. Rajbhandari et al.
    2020.
    """
    states = dict(OPTIMIZERS[check_choice(optimizer, "optimizer", OPTIMIZERS)])
    if precision in ("fp32", "tf32", "fp64") and adapters is None:
        del states["master weights"]
    parameters = trained = (model.parameters() if isinstance(model, Transformer)
                            else check_size(model, "model"))
    parts = {"weights": bytes_of(parameters, precision)}
    if adapters is not None:
        trained = check_size(adapters, "adapters")
        parts["adapters"] = bytes_of(trained, "bf16")
    parts["gradients"] = bytes_of(trained, gradient_precision)
    parts |= {state: trained * size for state, size in states.items()}
    if check_size(stage, "stage", least=0) > 3:
        raise ValueError(f"stage: {stage} is above 3, the last of ZeRO; give 0 to 3")
    if devices != 1 and stage > 1 and not isinstance(model, Transformer):
        raise ValueError(f"model: {model} parameters have no layers of which one is gathered; give "
                         "a Transformer, or stage=1")
    if check_size(devices, "devices") > 1:
        largest = 0 if stage < 2 else max(
            sum(layer.parameters_by_part().values()) for _, layer in model.layers)
        whole = {"weights": bytes_of(largest, precision)}
        if adapters is None:
            whole["gradients"] = bytes_of(largest, gradient_precision)
        parts = {part: -(-size // devices) + whole.get(part, 0)
                 if stage >= DIVIDED_FROM.get(part, 1) and part != "adapters" else size
                 for part, size in parts.items()}
    return parts


def activation_parts(model, n, batch=1, recompute="none", dropout=True, fused=False):
    """dict: what a training step holds for a batch -> bytes; see `training_footprint`."""
    n, batch = check_size(n, "n"), check_size(batch, "batch")
    parts = {"activations": model.activation_bytes(n, batch, recompute, dropout, fused)}
    if recompute != "none":
        dropped = [sum(size for *_, size, core in layer.activation_tensors(n, batch, dropout, fused)
                       if core or recompute == "full")
                   for _, layer in model.layers]
        inputs = 2 * n * batch * model.d_model if recompute == "full" else 0
        parts["one layer, recomputed"] = exact(max(dropped) - inputs)
    parts["last norm and logits"] = exact(4 * n * batch * (model.d_model + model.vocab_size))
    return parts


def inference_footprint(model, n, batch=1, precision="bf16", cache_precision="bf16", devices=1):
    """`Footprint` of serving `batch` sequences of n tokens: weights and KV cache of all devices.

    >>> from helpers.published import MODELS
    >>> inference_footprint(MODELS["Llama-3 8B"], 8192, batch=4)
    part               bytes     GB
    --------  --------------  -----
    weights   16,060,522,496  16.06
    KV cache   4,294,967,296   4.29
    total     20,355,489,792  20.36
    """
    return Footprint({"weights": weight_bytes(model, precision),
                      "KV cache": kv_cache_bytes(model, n, batch, cache_precision, devices)})


def training_footprint(model, n, batch=1, precision="bf16", optimizer="adam", recompute="none",
                       dropout=True, fused=False, gradient_precision=None, devices=1, stage=3,
                       adapters=None):
    """`Footprint` of a training step on one device: states, activations, what is behind the layers.

    recompute: as in `Transformer.activation_bytes`; one layer at a time holds again what it drops.
    fused: a kernel as lesson 09's stores row sums and nothing that has n². gradient_precision: None
    is as precision, of adapters 16 bits. devices, stage, adapters: as in `training_state_bytes`.
    Behind the layers: the inputs of last norm and logits, and the logits in 32 bits (Korthikanti et
    al. 2022, section 4.3). A lower bound: fragments, layers gathered ahead and kernels' own memory
    are left out.
    """
    width = gradient_precision
    if width is None:
        width = "bf16" if adapters is not None else precision
    states = training_state_bytes(checked(model), optimizer, width, precision, devices, stage,
                                  adapters)
    return Footprint(states | activation_parts(model, n, batch, recompute, dropout, fused))


def fits(model, accelerator, n, batch=1, *, training=False, reserve=0, **choices):
    """The `Footprint` of serving or training, held against the memory that the card reports.

    reserve: bytes to be kept free for what is not counted. choices: those of `inference_footprint`,
    or with training=True of `training_footprint`. Serving on several devices is held against all of
    their memories, training against that of one.
    """
    held = training_footprint if check_switch(training, "training") else inference_footprint
    if wrong := choices.keys() - _choices(held):
        raise ValueError(f"{min(wrong)}: no choice of {'training' if training else 'serving'}; "
                         f"give training={not training}, or leave it out")
    chip = accelerator_of(accelerator)
    devices = check_size(choices.get("devices", chip.devices), "devices")
    if chip.devices not in (1, devices) or training and chip.devices != 1:
        raise ValueError(f"accelerator: {chip.name} are several; give one of them, and devices=")
    if not training and chip.devices != devices:
        chip = accelerator_pool(chip, devices)
    choices |= {} if training else {"devices": devices}
    parts = held(model, n, batch, **choices).parts
    if check_size(reserve, "reserve", least=0) != 0:
        parts["reserve"] = reserve
    return Footprint(parts, chip.memory_bytes, chip.name)


_choices = cache(lambda held: signature(held).parameters.keys())


def checked(model):
    """The model itself; TypeError for what is none, such as its name."""
    if not isinstance(model, Transformer):
        raise TypeError(f"model: {model!r} is no Transformer; take one from published.MODELS")
    return model
