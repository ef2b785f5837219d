"""Ask the FLOP counters that engineers use for one GPT-2 block, and store what they say.

    pip install -e ".[test,peers]"
    python tools/peers/measure_counters.py        # writes notebooks/data/flop_counters.csv
    python -m pytest tests/peers                  # holds the course to them, and the stored numbers to formulas

The block (d = 768, 12 heads, d_ff = 3072) reads n = 1024 tokens, batch 1, three times over: with attention
as matrix products, with PyTorch's fused scaled_dot_product_attention (both are transformers' GPT2Block), and
with torch.nn.MultiheadAttention in evaluation mode. Lesson 11 reads the CSV and explains each difference.
"""

import csv
import logging
import warnings
from contextlib import redirect_stdout
from datetime import date
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import torch

OUTPUT = Path(__file__).parents[2] / "notebooks" / "data" / "flop_counters.csv"
KINDS = {"matrix products": "eager", "fused attention": "sdpa", "torch MultiheadAttention": None}


class Sizes(NamedTuple):
    """A block and the tokens that it reads; GPT-2's unless told otherwise."""
    n: int = 1024
    d: int = 768
    heads: int = 12
    d_ff: int = 3072


class TorchBlock(torch.nn.Module):
    """The same block from PyTorch's own modules."""
    def __init__(self, sizes):
        super().__init__()
        d, d_ff = sizes.d, sizes.d_ff
        self.norm_1, self.norm_2 = torch.nn.LayerNorm(d), torch.nn.LayerNorm(d)
        self.attention = torch.nn.MultiheadAttention(d, sizes.heads, batch_first=True)
        self.feed_forward = torch.nn.Sequential(torch.nn.Linear(d, d_ff), torch.nn.GELU(), torch.nn.Linear(d_ff, d))

    def forward(self, x):
        y = self.norm_1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.feed_forward(self.norm_2(x))


class Block(torch.nn.Module):
    """One block as a module of one tensor, which is what every counter accepts."""
    def __init__(self, kind, sizes):
        super().__init__()
        if KINDS[kind] is None:
            self.block = TorchBlock(sizes)
        else:
            from transformers import GPT2Config
            from transformers.models.gpt2.modeling_gpt2 import GPT2Block
            config = GPT2Config(n_embd=sizes.d, n_head=sizes.heads, n_inner=sizes.d_ff)
            config._attn_implementation = KINDS[kind]
            self.block = GPT2Block(config, layer_idx=0)

    def forward(self, x):
        result = self.block(x)
        return result[0] if isinstance(result, tuple) else result


def torch_cpu(model, x):
    from torch.utils.flop_counter import FlopCounterMode
    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops()


def fvcore(model, x):
    from fvcore.nn import FlopCountAnalysis
    return int(FlopCountAnalysis(model, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def ptflops(backend):
    def count(model, x):
        from ptflops import get_model_complexity_info
        macs, _ = get_model_complexity_info(model, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False, backend=backend,
                                            input_constructor=lambda shape: {"x": x})
        return int(macs)
    return count


def calflops(model, x):
    from calflops import calculate_flops
    flops, _, _ = calculate_flops(model, args=[x], output_as_string=False, print_results=False, print_detailed=False)
    return int(flops)


def thop(model, x):
    from thop import profile
    macs, _ = profile(model, inputs=(x,), verbose=False)
    return int(macs)


COUNTERS = {  # name: package, unit, function
    "torch flop_counter, CPU": ("torch", "FLOP", torch_cpu),
    "torch flop_counter, meta device": ("torch", "FLOP", lambda model, x: torch_cpu(model.to("meta"), x.to("meta"))),
    "fvcore": ("fvcore", "MAC", fvcore),
    "ptflops, pytorch backend": ("ptflops", "MAC", ptflops("pytorch")),
    "ptflops, aten backend": ("ptflops", "MAC", ptflops("aten")),
    "calflops": ("calflops", "FLOP", calflops),
    "thop": ("thop", "MAC", thop),
}


def counted(counter, kind, sizes=Sizes()):
    """What one counter says of one way to write the block."""
    torch.manual_seed(0)
    model, x = Block(kind, sizes).eval(), torch.randn(1, sizes.n, sizes.d)
    with torch.no_grad(), redirect_stdout(StringIO()):
        return COUNTERS[counter][2](model, x)


def quiet():
    """The counters warn of each module that they do not know; the numbers say it as well."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)


if __name__ == "__main__":
    quiet()
    shared = Sizes()._asdict() | dict(torch=version("torch"), transformers=version("transformers"), date=date.today().isoformat())
    table = [dict(counter=name, version=version(package), unit=unit, block=kind, counted=counted(name, kind), note="", **shared)
             for name, (package, unit, _) in COUNTERS.items() for kind in KINDS]
    OUTPUT.parent.mkdir(exist_ok=True)
    with open(OUTPUT, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
