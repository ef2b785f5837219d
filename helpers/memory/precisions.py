"""Formats of numbers, by the bits of one element, and what optimizers keep for each parameter."""

from dataclasses import dataclass
from difflib import get_close_matches

from helpers.transformer.shape import is_symbol


class Named(dict):
    """A dict by name; an unknown name raises KeyError that lists the names near to it. kind: what it is a name of."""

    def __init__(self, kind, entries):
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name):
        near = get_close_matches(str(name).lower(), self)
        raise KeyError(f"no {self.kind} {name!r}; {'near' if near else 'there are'}: {', '.join(map(repr, near or self))}")


# bits as they are stored. tf32 rounds what a product reads to 19 bits, but an element in memory stays 32 bits wide
BITS = Named("precision", {"fp64": 64, "fp32": 32, "tf32": 32, "bf16": 16, "fp16": 16, "fp8": 8, "int8": 8, "int4": 4})


@dataclass(frozen=True)
class Optimizer:
    """What an optimizer keeps beside a 16-bit weight and its gradient: pairs of a state and its bytes per parameter."""

    states: tuple
    source: str


_MASTER, _MIXED = ("master weights", 4), "Micikevicius et al. 2018 (mixed precision), section 3.1"
OPTIMIZERS = Named("optimizer", {
    "adam": Optimizer((_MASTER, ("first moment", 4), ("second moment", 4)),
                      "Rajbhandari et al. 2020 (ZeRO), section 3.1"),
    "adam 8-bit": Optimizer((_MASTER, ("first moment", 1), ("second moment", 1)),
                            "Dettmers et al. 2022 (8-bit optimizers), without the scales that its blocks share"),
    "sgd with momentum": Optimizer((_MASTER, ("momentum", 4)), _MIXED),
    "sgd": Optimizer((_MASTER,), _MIXED),
})


def bytes_of(elements, precision):
    """Bytes that hold `elements` numbers of a precision; the last byte may be half full.

    elements: whole number or SymPy expression. precision: a name in `BITS`; KeyError that names the near ones.

    >>> bytes_of(1000, "bf16"), bytes_of(3, "int4")
    (2000, 2)
    >>> bytes_of(1000, "bfloat16")
    Traceback (most recent call last):
        ...
    KeyError: "no precision 'bfloat16'; near: 'bf16'"
    """
    bits = BITS[precision] * elements
    return bits / 8 if is_symbol(bits) else -(-bits // 8)
