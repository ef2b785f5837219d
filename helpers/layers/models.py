"""From layers to a model: the pre-norm block, and a language model from token numbers to logits. Lesson 05.

The arguments are named alike in all functions, so that `block_shapes` and `language_model_shapes` can be
handed to `trace` as they are. No matrix product has a bias.
"""

from helpers.layers.attention import grouped_query_attention
from helpers.layers.positionwise import feed_forward, gated_feed_forward, gelu, layer_norm, rms_norm
from helpers.layers.products import keep
from helpers.tracing import repeat, step


def block(x, gain_1, w_q, w_k, w_v, w_o, gain_2, w_in, w_out, bias_1=None, bias_2=None, w_gate=None, *,
          n_heads, n_kv_heads=None, norm="layer", causal=True, saved=None):
    """One pre-norm block: x + attention(norm(x)), then x + feed-forward(norm(x)).

    Matrix products: 4·n·d·d_h·(h + h_kv) + 4·n²·h·d_h, and 4·n·d·d_ff, or 6·n·d·d_ff gated. Besides:
    6·h·n² (7·h·n² causal), 8·n·d_ff for the GELU or 5·n·d_ff gated, two norms, 2·n·d for the two sums.
    x: (n, d); gain_1, gain_2, bias_1, bias_2: (d,); w_q: (d, h·d_h); w_k, w_v: (d, h_kv·d_h);
    w_o: (h·d_h, d); w_in, w_gate: (d, d_ff); w_out: (d_ff, d). Returns (n, d).
    n_kv_heads=None is as many as n_heads; norm="layer" needs the biases, norm="rms" has none; with w_gate
    the feed-forward layer is gated by SiLU, without it is GELU. Raises ValueError for heads that do not
    divide and for a norm that is unknown or does not match the biases.
    GPT-2 (Radford et al. 2019) is the one, Llama (Touvron et al. 2023) the other. Lesson 05.

    >>> from helpers.tracing import trace
    >>> trace(block, x=(5, 4), **block_shapes(d=4, d_ff=16, n_heads=2), n_heads=2).matmul_flops
    2320
    """
    n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
    with step("norm 1"):
        normed_1 = normalise(x, gain_1, bias_1, norm, part(saved, "norm_1"))
    with step("attention"):
        mixed = grouped_query_attention(normed_1, w_q, w_k, w_v, w_o, n_heads, n_kv_heads, causal,
                                        part(saved, "attention"))
    with step("residual sums"):
        x = x + mixed
    with step("norm 2"):
        normed_2 = normalise(x, gain_2, bias_2, norm, part(saved, "norm_2"))
    with step("feed-forward"):
        if w_gate is None:
            fed = feed_forward(normed_2, w_in, w_out, gelu, part(saved, "feed_forward"))
        else:
            fed = gated_feed_forward(normed_2, w_gate, w_in, w_out, saved=part(saved, "feed_forward"))
    keep(saved, normed_1=normed_1, normed_2=normed_2)
    with step("residual sums"):
        return x + fed


def language_model(tokens, embedding, final_gain, final_bias=None, w_logits=None, positions=None, *,
                   n_heads, n_kv_heads=None, norm="layer", causal=True, **stacked):
    """Token numbers in, logits out: a lookup, L blocks, a last norm, a product with the vocabulary.

    Matrix products: L times those of `block`, and 2·n·d·V for the logits; the lookup is no product.
    tokens: (n,) whole numbers below V; embedding: (V, d); final_gain, final_bias: (d,); w_logits: (d, V),
    or None to use the embedding once more (tied); positions: (n or more, d) learned, or None;
    stacked: the weights of `block` by name, each with an axis of length L in front. Returns (n, V).
    Raises what `block` raises, and IndexError for a token outside the vocabulary. Lesson 05.

    >>> from helpers.tracing import trace
    >>> shapes = language_model_shapes(n_layers=2, d=4, d_ff=16, n_heads=2, vocab_size=10)
    >>> trace(language_model, tokens=(5,), **shapes, n_heads=2).matmul_flops
    5040
    """
    with step("embedding"):
        x = embedding[tokens]
        if positions is not None:
            x = x + positions[:tokens.shape[0]]
    for layer in repeat(stacked["w_q"].shape[0]):
        weights = {name: weight[layer] for name, weight in stacked.items()}
        with step("blocks"):
            x = block(x, **weights, n_heads=n_heads, n_kv_heads=n_kv_heads, norm=norm, causal=causal)
    with step("final norm"):
        x = normalise(x, final_gain, final_bias, norm)
    with step("logits"):
        return x @ (embedding.T if w_logits is None else w_logits)


