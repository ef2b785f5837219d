"""One layer of a Transformer: its fields, what they must satisfy, and what it costs part by part."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

from helpers.notation import text
from helpers.sizes import check_choice, check_size, check_switch, divide, is_symbol

NORMS = {"layer": 2, "rms": 1, "layer without bias": 1, "without weights": 0}  # weights for one of width
STATES = {"linear": 4, "delta": 6}  # FLOPs for each token and element of the state
MIXTURE = ("n_shared_experts", "d_expert", "d_shared", "router_bias", "shared_gate")
LATENT = ("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
NEEDS = (  # field, what it stands for, and the fields that have no meaning without it
    ("n_heads", "attention: n_heads", (
        "n_kv_heads", "d_head", "v_head_dim", "window", "chunk", "shared_cache", "sinks", "qk_norm",
        "output_gate", "kv_lora_rank", "state")),
    ("kv_lora_rank", "latent attention: kv_lora_rank", ("q_lora_rank", *LATENT[:2])),
    ("state", "a state: state='linear' or state='delta'", ("convolution", "head_gates")),
    ("d_ff", "a feed-forward: d_ff", ("n_experts",)),
    ("n_experts", "a mixture: n_experts above 1", MIXTURE),
    ("qk_norm", "norms on queries and keys: qk_norm=True", ("qk_norm_whole", "qk_norm_kind")))
EXCLUDES = (  # field, what it stands for, and the fields that have no meaning beside it
    ("kv_lora_rank", "latent attention", (
        "n_kv_heads", "d_head", "attention_bias", "qk_norm", "state", "shared_cache")),
    ("state", "a layer with a state", ("window", "chunk", "shared_cache", "sinks", "qk_norm")),
    ("window", "a layer with a window", ("chunk",)))

Size = Count = int  # at least 1, at least 0; or a SymPy symbol
Switch, Norm, State = bool, str, str
CHECKS = {"Size": check_size, "Count": partial(check_size, least=0), "Switch": check_switch,
          "Norm": partial(check_choice, choices=tuple(NORMS)),
          "State": partial(check_choice, choices=tuple(STATES))}


@dataclass(frozen=True, kw_only=True, repr=False)
class Block:
    """The fields of a `Layer`, and of a `Transformer` whose layers are all alike."""

    n_kv_heads: Size | None = None  # None: as many as n_heads; with a state: heads of queries and keys
    d_head: Size | None = None  # width of a head's query and key; None: d_model / n_heads
    v_head_dim: Size | None = None  # width of a head's value; None: as its key's
    attention_bias: Switch = True  # biases on queries, keys and values
    output_bias: Switch | None = None  # bias on attention's output; None: as attention_bias
    output_gate: Switch = False  # attention's output times a gate: one more matrix
    qk_norm: Switch = False  # a norm per head width on queries, another on keys
    qk_norm_whole: Switch = False  # … over all heads at once
    qk_norm_kind: Norm | None = None  # … of another kind than norm
    sinks: Switch = False  # one weight a head that takes a share of softmax
    window: Size | None = None  # a token sees this many tokens, itself included; None: all
    chunk: Size | None = None  # a token sees those before it in its chunk of this many
    shared_cache: Switch = False  # keys and values are those of an earlier layer
    q_lora_rank: Size | None = None  # latent attention: width of the compressed query; None: plain
    kv_lora_rank: Size | None = None  # … of the compressed keys and values; not None: latent attention
    qk_nope_head_dim: Size | None = None  # … per head of queries and keys, without rotary position
    qk_rope_head_dim: Size | None = None  # … and with it; on the key's side shared by all heads
    state: State | None = None  # "linear" or "delta": a state of fixed size, no keys and values
    convolution: Count = 0  # … tokens that a convolution over queries, keys and values spans
    head_gates: Count = 0  # … numbers that a token gives each head, as decay and step
    gated: Switch = False  # feed-forward of three matrices (SwiGLU) rather than two
    mlp_bias: Switch = True  # biases in the feed-forward
    n_experts: Size = 1  # routed experts; 1: no mixture
    experts_per_token: Size = 1
    n_shared_experts: Count = 0  # experts that every token passes
    d_expert: Size | None = None  # width of one expert; None: d_ff
    d_shared: Size | None = None  # width of one shared expert; None: as the others'
    router_bias: Switch = False  # one bias per routed expert
    shared_gate: Switch = False  # a gate on what the shared experts give
    norm: Norm = "layer"  # a key of NORMS
    norms: Count = 2  # a layer's norms of width d: 2 before or after, 4 both, 1 for a parallel block
    parallel: Switch = False  # attention and feed-forward read the same input
    extra_weights: Count = 0  # of a layer: what no other field names, and what multiplies nothing

    def __repr__(self):
        """The fields that differ from their defaults."""
        shown = {f.name: getattr(self, f.name) for f in sorted(fields(self), key=lambda f: f.kw_only)
                 if getattr(self, f.name) != f.default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @property
    def is_latent(self):
        """True if keys and values are cached compressed (DeepSeek-V2, section 2.1)."""
        return self.kv_lora_rank is not None

    @property
    def is_mixture(self):
        """True if a router chooses among experts."""
        return self.n_experts != 1

    @property
    def kv_heads(self):
        """Heads of keys and values: n_kv_heads, or n_heads where it is not given."""
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads

    @property
    def head_width(self):
        """Elements of one head's query: d_head, or d_model / n_heads where it is not given."""
        if self.is_latent:
            return self.qk_nope_head_dim + self.qk_rope_head_dim
        return divide(self.d_model, self.n_heads) if self.d_head is None else self.d_head

    @property
    def value_width(self):
        """Elements of one head's value."""
        return self.head_width if self.v_head_dim is None else self.v_head_dim

    @property
    def expert_width(self):
        """Inner width of one expert: d_expert, or d_ff where it is not given."""
        return self.d_ff if self.d_expert is None else self.d_expert


