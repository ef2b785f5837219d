"""One layer of a Transformer: its fields, what they must satisfy, what it costs part by part."""

from __future__ import annotations

from csv import DictReader
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path

from helpers.notation import text
from helpers.sizes import (
    check_choice, check_divides, check_size, check_switch, divide, is_symbol)

NORMS = {"layer": 2, "rms": 1, "layer without bias": 1, "without weights": 0}  # a width
STATES = {"linear": 4, "delta": 6}  # FLOPs for each token and element of the state
MIXTURE = "n_shared_experts d_expert d_shared router_bias shared_gate"
RECOMPUTE = ("none", "selective", "full")
KEPT = tuple(DictReader(Path(__file__).parents[1].joinpath("data/activation_tensors.csv")
                        .read_text(encoding="utf-8").splitlines()))
KEPT_BYTES = compile(", ".join(f"{row['bytes']} if {row['when']} else 0" for row in KEPT),
                     "activation_tensors.csv", "eval")
MEANING = (  # what has no meaning without a field, or with it
    ("without", "n_heads", "n_kv_heads d_head v_head_dim window chunk shared_cache sinks qk_norm "
     "output_gate kv_lora_rank state"),
    ("without", "kv_lora_rank", "q_lora_rank qk_nope_head_dim qk_rope_head_dim"),
    ("without", "state", "convolution head_gates"),
    ("without", "d_ff", "n_experts"),
    ("without", "n_experts", MIXTURE),
    ("without", "n_shared_experts", "d_shared shared_gate"),
    ("without", "qk_norm", "qk_norm_whole qk_norm_kind"),
    ("with", "kv_lora_rank", "n_kv_heads d_head attention_bias qk_norm state shared_cache"),
    ("with", "state", "window chunk shared_cache sinks qk_norm"),
    ("with", "window", "chunk"))

Size = Count = int  # at least 1, at least 0; or a SymPy symbol
Switch, Norm, State = bool, str, str
CHECKS = {"Size": check_size, "Count": partial(check_size, least=0), "Switch": check_switch,
          "Norm": partial(check_choice, choices=tuple(NORMS)),
          "State": partial(check_choice, choices=tuple(STATES))}


@dataclass(frozen=True, kw_only=True, repr=False)
class Block:
    """The fields of a `Layer`, and of a `Transformer` whose layers are all alike."""

    n_kv_heads: Size | None = None  # None: n_heads; with a state: heads of queries and keys
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
    kv_lora_rank: Size | None = None  # … of the compressed keys and values; None: not latent
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
    norms: Count = 2  # of width d: 2 before or after, 4 both, 1 in a parallel block
    parallel: Switch = False  # attention and feed-forward read the same input
    extra_weights: Count = 0  # of a layer: what no other field names, and what multiplies nothing

    def __repr__(self):
        """The fields that differ from their defaults."""
        shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in sorted(
            fields(self), key=lambda f: f.kw_only) if getattr(self, f.name) != f.default)
        return f"{type(self).__name__}({shown})"

    # Keys and values are cached compressed (DeepSeek-V2, section 2.1); a router chooses experts.
    is_latent = property(lambda self: self.kv_lora_rank is not None)
    is_mixture = property(lambda self: self.n_experts != 1)
    # Heads of keys and values, elements of a head's query and value, inner width of an expert.
    kv_heads = property(lambda self: self.n_heads if self.n_kv_heads is None else self.n_kv_heads)
    head_width = property(lambda self: self.d_head if self.d_head is not None else
                          self.qk_nope_head_dim + self.qk_rope_head_dim if self.is_latent else
                          divide(self.d_model, self.n_heads))
    value_width = property(
        lambda self: self.head_width if self.v_head_dim is None else self.v_head_dim)
    expert_width = property(lambda self: self.d_ff if self.d_expert is None else self.d_expert)


