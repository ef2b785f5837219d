"""The five models of notebooks/data/unseen_models.json as shapes, the job that each gets, and how each is misread."""
from dataclasses import dataclass, replace

from helpers.transformer import Transformer

CHATS = 256     # the crowd that a table asks about
_BILLION, _TRILLION = 10**9, 10**12


@dataclass(frozen=True)
class Case:
    """A model as a shape, and the job that the lesson gives it. shared_norm: one norm a layer, not two."""

    shape: Transformer
    tokens: int
    train_n: int
    train_on: str
    accelerators: int
    utilisation: float
    serve_n: int
    serve_on: str
    shared_norm: bool = False


_LLAMA = dict(gated=True, attention_bias=False, mlp_bias=False, norm="rms")
GUIDED = "Gemma 7B"
CASES = {
    GUIDED: Case(Transformer(28, 3072, 16, 24576, 256000, d_head=256, **_LLAMA),
                 6 * _TRILLION, 8192, "TPU v5e", 4096, 0.4, 8192, "H100 SXM"),
    "Falcon 7B": Case(Transformer(32, 4544, 71, 18176, 65024, n_kv_heads=1, attention_bias=False, mlp_bias=False),
                      1500 * _BILLION, 2048, "A100 80GB", 384, 0.45, 2048, "RTX 4090", shared_norm=True),
    "StarCoderBase": Case(Transformer(40, 6144, 48, 24576, 49152, n_kv_heads=1, max_positions=8192),
                          _TRILLION, 8192, "A100 80GB", 512, 0.35, 8192, "A100 80GB"),
    "StarCoder2 7B": Case(Transformer(32, 4608, 36, 18432, 49152, n_kv_heads=4, window=4096),
                          3500 * _BILLION, 4096, "H100 SXM", 512, 0.35, 16384, "H100 SXM"),
    "Qwen3 30B-A3B": Case(Transformer(48, 2048, 32, 6144, 151936, n_kv_heads=4, d_head=128, tied=False, qk_norm=True,
                                      n_experts=128, experts_per_token=8, d_expert=768, **_LLAMA),
                          36 * _TRILLION, 4096, "H200", 2048, 0.3, 32768, "H200"),
}
UNSEEN = tuple(name for name in CASES if name != GUIDED)


def slips(case):
    """Triples (field, hint, the model misread in this field)."""
    shape = case.shape
    d, h = shape.d_model, shape.n_heads

    def misread(hint, **fields):
        return next(iter(fields)), hint, replace(shape, **fields)

    if shape.d_head is not None and d % h == 0:
        yield misread("head_dim stands in the file: here a head is not d/h wide", d_head=None)
    if shape.kv_heads != h:
        yield misread("the query heads share keys and values: how many heads of those are there?", n_kv_heads=None)
    yield misread("the feed-forward layer is gated: three matrices" if shape.gated else
                  "the feed-forward layer is not gated: two matrices", gated=not shape.gated)
    yield misread("one table serves input and output: it is held once" if shape.tied else
                  "the table is not tied: input and output have one each", tied=not shape.tied)
    biased = shape.attention_bias
    yield misread("every product in the layers has a bias" if biased else "no product has a bias here",
                  attention_bias=not biased, mlp_bias=not biased)
    yield misread("attention has biases as well" if biased else "attention has no biases here", attention_bias=not biased)
    yield misread("the feed-forward layer has biases as well" if biased else "the feed-forward layer has no biases here",
                  mlp_bias=not biased)
    yield misread("a layer norm has gain and bias, two numbers an element" if shape.norm == "layer" else
                  "an RMS norm has a gain and no bias", norm="rms" if shape.norm == "layer" else "layer")
    yield misread("the positions are learned here: a table of their own" if shape.max_positions else
                  "the positions are rotated: nothing of them is learned",
                  max_positions=0 if shape.max_positions else case.serve_n)
    if shape.qk_norm:
        yield misread("queries and keys have a norm each, in every layer", qk_norm=False)
    if shape.window is not None:
        yield misread("there is a window: a token sees the last 4,096 and no more", window=None)
    if shape.is_mixture:
        yield misread("a token does not meet all experts", experts_per_token=shape.n_experts)
        yield misread("no layer uses intermediate_size: an expert has a width of its own", d_expert=None)
        yield misread("no layer is dense: each has all its experts, and a token meets several", n_experts=1, experts_per_token=1,
                      d_expert=None)
