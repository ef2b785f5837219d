"""What a decoder-only Transformer costs, from its shape: parameters, FLOPs and bytes.

A model is a sum of layers: how many of which kind. On whole numbers each method gives a Python int,
exact at any size; where a field or an argument is a symbol, the expanded formula. Lesson 05 counts
the parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from helpers import notation
from helpers.notation import text
from helpers.sizes import (
    check_amount, check_choice, check_size, check_switch, exact, is_symbol)
from helpers.transformer.layer import (
    ABSENT, LAYER_CHECKS, MIXTURE, NORMS, RECOMPUTE, Block, Count, Layer, Size, Switch,
    check_at_most, checks_of, settle)

__all__ = ["NORMS", "PARTS", "RECOMPUTE", "Layer", "Transformer"]

PARTS = ("embedding", "positions", "attention projections", "scores and weighted sum",
         "feed-forward", "norms", "router", "logits")


@dataclass(frozen=True)
class _Differing:
    """A field that a model's layers do not share: whoever computes with it is told."""

    field: str

    def _refuse(self, *_):
        raise ValueError(f"{self.field}: differs from layer to layer; read it from .layers")

    __bool__ = __int__ = __index__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse


@dataclass(frozen=True, repr=False)
class Transformer(Block):
    """A decoder-only Transformer, known by its shape; `.layers` is a tuple of (how many, `Layer`).

    What has a default describes a GPT-2 block until told otherwise. All layers are alike, but for
    the first n_dense_layers of a mixture; `of_layers` makes a model whose layers differ. ValueError
    as `Layer`.

    FLOPs are of products with weights and of queries, keys and values; a multiply-add is 2. Left
    out are softmax, norms, activations, biases, rotary positions and lookups. A mixture counts what
    a token meets.

    >>> gpt2 = Transformer(12, 768, 12, 3072, 50257, max_positions=1024)
    >>> gpt2.parameters(), gpt2.forward_flops(1024), gpt2.forward_flops(notation.n)
    (124439808, 291648307200, 36864*n**2 + 247064064*n)
    """

    n_layers: Size  # L
    d_model: Size  # d
    n_heads: Size | None  # h
    d_ff: Size | None
    vocab_size: Size  # V
    max_positions: Count = 0  # learned positions; 0 for rotary or none
    tied: Switch = True  # the output head is the embedding table
    head_bias: Switch = False  # one bias for each entry of the vocabulary
    embedding_width: Size | None = None  # narrower tables, and a matrix between them and d_model
    embedding_norm: Switch = False  # a norm behind the embedding
    final_norm: Switch = True  # a norm before the logits
    n_dense_layers: Count = 0  # first layers of a mixture that keep one feed-forward of width d_ff
    mixed: tuple = ()  # given to `of_layers`; a field that says otherwise changes all layers

    def __post_init__(self):
        settle(self, OWN_CHECKS)
        mine = vars(self)
        given = {name: mine[name] for name in LAYER_CHECKS
                 if not isinstance(mine[name], _Differing)}
        layers = [(check_size(count, "layers"), replace(layer, **given))
                  for count, layer in self.mixed]
        if layers and sum(count for count, _ in layers) != self.n_layers:
            raise ValueError(f"n_layers: {self.n_layers} is not the number of layers given; "
                             "make the model again with Transformer.of_layers")
        mine["mixed"] = tuple(layers)
        layers = layers or [(self.n_layers, Layer(**given))]
        mine |= _common(layers)
        check_at_most(self, "n_dense_layers", "n_layers")
        if self.n_dense_layers != 0:
            if self.mixed or not self.is_mixture:
                raise ValueError(f"n_dense_layers: {self.n_dense_layers} has no meaning without "
                                 "n_experts, or with layers that differ; give n_dense_layers=0")
            names = f"{MIXTURE} n_experts experts_per_token".split()
            dense = replace(layers[0][1], **{name: ABSENT[name] for name in names})
            layers = [(self.n_dense_layers, dense),
                      (self.n_layers - self.n_dense_layers, layers[0][1])]
        mine["layers"] = tuple(pair for pair in layers if pair[0] != 0)

    @classmethod
    def of_layers(cls, layers, vocab_size, **fields):
        """A model of layers that differ: pairs (how many, `Layer`), and the model's own fields.

        A field of the model raises ValueError where layers differ and it is computed with.

        >>> windowed = Layer(640, 4, 2048, n_kv_heads=1, d_head=256, window=512)
        >>> full = replace(windowed, window=None)
        >>> Transformer.of_layers([(5, windowed), (1, full)], vocab_size=1000).kv_cache_bytes(8192)
        11010048
        """
        layers = tuple(layers) if isinstance(layers, (list, tuple)) else ()
        if not layers or not all(isinstance(pair, (list, tuple)) and len(pair) == 2
                                 and isinstance(pair[1], Layer) for pair in layers):
            raise ValueError("layers: give a list of pairs (how many, Layer), at least one")
        shared = _common(layers)
        differ = any(isinstance(value, _Differing) for value in shared.values())
        return cls(n_layers=sum(check_size(count, "layers") for count, _ in layers),
                   vocab_size=vocab_size, mixed=layers if differ else (), **shared | fields)

    @classmethod
    def from_config(cls, config, **more):
        """The model that a config.json describes, as Hugging Face publishes it: a dict or its path.

        Of a model for text and pictures, the text part; further heads that predict several tokens
        are left out. more: further fields of the model. ValueError for a type or a value that is
        not known, never a guess.

        >>> config = {"model_type": "gpt2", "n_layer": 12, "n_embd": 768}
        >>> Transformer.from_config(config).parameters()
        124439808
        """
        from helpers.transformer.config import layers_of

        layers, fields = layers_of(config)
        if "n_layers" in more:
            raise ValueError(f"n_layers: {more['n_layers']} is for the configuration to say; give "
                             "it another num_hidden_layers")
        return cls.of_layers(layers, **fields | more)

    @classmethod
    def symbolic(cls, **fields):
        """The Transformer of formulas: symbols L, d, h, d_ff, V, h_kv, d_h in the fields of sizes.

        fields replace or add: `n_kv_heads=None, d_head=None` for heads of width d/h.
        """
        of = notation
        heads = {} if "kv_lora_rank" in fields else {"n_kv_heads": of.h_kv, "d_head": of.d_h}
        return Transformer(**{"n_layers": of.L, "d_model": of.d, "n_heads": of.h, "d_ff": of.d_ff,
                              "vocab_size": of.V} | heads | fields)

    def parameters(self):
        """All weights and biases."""
        return exact(sum(self.parameters_by_part().values()))

    def active_parameters(self, input_embedding=True):
        """The parameters that one token meets: all, less the experts that the router passes over.

        input_embedding: False leaves out the input table, unless the logits multiply by it.
        """
        met = check_switch(input_embedding, "input_embedding") or self.tied
        idle = sum(count * layer.idle_parameters for count, layer in self.layers)
        return exact(self.parameters() - idle - (0 if met else self._tables[0]))

    def parameters_by_part(self):
        """{part: parameters} for each of the `PARTS`; a tied head has no parameters of its own."""
        table, turn = self._tables
        norms = NORMS[self.layers[-1][1].norm] * (int(self.final_norm) + int(self.embedding_norm))
        head = (0 if self.tied else table) + (self.vocab_size if self.head_bias else 0)
        return self._parts(Layer.parameters_by_part, {
            "embedding": table + turn, "positions": self.max_positions * self.d_model,
            "norms": norms * self.d_model, "logits": turn + head})

    def forward_flops(self, n, batch=1, causal=False):
        """Matrix products of a forward pass over `batch` sequences of n tokens, logits included.

        For GPT-2's shape L·(24nd² + 4n²d) + 2ndV. Pairs of tokens: n² with causal=False, even where
        a mask hides half, since the plain code computes them; exactly n(n + 1)/2 with causal=True.
        In a window of w a token meets min(n, w) keys. n may be beyond max_positions.
        """
        return exact(sum(self.flops_by_part(n, batch, causal).values()))

    def flops_by_part(self, n, batch=1, causal=False, last=False):
        """{part: FLOPs} of `forward_flops`; lookups and norms have no product and hold 0.

        last: of the last token alone, for which latent attention multiplies its queries by the
        keys' up-projection, and its output by the values', rather than expand every key and value
        ("absorbed"; DeepSeek-V2, section 2.1.2).
        """
        n, batch = check_size(n, "n"), check_size(batch, "batch")
        check_switch(causal, "causal"), check_switch(last, "last")
        tokens, (table, turn) = 1 if last else n, self._tables
        return self._parts(
            lambda layer: layer.flops_by_part(
                tokens, layer.keys(n) if last else layer.pairs(n, causal), last),
            {"embedding": 2 * tokens * turn, "logits": 2 * tokens * (table + turn)}, batch)

    def decode_flops(self, n, batch=1):
        """Matrix products of one further token a sequence, the last of n, which meets n keys."""
        return exact(sum(self.flops_by_part(n, batch, last=True).values()))

    def training_flops(self, n, batch=1, causal=False, recompute="none", fused=False,
                       adapters=None):
        """Matrix products of a training step: forward, backward (twice that), what is recomputed.

        "none": 3 × forward, exactly: what a first layer reads is learned, too. "selective":
        attention's core once more, scores and weighted sum (Korthikanti et al. 2022, section 5).
        "full": every layer runs forward once more, but not the logits (Narayanan et al. 2021):
        96·b·n·L·d²·(1 + n/(6d) + V/(16Ld)). Lesson 06.

        fused: attention's backward computes the scores once more, which is all of its core that
        "selective" would: its backward is 2.5 × its forward (Dao 2023, section 4.1). adapters: so
        many parameters beside the weights are trained, each met by every token, and the weights are
        frozen (LoRA; Hu et al. 2021): their products have a gradient of what they read, none of
        themselves, counted from the first layer on.
        """
        check_choice(recompute, "recompute", RECOMPUTE), check_switch(fused, "fused")
        parts = self.flops_by_part(n, batch, causal)
        core, forward = parts["scores and weighted sum"], sum(parts.values())
        again = {"none": 0, "selective": 0 if fused else core,
                 "full": forward - parts["logits"] - parts["embedding"]}[recompute]
        if fused:
            again += batch * sum(count * layer.score_flops(layer.pairs(n, causal))
                                 for count, layer in self.layers)
        if adapters is None:
            return exact(3 * forward + again)
        trained = 6 * check_size(adapters, "adapters") * n * batch
        return exact(2 * forward + core + trained + again)

    def kv_cache_bytes(self, n, batch=1, bytes_per_element=2, devices=1):
        """Bytes to go on after n tokens a sequence: 2·L·h_kv·d_h·n·b·bytes_per_element.

        Latent attention holds compressed keys and values. bytes_per_element: a whole number, a
        symbol or a fraction (q8_0: 34/32). devices: the sum over so many that share the heads; one
        that can't be divided further is held by each.
        """
        if isinstance(bytes_per_element, (Fraction, float)):
            size = Fraction(check_amount(bytes_per_element, "bytes_per_element"))
        else:
            size = check_size(bytes_per_element, "bytes_per_element")
        n, devices = check_size(n, "n"), check_size(devices, "devices")
        return exact(check_size(batch, "batch") * size * sum(
            count * layer.cache_elements(n, devices) for count, layer in self.layers))

    def activation_bytes(self, n, batch=1, recompute="none", dropout=True, fused=False):
        """Bytes that the layers keep for the backward pass (Korthikanti et al. 2022).

        "none": all of `Layer.activation_tensors`, in their layer L·n·b·d·(34 + 5hn/d). "selective":
        attention's core is computed again, 34·L·n·b·d. "full": the input of each layer, 2·L·n·b·d.
        fused: as in `Layer.activation_tensors`. What lives for one layer at a time is not in here.
        """
        check_choice(recompute, "recompute", RECOMPUTE)
        if recompute == "full":
            return exact(2 * check_size(n, "n") * check_size(batch, "batch") * self.d_model
                         * self.n_layers)
        return exact(sum(count * size for count, layer in self.layers
                         for *_, size, core in layer.activation_tensors(n, batch, dropout, fused)
                         if not (core and recompute == "selective")))

    def sheet(self, n):
        """A `Table` of parameters, bytes, FLOPs of n tokens, and where the pairs lead."""
        from helpers.transformer.sheet import sheet

        if is_symbol(check_size(n, "n")) or is_symbol(self.parameters()):
            raise ValueError(f"n: {n} or a field of the model is a symbol; a sheet needs numbers")
        return sheet(self, int(n))

    def describe(self):
        """The shape in words."""
        kinds = [f"{text(count)} of {layer.describe()}" for count, layer in self.layers]
        kinds = kinds if len(kinds) > 1 else [self.layers[0][1].describe()]
        return (f"{text(self.n_layers)} layers of width {text(self.d_model)} with "
                f"{'; '.join(kinds)}, vocabulary {text(self.vocab_size)}: "
                f"{text(self.parameters())} parameters.")

    @property
    def _tables(self):
        """Elements of one table of the vocabulary, and of the matrix between it and d_model."""
        narrow = self.embedding_width or 0
        return self.vocab_size * (narrow or self.d_model), narrow * self.d_model

    def _parts(self, of_layer, outside, times=1):
        """The sum of what of_layer gives for each part, and what stands outside the layers."""
        found = dict.fromkeys(PARTS, 0) | outside
        for count, layer in self.layers:
            for part, value in of_layer(layer).items():
                found[part] += count * value
        return {part: exact(times * value) for part, value in found.items()}


def _common(layers):
    """{field: the value that all layers have}, or `_Differing` where they have none in common."""
    first, *others = (vars(layer) for _, layer in layers)
    differ = {name for other in others for name in LAYER_CHECKS if other[name] != first[name]}
    return {name: _Differing(name) if name in differ else first[name] for name in LAYER_CHECKS}


OWN_CHECKS = {name: check for name, check in checks_of(Transformer).items()
              if name not in LAYER_CHECKS}