@dataclass(frozen=True, repr=False)
class Layer(Block):
    """Attention, or a state, or neither (n_heads=None), and a feed-forward, or none (d_ff=None).

    Sizes are whole numbers or symbols, mixed as you like. ValueError for a size that is neither, for sizes
    that do not fit (symbols are taken to fit), for a field that has no meaning beside the others.
    """

    d_model: Size
    n_heads: Size | None
    d_ff: Size | None

    def __post_init__(self):
        settle(self, LAYER_CHECKS)
        missing = [name for name in LATENT if self.is_latent and getattr(self, name) is None]
        if missing:
            raise ValueError(f"{', '.join(missing)}: left out; latent attention needs {', '.join(LATENT)}")

        def refuse(names, why):
            for name in names:
                if getattr(self, name) != ABSENT[name]:
                    raise ValueError(f"{name}: {getattr(self, name)} {why}; give {name}={ABSENT[name]}")
        for field, what, names in NEEDS:
            if getattr(self, field) == ABSENT[field]:
                refuse(names, f"needs {what}")
        for field, what, names in EXCLUDES:
            if getattr(self, field) != ABSENT[field]:
                refuse(names, f"has no meaning in {what}")
        d, h, groups = self.d_model, self.n_heads or 1, self.kv_heads or 1
        if not self.is_latent and self.d_head is None and _whole(d, h) and d % h:
            raise ValueError(f"n_heads: {h} heads do not divide d_model = {d}; give n_heads that divides, or d_head")
        if _whole(h, groups) and h % groups:
            divisors = ", ".join(str(i) for i in range(1, h + 1) if h % i == 0)
            raise ValueError(f"n_kv_heads: {groups} key-value heads do not divide n_heads = {h}; give one of {divisors}")
        check_at_most(self, "experts_per_token", "n_experts")

    def parameters_by_part(self):
        """{part: parameters}; the compressed query, keys and values have norms (DeepSeek-V2, section 2.1)."""
        queries, keys, *_ = widths = self._widths()
        found = self._weights(self.n_experts, self.mlp_bias)
        found["attention projections"] += self.extra_weights
        if self.n_heads is not None:
            output_bias = self.attention_bias if self.output_bias is None else self.output_bias
            found["attention projections"] += ((sum(widths[:4]) if self.attention_bias else 0)
                                               + (self.d_model if output_bias else 0)
                                               + (self.n_heads if self.sinks else 0))
        found["router"] += self.n_experts if self.router_bias else 0
        narrow = (self.q_lora_rank or 0) + self.kv_lora_rank if self.is_latent else 0
        if self.qk_norm:
            narrow = queries + keys if self.qk_norm_whole else self.head_width * (1 if self.shared_cache else 2)
        of_width = NORMS[self.norm], NORMS[self.qk_norm_kind or self.norm]
        return found | {"norms": of_width[0] * self.norms * self.d_model + of_width[1] * narrow}

    @property
    def idle_parameters(self):
        """Parameters of the experts that the router passes over for one token."""
        return self._feed_forward(self.n_experts, self.mlp_bias) - self._feed_forward(
            self.experts_per_token, self.mlp_bias)

    def flops_by_part(self, tokens, pairs, absorbed=False):
        """{part: FLOPs of products}: 2 for each token and weight, 2·h·(key + value width) for each pair a head has.

        absorbed: a pair costs 2·h·(2·kv_lora_rank + rope) (DeepSeek-V2, section 2.1.2). A state has no pairs:
        writing k·vᵀ and reading with q, 4 FLOPs an element and token (Katharopoulos et al. 2020); the delta
        rule reads with k as well, 6 (Yang et al. 2024).
        """
        found = {part: 2 * tokens * met for part, met in self._weights(self.experts_per_token).items()}
        core = 0
        if self.state is not None:
            core = STATES[self.state] * tokens * self.n_heads * self.head_width * self.value_width
        elif self.n_heads is not None:
            absorbed = absorbed and self.is_latent
            core = 2 * self.n_heads * pairs * (2 * self.kv_lora_rank + self.qk_rope_head_dim if absorbed
                                               else self.head_width + self.value_width)
        return found | {"scores and weighted sum": core}

    def keys(self, n):
        """Tokens that the last of n tokens sees at most: n, or as many as window or chunk hold."""
        most = self.chunk if self.window is None else self.window
        if most is None or _whole(n, most):
            return n if most is None else min(n, most)
        from sympy import Min
        return Min(n, most)

    def pairs(self, n, causal):
        """Pairs of a head: n², in a window n·w; causal: n(n + 1)/2 and w(w + 1)/2 + (n − w)·w. Chunk by chunk."""
        if self.chunk is not None:
            chunks, c = n // self.chunk, self.chunk
            squares = (c, chunks), (n - c * chunks, 1)
            return sum(count * (divide(m * (m + 1), 2) if causal else m * m) for m, count in squares)
        keys = self.keys(n)
        return divide(keys * (keys + 1), 2) + (n - keys) * keys if causal else n * keys

    def cache_elements(self, n, expanded=False):
        """Numbers kept to go on after n tokens of one sequence: keys and values; kv_lora_rank + rope a token in
        latent attention, unless expanded; a state, and what its convolution looks back on."""
        if self.n_heads is None or self.shared_cache:
            return 0
        if self.state is not None:
            looked_at = max(self.convolution - 1, 0) if _whole(self.convolution) else self.convolution - 1
            return self.n_heads * self.head_width * self.value_width + looked_at * sum(self._widths()[:3])
        if self.is_latent and not expanded:
            return (self.kv_lora_rank + self.qk_rope_head_dim) * self.keys(n)
        return self.kv_heads * (self.head_width + self.value_width) * self.keys(n)

    def activation_tensors(self, n, batch=1, dropout=True):
        """What is kept for the backward pass: rows (part, tensor, bytes, of attention's core), 16 bits, masks 8.

        With dropout, d_ff = 4d, h·d_h = d: n·b·d·(34 + 5hn/d), the core 5hn²b (Korthikanti et al. 2022, section
        4.1). Other widths, gates and norms alike; without dropout no masks, and scores are kept once. The core
        is what selective recomputation drops. ValueError for mixtures, latent attention and states.
        """
        n, batch, rows = check_size(n, "n"), check_size(batch, "batch"), []
        tokens, dropout = n * batch, check_switch(dropout, "dropout")
        for name in ("n_experts", "kv_lora_rank", "state"):
            if getattr(self, name) != ABSENT[name]:
                raise ValueError(f"{name}: {getattr(self, name)} is outside Korthikanti et al.'s count, which is "
                                 "for dense layers with keys and values; give a model without it")

        def keep(part, elements, *names, size=2, core=False):
            rows.extend((part, name, size * elements, core) for name in names)
        places = ("first", "second", "third", "fourth")[:1 if self.parallel else self.norms]
        norms = [f"input of the {place} norm" for place in places]
        half, width = len(norms) // 2 if self.n_heads is not None else len(norms), tokens * self.d_model
        if self.n_heads is not None:
            queries, keys, values, gate, mixed = (tokens * part for part in self._widths())
            squares = self.n_heads * batch * self.pairs(n, causal=False)
            keep("norms", width, *norms[:len(norms) - half])
            keep("attention", width, "input of the projections")
            if self.qk_norm:
                keep("norms", queries, "queries before their norm")
                keep("norms", keys, "keys before their norm")
            keep("attention", queries, "queries")
            keep("attention", keys, "keys")
            keep("attention", squares, "softmax's result", core=True)
            if dropout:
                keep("attention", squares, "mask of the weights' dropout", size=1, core=True)
                keep("attention", squares, "weights after dropout", core=True)
            keep("attention", values, "values")
            keep("attention", gate, "the gate", "what the gate multiplies")
            keep("attention", mixed, "input of the output projection")
            keep("attention", width, *["mask of the output's dropout"] * dropout, size=1)
        keep("norms", width, *norms[len(norms) - half:])
        if self.d_ff is not None:
            if not self.parallel or self.norms != 1:  # else attention has kept it
                keep("feed-forward", width, "input of the expansion")
            keep("feed-forward", tokens * self.d_ff, *(
                ("input of the gate's SiLU", "the gate", "what the gate multiplies") if self.gated
                else ("input of the activation",)), "input of the contraction")
            keep("feed-forward", width, *["mask of the output's dropout"] * dropout, size=1)
        return [row for row in rows if row[2] != 0]

    def describe(self):
        """Attention and feed-forward in words."""
        said = "no attention"
        if self.n_heads is not None:
            said = f"{text(self.n_heads)} heads of width {text(self.head_width)}"
            if self.is_latent:
                said += f", keys and values compressed to {text(self.kv_lora_rank)} + {text(self.qk_rope_head_dim)}"
            elif self.kv_heads != self.n_heads:
                said += f" that share {text(self.kv_heads)} of keys and values"
            said += " that an earlier layer has made" if self.shared_cache else ""
            said += f" and a state of {text(self.cache_elements(1))} numbers" if self.state is not None else ""
        if self.d_ff is None:
            return f"{said}, no feed-forward"
        said += f", {'gated ' if self.gated else ''}feed-forward {text(self.d_ff)}"
        if self.is_mixture:
            said += (f", {text(self.n_experts)} experts of {text(self.expert_width)} of which a token meets "
                     f"{text(self.experts_per_token)}")
        return said + (f" and {text(self.n_shared_experts)} shared" if self.n_shared_experts else "")

    def _widths(self):
        """Elements of a token's queries, keys, values, gate, and of attention's output before its matrix."""
        if self.n_heads is None:
            return 0, 0, 0, 0, 0
        many, few, wide = self.n_heads, self.kv_heads, self.value_width
        keys, values = (0, 0) if self.shared_cache else (few * self.head_width, few * wide)
        queries, mixed = many * self.head_width, many * wide
        if self.state is not None:
            queries, values = keys, mixed
        return queries, keys, values, mixed if self.output_gate else 0, mixed

    def _weights(self, routed, biased=False):
        """{part: weights that multiply}, with this many routed experts; biased: the feed-forward's biases too."""
        d, h, (queries, keys, values, gate, mixed) = self.d_model, self.n_heads, self._widths()
        attention = d * (queries + keys + values + gate + mixed)
        if self.is_latent:
            up = self.kv_lora_rank * (h * self.qk_nope_head_dim + mixed)
            query = d * queries if self.q_lora_rank is None else self.q_lora_rank * (d + queries)
            attention = query + d * (self.kv_lora_rank + self.qk_rope_head_dim + gate + mixed) + up
        if self.state is not None:
            attention += d * h * self.head_gates + self.convolution * (queries + keys + values)
        router = d * (self.n_experts + int(self.shared_gate)) if self.is_mixture else 0
        return {"attention projections": attention, "feed-forward": self._feed_forward(routed, biased),
                "router": router}

    def _feed_forward(self, routed, biased):
        d, inner = self.d_model, 2 if self.gated else 1
        widths = [(1, self.d_ff)] if self.d_ff is not None else []
        if self.is_mixture:
            widths = [(routed, self.expert_width), (self.n_shared_experts, self.d_shared or self.expert_width)]
        return sum(count * ((inner + 1) * d * width + (inner * width + d if biased else 0))
                   for count, width in widths)


def settle(shape, checks):
    """Put into each of these fields what its check returns: {name: (check, may it be None)}."""
    for name, (check, optional) in checks.items():
        value = getattr(shape, name)
        if value is not None or not optional:
            object.__setattr__(shape, name, check(value, name))


def checks_of(shape):
    """{name: (check, may it be None)} for the fields of a class, read from their annotations."""
    kinds = {f.name: f.type.split(" | ") for f in fields(shape)}
    return {name: (CHECKS[kind], bool(none)) for name, (kind, *none) in kinds.items() if kind in CHECKS}


def check_at_most(shape, name, limit):
    """ValueError if one field of a shape is above another."""
    value, most = getattr(shape, name), getattr(shape, limit)
    if _whole(value, most) and value > most:
        raise ValueError(f"{name}: {value} is above {limit} = {most}; give at most {most}")


def _whole(*values):
    return not any(map(is_symbol, values))


LAYER_CHECKS = checks_of(Layer)
ABSENT = {f.name: f.default for f in fields(Layer)} | dict(attention_bias=False, n_heads=None, d_ff=None)
