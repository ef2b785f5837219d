"""What a decoder-only Transformer costs, from its shape: parameters, FLOPs and bytes, as numbers and as formulas.

Each method is one formula. On whole numbers it gives a Python int, exact at any size; where a field or an
argument is a SymPy symbol it gives the expanded formula. Lesson 05 counts the parts one by one.
"""

from dataclasses import dataclass

from helpers.notation import text
from helpers.transformer.shape import NORMS, Shape, check_choice, check_size, check_switch, divide, is_symbol

__all__ = ["PARTS", "Transformer"]

PARTS = ("embedding", "positions", "attention projections", "scores and weighted sum", "feed-forward", "norms",
         "router", "logits")


@dataclass(frozen=True, repr=False)
class Transformer(Shape):
    """A decoder-only Transformer, known by its shape alone.

    n_layers L, d_model d, n_heads h, d_ff, vocab_size V have no default; the rest describes a GPT-2 block
    until told otherwise. `Shape` says what each field means and which ValueError a bad one raises.
    Whole numbers and symbols may be mixed: what is whole is put in, what is a symbol stays.

    Counted in FLOPs: matrix products, a multiply-add as 2. Not counted: softmax, norms, activations, biases,
    rotary positions, and the input embedding, which is a lookup. A mixture counts the experts that a token
    meets: experts_per_token + n_shared_experts of them.

    >>> gpt2 = Transformer(12, 768, 12, 3072, 50257, max_positions=1024)
    >>> gpt2.parameters(), gpt2.forward_flops(1024)
    (124439808, 291648307200)
    >>> from helpers.notation import n
    >>> gpt2.forward_flops(n)
    36864*n**2 + 247064064*n
    """

    @classmethod
    def symbolic(cls, **fields):
        """The Transformer of formulas: the course's symbols L, d, h, d_ff, V, h_kv, d_h in the fields of sizes.

        fields replace or add: `n_kv_heads=None, d_head=None` for heads of width d/h, `max_positions=n`, switches,
        experts. What is not given is absent: no learned positions, no mixture, no latent attention.

        >>> from helpers.notation import n, text
        >>> text(Transformer.symbolic(n_kv_heads=None, d_head=None).flops_by_part(n)["scores and weighted sum"])
        '4·L·n²·d'
        """
        from helpers import notation
        symbols = {"n_layers": "L", "d_model": "d", "n_heads": "h", "d_ff": "d_ff", "vocab_size": "V"}
        if "kv_lora_rank" not in fields:
            symbols |= {"n_kv_heads": "h_kv", "d_head": "d_h"}
        return Transformer(**{field: getattr(notation, name) for field, name in symbols.items()} | fields)

    def parameters(self):
        """All weights and biases, whether a token meets them or not: the sum of `parameters_by_part`.

        >>> Transformer(32, 4096, 32, 11008, 32000, gated=True, tied=False, attention_bias=False, mlp_bias=False,
        ...             norm="rms").parameters()
        6738415616
        """
        return _exact(sum(self.parameters_by_part().values()))

    def active_parameters(self, input_embedding=True):
        """The parameters that one token meets: all of them, less the experts that the router passes over.

        input_embedding: False leaves out the input table of V·d, of which a token meets one row. A tied table
        stays, because the logits multiply by all of it. Raises ValueError for input_embedding not True or False.

        >>> Transformer(32, 4096, 32, 14336, 32000, n_kv_heads=8, gated=True, tied=False, attention_bias=False,
        ...             mlp_bias=False, norm="rms", n_experts=8, experts_per_token=2).active_parameters()
        12879925248
        """
        check_switch(input_embedding, "input_embedding")
        idle = self.mixture_layers * (self.n_experts - self.experts_per_token) * self._expert_parameters()
        unmet = 0 if input_embedding or self.tied else self.vocab_size * self.d_model
        return _exact(self.parameters() - idle - unmet)

    def parameters_by_part(self):
        """Parameters of each of the `PARTS`, as a dict; a part without any holds 0.

        Two norms per layer and one at the end; a tied head has no parameters of its own. In latent attention
        the compressed query and the compressed keys and values have a norm each (DeepSeek-V2, section 2.1).

        >>> Transformer(12, 768, 12, 3072, 50257, max_positions=1024).parameters_by_part()["attention projections"]
        28348416
        """
        d, layers, scale = self.d_model, self.n_layers, NORMS[self.norm]
        biases = (self.n_heads + 2 * self.kv_heads) * self.head_width if self.attention_bias else 0
        if self.attention_bias if self.output_bias is None else self.output_bias:
            biases += d
        extra_norms = 2 * self.head_width if self.qk_norm else 0
        if self.is_latent:
            extra_norms = (self.q_lora_rank or 0) + self.kv_lora_rank
        experts = (self.n_experts + self.n_shared_experts) * self._expert_parameters()
        return self._parts({
            "embedding": self.vocab_size * d,
            "positions": self.max_positions * d,
            "attention projections": layers * (self._attention_weights() + biases),
            "feed-forward": ((layers - self.mixture_layers) * self._feed_forward_parameters(self.d_ff)
                             + self.mixture_layers * experts),
            "norms": scale * ((2 * layers + 1) * d + layers * extra_norms),
            "router": self.mixture_layers * self.n_experts * (d + int(self.router_bias)),
            "logits": 0 if self.tied else self.vocab_size * d,
        })

    def forward_flops(self, n, batch=1, causal=False, absorbed=False):
        """Matrix products of one forward pass over `batch` sequences of n tokens, logits of every token included.

        2·n·(weights that a token meets) + 2·h·(query width + value width)·(pairs of tokens). For GPT-2's shape
        L·(24nd² + 4n²d) + 2ndV. The pairs: n² with causal=False, even where a mask hides half of them, since the
        plain code computes them; exactly n(n + 1)/2 with causal=True. A window of w replaces n by min(n, w) keys.

        n: tokens; batch: sequences; causal: True counts only pairs that a token may see; absorbed: True only for
        latent attention, see `flops_by_part`. Any n is taken, beyond max_positions too: `describe(n)` says so.
        Raises ValueError for n or batch that is no positive whole number or symbol, and for other switches.

        >>> Transformer(1, 4, 2, 16, 10).forward_flops(3)
        1536
        >>> Transformer(1, 4, 2, 16, 10).forward_flops(3, causal=True)
        1488
        """
        return _exact(sum(self.flops_by_part(n, batch, causal, absorbed).values()))

    def flops_by_part(self, n, batch=1, causal=False, absorbed=False):
        """`forward_flops` of each of the `PARTS`, as a dict: lookups and norms have no matrix product and hold 0.

        absorbed: latent attention may multiply the queries by the keys' up-projection, and its output by the
        values', instead of expanding every key and value. The projections cost the same; a pair of tokens then
        costs 2·h·(2·kv_lora_rank + rope) rather than 2·h·(nope + rope + v). DeepSeek-V2, section 2.1.2.
        Raises ValueError as `forward_flops`, and for absorbed=True without latent attention.

        >>> Transformer(12, 768, 12, 3072, 50257).flops_by_part(1024)["logits"]
        79047426048
        """
        n, batch = check_size(n, "n"), check_size(batch, "batch")
        check_switch(causal, "causal")
        if check_switch(absorbed, "absorbed") and not self.is_latent:
            raise ValueError("absorbed: True belongs to latent attention; this model has none, leave it out")
        pair = 2 * self.n_heads * (self.head_width + self.value_width)
        if absorbed:
            pair = 2 * self.n_heads * (2 * self.kv_lora_rank + self.qk_rope_head_dim)
        tokens, layers, sparse = 2 * n * batch, self.n_layers, self.mixture_layers
        met = (self.experts_per_token + self.n_shared_experts) * self._feed_forward_weights(self.expert_width)
        return self._parts({
            "attention projections": tokens * layers * self._attention_weights(),
            "scores and weighted sum": batch * layers * pair * self._pairs(n, causal),
            "feed-forward": tokens * ((layers - sparse) * self._feed_forward_weights(self.d_ff) + sparse * met),
            "router": tokens * sparse * self.n_experts * self.d_model,
            "logits": tokens * self.vocab_size * self.d_model,
        })

    def training_flops(self, n, batch=1, causal=False, recompute="none"):
        """Matrix products of one training step: forward, backward (twice the forward), and what is recomputed.

        "none": 3 × forward. Exactly 3, although a first layer needs no gradient of its input when that input is
        data: here it is the embedding, which is learned. "full": every layer runs forward once more, 4 passes;
        the logits still take 3, as in Narayanan et al. 2021: 96·b·n·L·d²·(1 + n/(6d) + V/(16Ld)).
        n, batch, causal: as in `forward_flops`. Raises ValueError as that does, and for another recompute. Lesson 06.

        >>> Transformer(12, 768, 12, 3072, 50257).training_flops(1024) // 291648307200
        3
        """
        check_choice(recompute, "recompute", ("none", "full"))
        forward = self.forward_flops(n, batch, causal)
        again = forward - self.flops_by_part(n, batch, causal)["logits"] if recompute == "full" else 0
        return _exact(3 * forward + again)

    def kv_cache_bytes(self, n, batch=1, bytes_per_element=2, expanded=False):
        """Bytes that hold the keys and values of n tokens per sequence: 2·L·h_kv·d_h·n·b·bytes_per_element.

        Latent attention holds L·(kv_lora_rank + rope) elements a token instead; expanded=True counts the keys and
        values that these stand for. With a window only the last w tokens are held. Bytes, nothing to double.
        Raises ValueError for sizes that are no positive whole numbers or symbols; expanded without latent attention.

        >>> Transformer(80, 8192, 64, 28672, 128256, n_kv_heads=8).kv_cache_bytes(1)
        327680
        """
        held = check_size(batch, "batch") * check_size(bytes_per_element, "bytes_per_element")
        held *= self._keys(check_size(n, "n"))
        if check_switch(expanded, "expanded") and not self.is_latent:
            raise ValueError("expanded: True belongs to latent attention; this model has none, leave it out")
        elements = self.kv_heads * (self.head_width + self.value_width)
        if self.is_latent and not expanded:
            elements = self.kv_lora_rank + self.qk_rope_head_dim
        return _exact(self.n_layers * elements * held)

    def activation_bytes(self, n, batch=1):
        """Bytes that training keeps in the layers for the backward pass: L·n·b·d·(34 + 5hn/d), nothing recomputed.

        Korthikanti et al. 2022, section 4.1: 2-byte activations, 1-byte dropout masks, d_ff = 4d, h·d_h = d.
        Counted tensor by tensor, so that other widths and grouped heads come out as well: a layer keeps
        n·b·(10d + 4·d_ff + 4·h·d_h + 4·h_kv·d_h) + 5·h·n²·b. Already bytes, without embedding, last norm and logits.
        Raises ValueError where the paper's count does not hold: gated, mixture, latent, windowed, or with qk_norm.

        >>> Transformer(96, 12288, 96, 49152, 51200).activation_bytes(2048) == 96 * 2048 * 12288 * (34 + 80)
        True
        """
        n, batch = check_size(n, "n"), check_size(batch, "batch")
        for name, present in (("gated", self.gated), ("n_experts", self.is_mixture), ("kv_lora_rank", self.is_latent),
                              ("window", self.window is not None), ("qk_norm", self.qk_norm)):
            if present:
                raise ValueError(f"{name}: {getattr(self, name)} is outside Korthikanti et al.'s count, which is for "
                                 "dense ungated layers; count such a layer tensor by tensor (lesson 07)")
        kept = 10 * self.d_model + 4 * self.d_ff + 4 * (self.n_heads + self.kv_heads) * self.head_width
        return _exact(self.n_layers * batch * (n * kept + 5 * self.n_heads * n * n))

    def describe(self, n=None):
        """The shape in words; with n, also what that length means for this model.

        n: tokens. Raises ValueError if it is no positive whole number or symbol.

        >>> print(Transformer(12, 768, 12, 3072, 50257, max_positions=1024).describe(4096))
        12 layers of width 768 with 12 heads of width 64, feed-forward 3,072, vocabulary 50,257: 124,439,808 parameters.
        n = 4,096 is beyond the 1,024 learned positions: the formulas hold, but this model has no position to give token 1,025.
        """
        heads = f"{text(self.n_heads)} heads of width {text(self.head_width)}"
        if self.is_latent:
            heads += f", keys and values compressed to {text(self.kv_lora_rank)} + {text(self.qk_rope_head_dim)}"
        elif self.n_kv_heads is not None and self.n_kv_heads != self.n_heads:
            heads += f" that share {text(self.n_kv_heads)} of keys and values"
        inner = f"{'gated ' if self.gated else ''}feed-forward {text(self.d_ff)}"
        if self.is_mixture:
            inner += (f", {text(self.n_experts)} experts of {text(self.expert_width)} of which a token meets "
                      f"{text(self.experts_per_token)}")
            inner += f" and {text(self.n_shared_experts)} shared" if self.n_shared_experts else ""
        said = [f"{text(self.n_layers)} layers of width {text(self.d_model)} with {heads}, {inner}, "
                f"vocabulary {text(self.vocab_size)}: {text(self.parameters())} parameters."]
        if n is not None:
            n, most, window = check_size(n, "n"), self.max_positions, self.window
            if most and not is_symbol(n) and not is_symbol(most) and n > most:
                said.append(f"n = {text(n)} is beyond the {text(most)} learned positions: the formulas hold, "
                            f"but this model has no position to give token {text(most + 1)}.")
            if window is not None and not is_symbol(n) and not is_symbol(window) and n > window:
                said.append(f"n = {text(n)} is beyond the window: each token sees the last {text(window)} tokens only.")
        return "\n".join(said)

    def _attention_weights(self):
        """Weights of one layer's attention matrices; a token is multiplied by each of them once."""
        d, h = self.d_model, self.n_heads
        if not self.is_latent:
            return 2 * d * self.head_width * (h + self.kv_heads)
        queries, values = h * self.head_width, h * self.v_head_dim
        query = d * queries if self.q_lora_rank is None else self.q_lora_rank * (d + queries)
        compress = d * (self.kv_lora_rank + self.qk_rope_head_dim)
        return query + compress + self.kv_lora_rank * (h * self.qk_nope_head_dim + values) + values * d

    def _feed_forward_weights(self, width):
        return (3 if self.gated else 2) * self.d_model * width

    def _feed_forward_parameters(self, width):
        biases = (2 if self.gated else 1) * width + self.d_model if self.mlp_bias else 0
        return self._feed_forward_weights(width) + biases

    def _expert_parameters(self):
        return self._feed_forward_parameters(self.expert_width)

    def _keys(self, n):
        """The number of tokens that the last of n tokens sees."""
        if self.window is None:
            return n
        if is_symbol(n) or is_symbol(self.window):
            from sympy import Min
            return Min(n, self.window)
        return min(n, self.window)

    def _pairs(self, n, causal):
        """Query-key pairs of one head: n·m, or with causal=True those that exist: m(m + 1)/2 + (n − m)·m, m keys."""
        keys = self._keys(n)
        return divide(keys * (keys + 1), 2) + (n - keys) * keys if causal else n * keys

    @staticmethod
    def _parts(found):
        return {part: _exact(found.get(part, 0)) for part in PARTS}


def _exact(count):
    """An int as it is; a SymPy expression expanded, or as an int if no symbol is left in it."""
    if not is_symbol(count):
        return count
    return int(count) if count.is_Integer else count.expand()
