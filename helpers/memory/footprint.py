"""What a Transformer holds in memory while it serves and while it learns, part by part. Lesson 07."""

from dataclasses import dataclass, field
from math import inf

from helpers.memory.precisions import OPTIMIZERS, bytes_of
from helpers.notation import Table
from helpers.published.accelerators import ACCELERATORS
from helpers.transformer import Transformer
from helpers.transformer.shape import check_choice, check_size, check_switch, is_symbol

RECOMPUTE = ("none", "selective", "full")


@dataclass(frozen=True)
class Footprint:
    """Bytes by part, and the memory that they must fit in (None: no accelerator was named).

    >>> Footprint({"weights": 60, "cache": 30}, memory_bytes=80).fits
    False
    """

    parts: dict = field(hash=False)
    memory_bytes: object = None
    accelerator: str = ""

    @property
    def total_bytes(self):
        """All parts together."""
        return sum(self.parts.values())

    @property
    def free_bytes(self):
        """What is left of the memory: below 0 if the parts do not fit. ValueError without an accelerator."""
        if self.memory_bytes is None:
            raise ValueError("accelerator: none was named, so nothing can be said to fit; use `fits`, or give memory_bytes")
        return self.memory_bytes - self.total_bytes

    @property
    def fits(self):
        """True if the parts are no more than the memory. ValueError without an accelerator."""
        return bool(self.free_bytes >= 0)

    def table(self):
        """One row per part: bytes, and 10⁹ bytes (GB) where they are numbers; then the total and what is free."""
        rows = [*self.parts.items(), ("total", self.total_bytes)]
        if self.memory_bytes is not None:
            rows += [(f"memory of {self.accelerator}" if self.accelerator else "memory", self.memory_bytes),
                     ("free" if is_symbol(self.free_bytes) or self.fits else "missing",
                      self.free_bytes if is_symbol(self.free_bytes) else abs(self.free_bytes))]
        return Table([(name, size, "" if is_symbol(size) else f"{size / 1e9:,.2f}") for name, size in rows],
                     ("part", "bytes", "GB"))

    def __repr__(self):
        return repr(self.table())

    def _repr_html_(self):
        return self.table()._repr_html_()


def weight_bytes(model, precision="bf16"):
    """Bytes of all weights: parameters × bytes of the precision. KeyError for a precision that is unknown.

    >>> from helpers.published import MODELS
    >>> weight_bytes(MODELS["Llama-2 7B"]), weight_bytes(MODELS["Llama-2 7B"], "int4")
    (13476831232, 3369207808)
    """
    return bytes_of(_model(model).parameters(), precision)


def kv_cache_bytes(model, n, batch=1, precision="bf16"):
    """Bytes of the keys and values of `batch` sequences of n tokens: `Transformer.kv_cache_bytes` in any precision.

    >>> from helpers.published import MODELS
    >>> kv_cache_bytes(MODELS["Llama-3 8B"], 1), kv_cache_bytes(MODELS["Llama-3 8B"], 1, precision="int4")
    (131072, 32768)
    """
    return bytes_of(_model(model).kv_cache_bytes(n, batch, 1), precision)


