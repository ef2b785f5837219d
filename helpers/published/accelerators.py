"""Accelerators: dense 16-bit arithmetic, memory bandwidth and memory size, as their makers publish them."""

from dataclasses import dataclass

from helpers.published.registry import Registry

_TERA, _GIGA = 10**12, 10**9


@dataclass(frozen=True)
class Accelerator:
    """One chip: dense 16-bit FLOP/s, bytes/s to its main memory, and that memory's bytes.

    Dense: the peak "with sparsity" of a data sheet is twice this, and it is the most common mistake in a
    published utilisation. 1 GB is 10⁹ bytes.

    >>> accelerator = ACCELERATORS["A100 80GB"]
    >>> accelerator.flops_per_second // accelerator.bytes_per_second  # FLOPs per byte at which they balance
    156
    """

    name: str
    flops_per_second: int
    bytes_per_second: int
    memory_bytes: int
    source: str
    status: str


@dataclass(frozen=True)
class DecodeCheck:
    """A measured decoding speed, tokens/s, beside the one that memory bandwidth allows."""

    chip: str
    weight_bytes: int
    measured: float
    allowed: float
    source: str
    status: str


_ALL = (
    Accelerator("V100", 125 * _TERA, 900 * _GIGA, 32 * _GIGA, "NVIDIA V100 data sheet", "T"),
    Accelerator("A100 80GB", 312 * _TERA, 2000 * _GIGA, 80 * _GIGA, "NVIDIA A100 data sheet", "P"),
    Accelerator("H100 SXM", 989 * _TERA, 3350 * _GIGA, 80 * _GIGA, "NVIDIA H100 data sheet", "P"),
    Accelerator("H200", 989 * _TERA, 4800 * _GIGA, 141 * _GIGA, "NVIDIA H200 data sheet", "P"),
    Accelerator("B200", 2250 * _TERA, 8000 * _GIGA, 180 * _GIGA, "NVIDIA B200 data sheet", "P"),
    Accelerator("MI300X", 1300 * _TERA, 5300 * _GIGA, 192 * _GIGA, "AMD Instinct MI300X data sheet", "P"),
    Accelerator("TPU v5e", 197 * _TERA, 820 * _GIGA, 16 * _GIGA, "Google Cloud TPU documentation", "P"),
    Accelerator("TPU v5p", 459 * _TERA, 2760 * _GIGA, 95 * _GIGA, "Google Cloud TPU documentation", "P"),
    Accelerator("TPU v6e", 918 * _TERA, 1600 * _GIGA, 32 * _GIGA, "Google Cloud TPU documentation", "P"),
    Accelerator("RTX 4090", 165_200 * _GIGA, 1008 * _GIGA, 24 * _GIGA, "NVIDIA Ada architecture white paper", "T"),
    Accelerator("RTX 5090", 209_500 * _GIGA, 1790 * _GIGA, 32 * _GIGA, "NVIDIA Blackwell architecture white paper", "T"),
)

ACCELERATORS = Registry("accelerator", {accelerator.name: accelerator for accelerator in _ALL})

# bytes/s of laptops; status T. Their arithmetic is not tabulated: measure it
MEMORY_BANDWIDTH = Registry("laptop chip", {
    "Apple M1": 68 * _GIGA, "Apple M2": 100 * _GIGA, "Apple M3": 100 * _GIGA, "Apple M4": 120 * _GIGA,
    "Apple M1 Pro": 200 * _GIGA, "Apple M3 Pro": 150 * _GIGA,
})

_SEVEN_BILLION = 13_475_459_891  # 12.55 GiB, a model of 7 billion parameters in 16 bits
DECODE_CHECKS = (
    DecodeCheck("Apple M1 Pro", _SEVEN_BILLION, 12.75, 14.84, "llama.cpp, discussion 4167", "T"),
    DecodeCheck("Apple M3 Pro", _SEVEN_BILLION, 9.89, 11.13, "llama.cpp, discussion 4167", "T"),
)
