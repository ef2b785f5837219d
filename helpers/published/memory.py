"""Published figures on memory: activations, the optimizer's bytes, the key-value cache."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ActivationFigure:
    """Bytes that one layer keeps for the backward pass, as a formula; t devices share a layer (tensor parallel).

    Activations of 2 bytes, dropout masks of 1: the results are bytes already.
    """

    what: str
    formula: str
    source: str = "Korthikanti et al. 2022, section 4"
    status: str = "TC"


ACTIVATIONS = (
    ActivationFigure("a layer, nothing recomputed", "n*b*d*(34 + 5*h*n/d)"),
    ActivationFigure("attention's part", "11*n*b*d + 5*h*n**2*b"),
    ActivationFigure("feed-forward's part", "19*n*b*d"),
    ActivationFigure("norms' part", "4*n*b*d"),
    ActivationFigure("a layer on t devices", "n*b*d*(10 + 24/t + 5*h*n/(d*t))"),
    ActivationFigure("a layer on t devices, sequence parallel, selective recomputation", "n*b*d*34/t"),
    ActivationFigure("a layer, full recomputation", "2*n*b*d"),
)


@dataclass(frozen=True)
class OptimizerBytes:
    """Bytes per parameter of mixed-precision training with Adam."""

    what: str
    bytes_per_parameter: int
    source: str = "Rajbhandari et al. 2020 (ZeRO)"
    status: str = "TC"


ADAM_BYTES = (
    OptimizerBytes("weight, 16 bits", 2),
    OptimizerBytes("gradient, 16 bits", 2),
    OptimizerBytes("master weight, 32 bits", 4),
    OptimizerBytes("first moment, 32 bits", 4),
    OptimizerBytes("second moment, 32 bits", 4),
)


@dataclass(frozen=True)
class CacheElements:
    """Elements that the cache holds per token: g groups of key-value heads, latent width d_c, rotary width d_rope."""

    attention: str
    formula: str
    source: str = "DeepSeek-AI 2024 (DeepSeek-V2), table 1"
    status: str = "P"


CACHE_ELEMENTS = (
    CacheElements("MHA", "2*h*d_h*L"),
    CacheElements("GQA", "2*g*d_h*L"),
    CacheElements("MQA", "2*d_h*L"),
    CacheElements("MLA", "(d_c + d_rope)*L"),
)


@dataclass(frozen=True)
class CacheFigure:
    """Bytes of keys and values per cached token in bfloat16; expanded: not in latent attention's compressed form."""

    model: str
    bytes_per_token: int
    expanded: bool = False
    source: str = "the formula 2·h_kv·d_h·L·2, or (d_c + d_rope)·L·2, on the model's shape"
    status: str = "C"


KV_CACHE = (
    CacheFigure("Llama-2 7B", 524_288),
    CacheFigure("Llama-3 8B", 131_072),
    CacheFigure("Mistral 7B", 131_072),
    CacheFigure("Llama-3 70B", 327_680),
    CacheFigure("DeepSeek-V3", 70_272),
    CacheFigure("DeepSeek-V3", 4_997_120, expanded=True),
)
