"""What a Transformer holds in memory while it serves and trains, part by part. Lesson 07."""

from helpers.notation import Table
from helpers.published import ACCELERATORS
from helpers.sizes import check_choice, check_size, check_switch, exact, is_symbol
from helpers.transformer import Transformer

# Bits as they are stored. tf32 rounds what a product reads; in memory it stays 32 bits wide.
KEPT_IN = {"16 bit": ("bf16", "bf16"), "weights 8 bit": ("int8", "bf16"),  # weights, cache
           "weights 4 bit": ("int4", "bf16"), "weights and cache 8 bit": ("int8", "int8")}
BITS = {"fp64": 64, "fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "int4": 4}
# What an optimizer keeps beside a 16-bit weight and its gradient: bytes a parameter. Micikevicius
# et al. 2018, section 3.1; Rajbhandari et al. 2020, section 3.1; Dettmers et al. 2022 (8-bit),
# without the scales that its blocks share.
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
    """Bytes of so many numbers (whole, or SymPy) in a precision of `BITS`, rounded up.

    >>> bytes_of(1000, "bf16"), bytes_of(3, "int4")
    (2000, 2)
    """
    bits = BITS[check_choice(precision, "precision", BITS)] * elements
    return bits / 8 if is_symbol(bits) else -(-bits // 8)


def accelerator_of(accelerator):
    """The accelerator of a name in `published.ACCELERATORS`; what has its fields, as it is."""
    if isinstance(accelerator, str):
        return ACCELERATORS[accelerator]
    if not hasattr(accelerator, "flops_per_second"):
        raise TypeError(f"accelerator: {accelerator!r} has no flops_per_second; give a name in "
                        "published.ACCELERATORS or an Accelerator")
    return accelerator


def weight_bytes(model, precision="bf16"):
    """Bytes of all weights."""
    return bytes_of(_checked(model).parameters(), precision)


def kv_cache_bytes(model, n, batch=1, precision="bf16"):
    """Bytes of the keys and values of `batch` sequences of n tokens, in a precision of `BITS`."""
    return bytes_of(_checked(model).kv_cache_bytes(n, batch, 1), precision)


def training_state_bytes(model, optimizer="adam", gradient_precision="bf16", precision="bf16",
                         devices=1):
    """dict: what training keeps whatever the batch -> bytes. Adam: 2 + 2 + 4 + 4 + 4 a parameter.

    model: a Transformer, or a number of parameters (whole or symbol). optimizer: of `OPTIMIZERS`.
    gradient_precision="fp32" makes it 18, as in Megatron. With precision="fp32" the weights are
    their own master copy. devices share all evenly, rounded up, and each gathers one layer's
    weights and holds its gradients (ZeRO, stage 3). Rajbhandari et al. 2020.
    """
    states = dict(OPTIMIZERS[check_choice(optimizer, "optimizer", OPTIMIZERS)])
    if precision in ("fp32", "tf32", "fp64"):
        del states["master weights"]
    parameters = (model.parameters() if isinstance(model, Transformer)
                  else check_size(model, "model"))
    widths = {"weights": precision, "gradients": gradient_precision}
    parts = {part: bytes_of(parameters, width) for part, width in widths.items()}
    parts |= {state: parameters * size for state, size in states.items()}
    if check_size(devices, "devices") > 1:
        parts = {part: -(-size // devices) for part, size in parts.items()}
        largest = max(sum(layer.parameters_by_part().values()) for _, layer in model.layers)
        for part, width in widths.items():
            parts[part] += bytes_of(largest, width)
    return parts


def activation_parts(model, n, batch=1, recompute="none", dropout=True, fused=False):
    """dict: what a training step holds for a batch -> bytes; see `training_footprint`."""
    n, batch = check_size(n, "n"), check_size(batch, "batch")
    check_switch(fused, "fused")
    stored = "selective" if fused and recompute == "none" else recompute
    parts = {"activations": model.activation_bytes(n, batch, stored, dropout)}
    if recompute != "none":
        dropped = [sum(size for *_, size, core in layer.activation_tensors(n, batch, dropout)
                       if (core or recompute == "full") and not (core and fused))
                   for _, layer in model.layers]
        inputs = 2 * n * batch * model.d_model if recompute == "full" else 0
        parts["one layer, recomputed"] = exact(max(dropped) - inputs)
    parts["last norm and logits"] = exact(4 * n * batch * (model.d_model + model.vocab_size))
    return parts


def inference_footprint(model, n, batch=1, precision="bf16", cache_precision="bf16"):
    """`Footprint` of serving `batch` sequences of n tokens: weights and KV cache.

    >>> from helpers.published import MODELS
    >>> inference_footprint(MODELS["Llama-3 8B"], 8192, batch=4)
    part               bytes     GB
    --------  --------------  -----
    weights   16,060,522,496  16.06
    KV cache   4,294,967,296   4.29
    total     20,355,489,792  20.36
    """
    return Footprint({"weights": weight_bytes(model, precision),
                      "KV cache": kv_cache_bytes(model, n, batch, cache_precision)})


def training_footprint(model, n, batch=1, precision="bf16", optimizer="adam", recompute="none",
                       dropout=True, fused=False, gradient_precision=None, devices=1):
    """`Footprint` of a training step on one device: states, activations, what is behind the layers.

    recompute: as in `Transformer.activation_bytes`; one layer at a time holds again what it drops.
    fused: a kernel as lesson 09's stores nothing that has n². gradient_precision: None is as
    precision. devices: as in `training_state_bytes`. Behind the layers: the inputs of last norm and
    logits, and the logits in 32 bits (Korthikanti et al. 2022, section 4.3). A lower bound:
    fragments, layers gathered ahead and kernels' own memory are left out.
    """
    states = training_state_bytes(_checked(model), optimizer, gradient_precision or precision,
                                  precision, devices)
    return Footprint(states | activation_parts(model, n, batch, recompute, dropout, fused))


def fits(model, accelerator, n, batch=1, *, training=False, **choices):
    """The `Footprint` of serving or training, held against the memory of one accelerator.

    choices: those of `inference_footprint`, or with training=True of `training_footprint`.
    """
    held = training_footprint if check_switch(training, "training") else inference_footprint
    chip = accelerator_of(accelerator)
    return Footprint(held(model, n, batch, **choices).parts, chip.memory_bytes, chip.name)


def _checked(model):
    if not isinstance(model, Transformer):
        raise TypeError(f"model: {model!r} is no Transformer; take one from published.MODELS")
    return model