@dataclass(frozen=True, repr=False)
class Layer(Block):
    """Attention, or a state, or neither (n_heads=None), and a feed-forward, or none (d_ff=None).

    ValueError for sizes that do not fit (symbols do), and for a field without meaning among others.
    """

    d_model: Size
    n_heads: Size | None
    d_ff: Size | None

    def __post_init__(self):
        settle(self, LAYER_CHECKS)
        mine = vars(self)
        needed = ("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim") if self.is_latent else ()
        if missing := [name for name in needed if mine[name] is None]:
            raise ValueError(f"{', '.join(missing)}: left out; latent attention needs it")
        for word, field, names in MEANING:
            for name in names.split() if (mine[field] != ABSENT[field]) == (word == "with") else ():
                if mine[name] != ABSENT[name]:
                    raise ValueError(f"{name}: {mine[name]} has no meaning {word} {field}; "
                                     f"give {name}={ABSENT[name]}")
        d, h, groups = self.d_model, self.n_heads or 1, self.kv_heads or 1
        if not self.is_latent and self.d_head is None:
            check_divides(h, "n_heads", d, "d_model", ", or give d_head")
        check_divides(groups, "n_kv_heads", h, "n_heads")
        check_at_most(self, "experts_per_token", "n_experts")
        if whole(self.norms) and self.norms > 4:
            raise ValueError(f"norms: {self.norms} is above 4, one before and one behind attention "
                             "and feed-forward; give at most 4, and extra_weights for others")

    def parameters_by_part(self):
        """{part: parameters}, whether a token meets them or not."""
        return {part: sum(both) for part, both in self._weights(self.n_experts).items()}

    @property
    def idle_parameters(self):
        """Parameters of the experts that the router passes over for one token."""
        return sum(self._weights(self.n_experts)["feed-forward"]) - sum(
            self._met_weights["feed-forward"])

    def flops_by_part(self, tokens, pairs, absorbed=False):
        """{part: FLOPs of products} of so many tokens, with so many pairs of query and key a head.

        absorbed: as in `Transformer.flops_by_part` (DeepSeek-V2, section 2.1.2). A state has no
        pairs: writing k·vᵀ and reading with q cost 4 FLOPs an element and token (Katharopoulos et
        al. 2020); the delta rule reads with k as well, 6 (Yang et al. 2024).
        """
        found = {part: 2 * tokens * weights for part, (weights, _) in self._met_weights.items()}
        core = 0
        if self.state is not None:
            core = STATES[self.state] * tokens * self.n_heads * self.head_width * self.value_width
        elif self.n_heads is not None:
            wide = self.head_width + self.value_width
            if absorbed and self.is_latent:
                wide = 2 * self.kv_lora_rank + self.qk_rope_head_dim
            core = 2 * self.n_heads * wide * pairs
        return found | {"scores and weighted sum": core}

    def score_flops(self, pairs):
        """FLOPs of the products of queries and keys alone; 0 for a state."""
        plain = self.state is None and self.n_heads is not None
        return 2 * self.n_heads * self.head_width * pairs if plain else 0

    def keys(self, n):
        """Tokens that the last of n tokens sees at most: n, or as many as window or chunk hold."""
        most = self.chunk if self.window is None else self.window
        if most is None or whole(n, most):
            return n if most is None else min(n, most)
        from sympy import Min
        return Min(n, most)

    def pairs(self, n, causal):
        """A head's pairs of query and key: n², in a window n·w, c² in each chunk.

        causal: n(n + 1)/2, in a window w(w + 1)/2 + (n − w)·w.
        """
        if self.chunk is not None:
            chunks, c = n // self.chunk, self.chunk
            return sum(count * (divide(m * (m + 1), 2) if causal else m * m)
                       for m, count in ((c, chunks), (n - c * chunks, 1)))
        keys = self.keys(n)
        return divide(keys * (keys + 1), 2) + (n - keys) * keys if causal else n * keys

    def cache_elements(self, n, devices=1):
        """Numbers kept to go on after n tokens of a sequence: keys and values, or a state.

        A state is h·(key width)·(value width), and what its convolution looks back on. devices: the
        sum over so many that share the heads; a head that can't be divided is held by each.
        """
        if self.n_heads is None or self.shared_cache:
            return 0
        if self.state is not None:
            before = self.convolution - 1 if self.convolution != 0 else 0
            state = self.n_heads * self.head_width * self.value_width
            each = state + before * sum(self._widths[:3])
            return divide(each * held(self.n_heads, devices), self.n_heads)
        if self.is_latent:
            return devices * (self.kv_lora_rank + self.qk_rope_head_dim) * self.keys(n)
        return (held(self.kv_heads, devices) * (self.head_width + self.value_width)
                * self.keys(n))

    def activation_tensors(self, n, batch=1, dropout=True, fused=False):
        """What is kept for the backward pass: rows (part, tensor, bytes, of attention's core).

        They are those of data/activation_tensors.csv: inputs of products and nonlinearities in 16
        bits, 1-byte masks. With dropout, d_ff = 4d and h·d_h = d the bytes sum to n·b·d·(34 +
        5hn/d) (Korthikanti et al. 2022, section 4.1); other shapes are counted alike: a chosen
        expert has a copy of its tokens, a latent head a key of its own. The core, 5hn²b, is what
        selective recomputation drops; a fused kernel never has it, and keeps one 4-byte sum for
        each query and head. ValueError for states, of which programs keep very different parts.
        """
        n, batch = check_size(n, "n"), check_size(batch, "batch")
        check_switch(dropout, "dropout"), check_switch(fused, "fused")
        if self.state is not None:
            raise ValueError(f"state: {self.state!r} is outside Korthikanti et al.'s count, which "
                             "is for layers with keys and values; give a model without it")
        attends, feeds = self.n_heads is not None, self.d_ff is not None
        tokens, experts = n * batch, self.experts_per_token
        width, mask = 2 * tokens * self.d_model, tokens * self.d_model
        squares = batch * self.n_heads * self.pairs(n, causal=False) if attends else 0
        queries, keys, values, gate, mixed = (2 * tokens * part for part in self._widths)
        inner = 2 * tokens * sum(count * wide for count, wide in self._feed_forwards(experts))
        chosen, norms = experts if self.is_mixture else 0, 1 if self.parallel else self.norms
        apart = feeds and not (self.parallel and self.norms == 1)  # else it is kept above
        sizes = eval(KEPT_BYTES, vars(self) | locals())
        return [(row["part"], row["tensor"], size, row["core"] == "True")
                for row, size in zip(KEPT, sizes)
                if size != 0 and not (fused and row["core"] == "True")]

    def describe(self):
        """Attention and feed-forward in words; other sizes that are given, by their names."""
        heads = "no attention" if self.n_heads is None else (
            f"{text(self.n_heads)} heads of width {text(self.head_width)}")
        forward = f"{'gated ' if self.gated else ''}feed-forward {text(self.d_ff)}"
        said = [heads, "no feed-forward" if self.d_ff is None else forward]
        return ", ".join(said + [
            f"{name} = {text(value)}" for name, absent in ABSENT.items()
            if (value := getattr(self, name)) != absent and type(absent) is not bool
            and name not in ("d_model", "n_heads", "d_ff", "d_head", "norm", "norms")])

    @cached_property
    def _widths(self):
        """Elements of a token's queries, keys, values, gate, and what the output matrix reads."""
        if self.n_heads is None:
            return 0, 0, 0, 0, 0
        wide, made = self.value_width, 0 if self.shared_cache else self.kv_heads
        queries, keys, values = self.n_heads * self.head_width, made * self.head_width, made * wide
        mixed = self.n_heads * wide
        if self.state is not None:
            queries, values = keys, mixed
        return queries, keys, values, mixed if self.output_gate else 0, mixed

    @cached_property
    def _met_weights(self):
        return self._weights(self.experts_per_token)

    def _weights(self, routed):
        """{part: (weights that multiply, others)}, with this many routed experts.

        Others are biases, gains and what multiplies nothing. What is compressed has a norm, too
        (DeepSeek-V2, section 2.1).
        """
        d, h, (queries, keys, values, gate, mixed) = self.d_model, self.n_heads, self._widths
        attention, beside, normed = d * (queries + keys + values + gate + mixed), 0, 0
        if h is not None:
            output = self.attention_bias if self.output_bias is None else self.output_bias
            beside = (int(self.attention_bias) * (queries + keys + values + gate)
                      + int(output) * d + int(self.sinks) * h)
        if self.is_latent:
            up = self.kv_lora_rank * (h * self.qk_nope_head_dim + mixed)
            query = d * queries if self.q_lora_rank is None else self.q_lora_rank * (d + queries)
            attention = query + d * (self.kv_lora_rank + self.qk_rope_head_dim + gate + mixed) + up
            normed = self.kv_lora_rank + (self.q_lora_rank or 0)
        if self.state is not None:
            attention += d * h * self.head_gates + self.convolution * (queries + keys + values)
        if self.qk_norm:
            each = self.head_width * (1 if self.shared_cache else 2)
            normed = queries + keys if self.qk_norm_whole else each
        inner, forwards = 2 if self.gated else 1, self._feed_forwards(routed)
        biases = sum(count * (inner * width + d) for count, width in forwards)
        gains = NORMS[self.norm] * self.norms * d + NORMS[self.qk_norm_kind or self.norm] * normed
        return {"attention projections": (attention, beside + self.extra_weights),
                "feed-forward": (sum(count * (inner + 1) * d * width for count, width in forwards),
                                 int(self.mlp_bias) * biases),
                "router": (d * (self.n_experts + int(self.shared_gate)) if self.is_mixture else 0,
                           self.n_experts if self.router_bias else 0),
                "norms": (0, gains)}

    def _feed_forwards(self, routed):
        """Pairs (how many, width): the one, or so many routed experts and those that are shared."""
        if self.is_mixture:
            return [(routed, self.expert_width),
                    (self.n_shared_experts, self.d_shared or self.expert_width)]
        return [(1, self.d_ff)] if self.d_ff is not None else []