def cache_equals_weights_tokens(model, precision="bf16", cache_precision=None, batch=1):
    """Tokens per sequence from which the cache is at least as large as the weights.

    weight bytes / (cache bytes of one token of each of `batch` sequences), rounded up; a formula on symbols.
    cache_precision: None is the weights'. math.inf where a window bounds the cache below the weights.

    >>> from helpers.published import MODELS
    >>> [cache_equals_weights_tokens(MODELS[name]) for name in ("Llama-2 7B", "Llama-3 8B")]
    [25706, 122533]
    """
    weights = weight_bytes(model, precision)
    cached = 8 * _model(model).kv_cache_bytes(1, batch, 1)
    cached = bytes_of(cached, cache_precision or precision)  # of 8 tokens, so that half bytes stay exact
    if is_symbol(weights) or is_symbol(cached):
        return (8 * weights / cached).cancel()
    tokens = -(-8 * weights // cached)
    return inf if model.window is not None and tokens > model.window else tokens


def training_state_bytes(model, optimizer="adam", gradient_precision="bf16", precision="bf16"):
    """dict: what training keeps whatever the batch -> bytes. Mixed-precision Adam: 2 + 2 + 4 + 4 + 4 = 16 a parameter.

    model: a Transformer, or a number of parameters (whole or symbol). optimizer: a name in `OPTIMIZERS`.
    gradient_precision: "fp32" makes it 18 (2 + 4 + 12), as in Megatron. With precision="fp32" the weights are
    their own master copy: 4 + 4 + 4 + 4 = 16 with 4-byte gradients. Rajbhandari et al. 2020, section 3.1.
    Raises KeyError for unknown names and ValueError for parameters below 1.

    >>> {part: size for part, size in training_state_bytes(1000).items()}
    {'weights': 2000, 'gradients': 2000, 'master weights': 4000, 'first moment': 4000, 'second moment': 4000}
    >>> sum(training_state_bytes(1000, gradient_precision="fp32").values())
    18000
    """
    parameters = model.parameters() if isinstance(model, Transformer) else check_size(model, "model")
    found = {"weights": bytes_of(parameters, precision), "gradients": bytes_of(parameters, gradient_precision)}
    for name, size in OPTIMIZERS[optimizer].states:
        if name != "master weights" or precision not in ("fp32", "tf32", "fp64"):
            found[name] = parameters * size
    return found


def activation_tensors(model, n, batch=1, dropout=True):
    """The tensors that one layer keeps for its backward pass: rows (part, tensor, bytes, of attention's core).

    16-bit activations, 1-byte masks. With dropout, d_ff = 4d and h·d_h = d the bytes sum to n·b·d·(34 + 5hn/d):
    attention 11nbd + 5hn²b, feed-forward 19nbd, norms 4nbd (Korthikanti et al. 2022, section 4.1). Other widths,
    grouped heads, gates and norms on queries and keys are counted in the same way; without dropout its masks go,
    and the scores are kept once. The core is what selective recomputation drops: all that has n².
    Raises ValueError for mixtures and latent attention, which the paper does not count.

    >>> from helpers.published import MODELS
    >>> sum(row[2] for row in activation_tensors(MODELS["GPT-3 175B"], 2048)) == 2048 * 12288 * (34 + 80)
    True
    """
    n, batch = check_size(n, "n"), check_size(batch, "batch")
    check_switch(dropout, "dropout")
    for name, present in (("n_experts", _model(model).is_mixture), ("kv_lora_rank", model.is_latent)):
        if present:
            raise ValueError(f"{name}: {getattr(model, name)} is outside Korthikanti et al.'s count, which is for dense "
                             "layers with keys and values; give a model without it")
    tokens, pairs = n * batch, model.n_heads * batch * model.flops_by_part(n)["scores and weighted sum"]
    pairs = _quotient(pairs, 4 * model.n_layers * model.n_heads * model.head_width)  # h·b·n², or n·w in a window
    queries, keys = 2 * tokens * model.n_heads * model.head_width, 2 * tokens * model.kv_heads * model.head_width
    width, inner = 2 * tokens * model.d_model, 2 * tokens * model.d_ff
    masks = [("attention", "mask of the output's dropout", tokens * model.d_model, False)] if dropout else []
    rows = [("norms", "input of the first norm", width, False), ("attention", "input of the projections", width, False)]
    if model.qk_norm:
        rows += [("norms", "queries before their norm", queries, False), ("norms", "keys before their norm", keys, False)]
    rows += [("attention", "queries", queries, False), ("attention", "keys", keys, False),
             ("attention", "softmax's result", 2 * pairs, True)]
    if dropout:
        rows += [("attention", "mask of the weights' dropout", pairs, True),
                 ("attention", "weights after dropout", 2 * pairs, True)]
    rows += [("attention", "values", keys, False), ("attention", "input of the output projection", queries, False), *masks,
             ("norms", "input of the second norm", width, False), ("feed-forward", "input of the expansion", width, False)]
    if model.gated:
        rows += [("feed-forward", name, inner, False)
                 for name in ("input of the gate's SiLU", "the gate", "what the gate multiplies")]
    else:
        rows += [("feed-forward", "input of the activation", inner, False)]
    rows += [("feed-forward", "input of the contraction", inner, False)]
    return rows + [("feed-forward", "mask of the output's dropout", tokens * model.d_model, False)] * dropout


def activation_bytes(model, n, batch=1, recompute="none", dropout=True):
    """Bytes that all layers keep for the backward pass, in the three ways of Korthikanti et al. 2022.

    "none": everything, L·n·b·d·(34 + 5hn/d). "selective": attention's core is computed again, 34·L·n·b·d; a fused
    attention kernel keeps as little. "full": the input of each layer, 2·L·n·b·d. What is computed again
    lives for one layer at a time and is not in here; `training_footprint` adds it.
    Raises ValueError for another recompute, and as `activation_tensors` unless recompute is "full".

    >>> from helpers.published import MODELS
    >>> [activation_bytes(MODELS["GPT-3 175B"], 2048, recompute=r) // (96 * 2048 * 12288) for r in ("none", "selective", "full")]
    [114, 34, 2]
    """
    check_choice(recompute, "recompute", RECOMPUTE)
    if recompute == "full":
        kept = 2 * check_size(n, "n") * check_size(batch, "batch") * _model(model).d_model
    else:
        kept = sum(size for *_, size, core in activation_tensors(model, n, batch, dropout)
                   if not (core and recompute == "selective"))
    return _expanded(model.n_layers * kept)


def output_bytes(model, n, batch=1):
    """Bytes kept behind the layers: 4·n·b·(d + V), the inputs of last norm and logits, and the logits in 32 bits.

    Korthikanti et al. 2022, section 4.3.

    >>> from helpers.published import MODELS
    >>> output_bytes(MODELS["GPT-2"], 1024)
    208998400
    """
    return _expanded(4 * check_size(n, "n") * check_size(batch, "batch") * (_model(model).d_model + model.vocab_size))


def inference_footprint(model, n, batch=1, precision="bf16", cache_precision=None):
    """`Footprint` of serving `batch` sequences of n tokens: weights and KV cache.

    cache_precision: None is 16 bits even where the weights are narrower. Working memory of a kernel is left out.

    >>> from helpers.published import MODELS
    >>> inference_footprint(MODELS["Llama-3 8B"], 8192, batch=4)
    part               bytes     GB
    --------  --------------  -----
    weights   16,060,522,496  16.06
    KV cache   4,294,967,296   4.29
    total     20,355,489,792  20.36
    """
    return Footprint({"weights": weight_bytes(model, precision),
                      "KV cache": kv_cache_bytes(model, n, batch, cache_precision or "bf16")})


def training_footprint(model, n, batch=1, precision="bf16", optimizer="adam", gradient_precision=None, recompute="none",
                       dropout=True):
    """`Footprint` of one training step: the states of `training_state_bytes`, activations, and what stands behind them.

    gradient_precision: None is the weights' precision. Activations are counted in 16 bits whatever the weights have.
    With recomputation one layer at a time holds again what was dropped: a part of its own. Fragments,
    communication buffers and the kernels' own memory are left out, so what does not fit here does not fit.
    Raises KeyError for unknown precisions and optimizers, ValueError as the parts do.

    >>> from helpers.published import MODELS
    >>> sorted(training_footprint(MODELS["GPT-2"], 1024, recompute="full").parts)[:2]
    ['activations', 'first moment']
    """
    parts = training_state_bytes(_model(model), optimizer, gradient_precision or precision, precision)
    parts["activations"] = activation_bytes(model, n, batch, recompute, dropout)
    if recompute != "none":
        everything, kept = (_quotient(activation_bytes(model, n, batch, r, dropout), model.n_layers) for r in ("none", recompute))
        parts["one layer, recomputed"] = _expanded(everything - kept)
    parts["last norm and logits"] = output_bytes(model, n, batch)
    return Footprint(parts)


def fits(model, accelerator, n, batch=1, *, training=False, **choices):
    """Does it fit? The `Footprint` of serving or training, held against the memory of one accelerator.

    accelerator: a name in `published.ACCELERATORS`, or an `Accelerator`. choices: those of `inference_footprint`,
    or with training=True of `training_footprint`. Raises KeyError for a name that is unknown, ValueError for
    sizes below 1, TypeError for a choice that belongs to the other of the two.

    >>> from helpers.published import MODELS
    >>> fits(MODELS["Llama-3 70B"], "H100 SXM", 8192).fits, fits(MODELS["Llama-3 70B"], "H200", 1024, precision="fp8").fits
    (False, True)
    """
    check_switch(training, "training")
    chip = accelerator if hasattr(accelerator, "memory_bytes") else ACCELERATORS[accelerator]
    found = (training_footprint if training else inference_footprint)(model, n, batch, **choices)
    return Footprint(found.parts, check_size(chip.memory_bytes, "accelerator: memory_bytes"), chip.name)


def _model(model):
    if not isinstance(model, Transformer):
        raise TypeError(f"model: {model!r} is no Transformer; take one from helpers.published.MODELS or make one")
    return model


def _expanded(size):
    return size.expand() if is_symbol(size) else size


def _quotient(total, parts):
    """total / parts where it is known to divide."""
    return (total / parts).cancel() if is_symbol(total) or is_symbol(parts) else total // parts
