"""Ask the FLOP counters that engineers use for one GPT-2 block, and store what they say.

    pip install -e ".[peers]"
    python tests/peers/measure_counters.py        # writes notebooks/data/flop_counters.csv

The block (d = 768, 12 heads, d_ff = 3072) reads n = 1024 tokens, batch 1, three times over: with attention
as matrix products, with PyTorch's fused scaled_dot_product_attention (both are transformers' GPT2Block), and
with torch.nn.MultiheadAttention in evaluation mode. Lesson 11 reads the CSV and explains each difference.
"""

import csv
import logging
import sys
import warnings
from contextlib import redirect_stdout
from datetime import date
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import torch

N, D, HEADS, D_FF = 1024, 768, 12, 3072
OUTPUT = Path(__file__).parents[2] / "notebooks" / "data" / "flop_counters.csv"


class TorchBlock(torch.nn.Module):
    """The same block from PyTorch's own modules."""

    def __init__(self):
        super().__init__()
        self.norm_1, self.norm_2 = torch.nn.LayerNorm(D), torch.nn.LayerNorm(D)
        self.attention = torch.nn.MultiheadAttention(D, HEADS, batch_first=True)
        self.feed_forward = torch.nn.Sequential(torch.nn.Linear(D, D_FF), torch.nn.GELU(), torch.nn.Linear(D_FF, D))

    def forward(self, x):
        y = self.norm_1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.feed_forward(self.norm_2(x))


class Block(torch.nn.Module):
    """One block as a module of one tensor, which is what every counter accepts."""

    def __init__(self, kind):
        super().__init__()
        if kind == "torch MultiheadAttention":
            self.block = TorchBlock()
        else:
            from transformers import GPT2Config
            from transformers.models.gpt2.modeling_gpt2 import GPT2Block
            config = GPT2Config(n_embd=D, n_head=HEADS, n_inner=D_FF)
            config._attn_implementation = {"matrix products": "eager", "fused attention": "sdpa"}[kind]
            self.block = GPT2Block(config, layer_idx=0)

    def forward(self, x):
        result = self.block(x)
        return result[0] if isinstance(result, tuple) else result


def torch_cpu(model, x):
    from torch.utils.flop_counter import FlopCounterMode
    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops()


def torch_meta(model, x):
    return torch_cpu(model.to("meta"), x.to("meta"))


def fvcore(model, x):
    from fvcore.nn import FlopCountAnalysis
    return int(FlopCountAnalysis(model, x).unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def ptflops(backend):
    def count(model, x):
        from ptflops import get_model_complexity_info
        macs, _ = get_model_complexity_info(model, (N, D), as_strings=False, print_per_layer_stat=False, backend=backend,
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


COUNTERS = [("torch flop_counter, CPU", "torch", "FLOP", torch_cpu), ("torch flop_counter, meta device", "torch", "FLOP", torch_meta),
            ("fvcore", "fvcore", "MAC", fvcore), ("ptflops, pytorch backend", "ptflops", "MAC", ptflops("pytorch")),
            ("ptflops, aten backend", "ptflops", "MAC", ptflops("aten")), ("calflops", "calflops", "FLOP", calflops),
            ("thop", "thop", "MAC", thop)]


def rows():
    for name, package, unit, count in COUNTERS:
        for kind in ("matrix products", "fused attention", "torch MultiheadAttention"):
            torch.manual_seed(0)
            model, x = Block(kind).eval(), torch.randn(1, N, D)
            try:
                with torch.no_grad(), redirect_stdout(StringIO()):
                    counted, note = count(model, x), ""
            except Exception as error:  # a counter that cannot read a module is a finding, not a failure
                counted, note = "", f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"
            print(f"{name:34s} {kind:24s} {counted} {note}", file=sys.stderr)
            yield dict(counter=name, version=version(package), unit=unit, block=kind, counted=counted, note=note,
                       n=N, d=D, heads=HEADS, d_ff=D_FF, torch=version("torch"), transformers=version("transformers"),
                       date=date.today().isoformat())


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    table = list(rows())
    OUTPUT.parent.mkdir(exist_ok=True)
    with open(OUTPUT, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    print(f"{len(table)} rows written", file=sys.stderr)