def settle(shape, checks):
    """Put into each of these fields what its check returns, as `checks_of` lists them."""
    mine = vars(shape)
    for name, (check, optional, default) in checks.items():
        value = mine[name]
        if value is not default and not (value is None and optional):
            mine[name] = check(value, name)


def checks_of(shape):
    """{field: (check, may it be None, default)} of a class, from its annotations."""
    kinds = {f: f.type.split(" | ") for f in fields(shape)}
    return {f.name: (CHECKS[kind], bool(none), f.default) for f, (kind, *none) in kinds.items()
            if kind in CHECKS}


def check_at_most(shape, name, limit):
    """ValueError if one field of a shape is above another."""
    value, most = getattr(shape, name), getattr(shape, limit)
    if whole(value, most) and value > most:
        raise ValueError(f"{name}: {value} is above {limit} = {most}; give at most {most}")


def held(heads, devices):
    """How many heads so many devices hold together: as they divide them, or one each."""
    return heads if devices == 1 else devices * -(-heads // devices)


def whole(*values):
    """True if none of the sizes is a symbol."""
    return not any(map(is_symbol, values))


LAYER_CHECKS = checks_of(Layer)
ABSENT = {f.name: f.default for f in fields(Layer)}
ABSENT |= {"attention_bias": False, "n_heads": None, "d_ff": None}
