"""The shape of a Transformer: its fields, what they must satisfy, and the widths that follow from them."""

from dataclasses import dataclass, fields

SIZES = ("n_layers", "d_model", "n_heads", "d_ff", "vocab_size", "n_experts", "experts_per_token")
COUNTS = ("max_positions", "n_shared_experts", "n_dense_layers")  # may be 0
OPTIONAL = ("n_kv_heads", "d_head", "d_expert", "window", "q_lora_rank", "kv_lora_rank",
            "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")  # may be None
SWITCHES = ("gated", "tied", "attention_bias", "output_bias", "mlp_bias", "qk_norm", "router_bias")
LATENT = ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
NORMS = {"layer": 2, "rms": 1}  # weights per element of width: scale and shift, or scale alone


def is_symbol(value):
    """True for a SymPy expression, False for a number (found without importing SymPy)."""
    return hasattr(value, "free_symbols")


def check_size(value, name, least=1):
    """`value` as an int, or as the SymPy expression it is; ValueError that names it if it is neither."""
    def refuse(why):
        raise ValueError(f"{name}: {value!r} {why}; give a whole number of at least {least} or a SymPy symbol")
    if isinstance(value, bool):
        refuse("is a truth value")
    if is_symbol(value) and not value.is_number:
        if value.is_positive is False or value.is_integer is False:
            refuse("is a symbol that cannot be a positive whole number")
        return value
    if is_symbol(value) and not value.is_Integer or not is_symbol(value) and not hasattr(value, "__index__"):
        refuse("is not a whole number")
    if int(value) < least:
        refuse(f"is below {least}")
    return int(value)


def check_switch(value, name):
    """`value` if it is True or False; ValueError that names it otherwise."""
    if not isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is not a switch; give True or False")
    return value


def check_choice(value, name, choices):
    """`value` if it is one of `choices`; ValueError that lists them otherwise."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: {value!r} is not known; give {' or '.join(map(repr, choices))}")
    return value


def divide(total, parts):
    """total / parts, exact: an int for whole numbers that divide, otherwise the SymPy quotient."""
    return total / parts if is_symbol(total) or is_symbol(parts) else total // parts


def _whole(*values):
    return not any(map(is_symbol, values))


@dataclass(frozen=True, repr=False)
class Shape:
    """The fields of `Transformer`, checked. Sizes are whole numbers or SymPy symbols, mixed as you like.

    Raises ValueError for a size that is neither, for sizes that do not fit one another (where both are
    whole; symbols are taken to fit) and for a field that has no meaning in this architecture.

    >>> Shape(12, 768, 12, 3072, 50257).head_width
    64
    """

    n_layers: int
    d_model: int
    n_heads: int
    d_ff: int
    vocab_size: int
    n_kv_heads: int | None = None  # None: as many as n_heads
    d_head: int | None = None  # None: d_model / n_heads
    max_positions: int = 0  # learned positions; 0 for rotary or none
    gated: bool = False  # feed-forward of three matrices (SwiGLU) rather than two
    tied: bool = True  # the output head is the embedding table
    attention_bias: bool = True  # biases on queries, keys and values
    output_bias: bool | None = None  # bias on attention's output; None: as attention_bias
    mlp_bias: bool = True  # biases in the feed-forward
    norm: str = "layer"  # "layer": scale and shift; "rms": scale
    qk_norm: bool = False  # a norm per head width on queries, another on keys
    n_experts: int = 1  # routed experts; 1: no mixture
    experts_per_token: int = 1
    n_shared_experts: int = 0  # experts that every token passes
    n_dense_layers: int = 0  # first layers that keep the one feed-forward of width d_ff
    d_expert: int | None = None  # width of one expert; None: d_ff
    router_bias: bool = False  # one bias per routed expert
    window: int | None = None  # a token sees this many tokens, itself included; None: all
    q_lora_rank: int | None = None  # latent attention: width of the compressed query; None: not compressed
    kv_lora_rank: int | None = None  # width of the compressed keys and values; not None: latent attention
    qk_nope_head_dim: int | None = None  # per head of queries and keys, without rotary position
    qk_rope_head_dim: int | None = None  # … and with it (on the key's side shared by all heads)
    v_head_dim: int | None = None  # per head of values

    def __post_init__(self):
        checked = {name: check_size(getattr(self, name), name) for name in SIZES}
        checked |= {name: check_size(getattr(self, name), name, least=0) for name in COUNTS}
        checked |= {name: check_size(getattr(self, name), name) for name in OPTIONAL if getattr(self, name) is not None}
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        for name in SWITCHES:
            if name != "output_bias" or self.output_bias is not None:
                check_switch(getattr(self, name), name)
        check_choice(self.norm, "norm", NORMS)
        self._check_latent() if self.is_latent else self._check_heads()
        self._check_experts()

    def _check_heads(self):
        stray = [name for name in ("q_lora_rank", *LATENT) if getattr(self, name) is not None]
        if stray:
            raise ValueError(f"{', '.join(stray)}: belong to latent attention, which needs kv_lora_rank as well")
        d, h, groups = self.d_model, self.n_heads, self.kv_heads
        if self.d_head is None and _whole(d, h) and d % h:
            raise ValueError(f"n_heads: {h} heads do not divide d_model = {d}; give n_heads that divides, or d_head")
        if _whole(h, groups) and h % groups:
            divisors = ", ".join(str(i) for i in range(1, h + 1) if h % i == 0)
            raise ValueError(f"n_kv_heads: {groups} key-value heads do not divide n_heads = {h}; give one of {divisors}")

    def _check_latent(self):
        missing = [name for name in LATENT if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{', '.join(missing)}: left out; latent attention needs {', '.join(LATENT)}")
        for name in ("n_kv_heads", "d_head"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}: {getattr(self, name)} has no meaning in latent attention; leave it out")
        for name in ("attention_bias", "qk_norm"):
            if getattr(self, name):
                raise ValueError(f"{name}: latent attention is defined without it; give {name}=False")

    def _check_experts(self):
        if not self.is_mixture:
            absent_without = {"n_shared_experts": 0, "n_dense_layers": 0, "d_expert": None, "router_bias": False}
            for name, absent in absent_without.items():
                if getattr(self, name) != absent:
                    raise ValueError(f"{name}: {getattr(self, name)} needs a mixture; give n_experts above 1 or leave it out")
        for name, most, limit in (("experts_per_token", "n_experts", self.n_experts),
                                  ("n_dense_layers", "n_layers", self.n_layers)):
            value = getattr(self, name)
            if _whole(value, limit) and value > limit:
                raise ValueError(f"{name}: {value} is above {most} = {limit}; give at most {limit}")

    def __repr__(self):
        """The fields that differ from their defaults."""
        shown = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default]
        return f"{type(self).__name__}({', '.join(shown)})"

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
        """Elements of one head's value: as the query's, except in latent attention."""
        return self.v_head_dim if self.is_latent else self.head_width

    @property
    def expert_width(self):
        """Inner width of one expert: d_expert, or d_ff where it is not given."""
        return self.d_ff if self.d_expert is None else self.d_expert

    @property
    def mixture_layers(self):
        """Layers with a router and experts; 0 for a model that is no mixture."""
        return self.n_layers - self.n_dense_layers if self.is_mixture else 0