def block_shapes(d, d_ff, n_heads, n_kv_heads=None, d_head=None, gated=False, norm="layer"):
    """dict: name of each of `block`'s weights -> its shape. Sizes are whole numbers or symbols.

    d_head=None is d/n_heads. Raises ValueError if n_heads does not divide d then.

    >>> block_shapes(d=4, d_ff=16, n_heads=2, norm="rms")["w_in"]
    (4, 16)
    """
    if d_head is None:
        if not hasattr(d / n_heads, "free_symbols") and d % n_heads:
            raise ValueError(f"n_heads: {n_heads} heads do not divide the width d = {d}; give d_head as well")
        d_head = d / n_heads if hasattr(d / n_heads, "free_symbols") else d // n_heads
    width, kv_width = n_heads * d_head, (n_heads if n_kv_heads is None else n_kv_heads) * d_head
    shapes = {"gain_1": (d,), "w_q": (d, width), "w_k": (d, kv_width), "w_v": (d, kv_width), "w_o": (width, d),
              "gain_2": (d,), "w_in": (d, d_ff), "w_out": (d_ff, d)}
    return shapes | ({"w_gate": (d, d_ff)} if gated else {}) | (
        {"bias_1": (d,), "bias_2": (d,)} if norm == "layer" else {})


def language_model_shapes(n_layers, d, d_ff, n_heads, vocab_size, n_kv_heads=None, d_head=None, gated=False,
                          norm="layer", tied=True, max_positions=0):
    """dict: name of each of `language_model`'s weights -> its shape; the blocks' start with n_layers.

    max_positions=0 leaves out learned positions. The sum of the shapes' products is the number of
    parameters. Raises what `block_shapes` raises.

    >>> language_model_shapes(n_layers=2, d=4, d_ff=16, n_heads=2, vocab_size=10)["w_in"]
    (2, 4, 16)
    """
    shapes = {"embedding": (vocab_size, d), "final_gain": (d,)}
    shapes |= {"final_bias": (d,)} if norm == "layer" else {}
    shapes |= {} if tied else {"w_logits": (d, vocab_size)}
    shapes |= {"positions": (max_positions, d)} if max_positions else {}
    blocks = block_shapes(d, d_ff, n_heads, n_kv_heads, d_head, gated, norm)
    return shapes | {name: (n_layers, *shape) for name, shape in blocks.items()}


def normalise(x, gain, bias, norm, saved=None):
    """`layer_norm` or `rms_norm`, by its name; ValueError for another name or a bias that does not match."""
    if norm not in ("layer", "rms"):
        raise ValueError(f'norm: {norm!r} is not known; it is "layer" or "rms"')
    if (bias is None) == (norm == "layer"):
        raise ValueError(f'norm: "{norm}" {"needs" if norm == "layer" else "has no"} bias; '
                         f'{"give" if norm == "layer" else "leave out"} bias_1, bias_2 and final_bias')
    return rms_norm(x, gain, saved=saved) if bias is None else layer_norm(x, gain, bias, saved=saved)


def part(saved, name):
    """A dict of its own inside `saved` for one part of a block, or None where nothing is kept."""
    return None if saved is None else saved.setdefault(name, {})
