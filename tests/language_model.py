"""A language model of the course's own layers, from token numbers to logits, for tests."""

from helpers.layers import block, block_shapes
from helpers.layers.models import normalised
from helpers.tracing import repeat, step


def language_model(tokens, embedding, final_gain, final_bias=None, w_logits=None, positions=None, *,
                   n_heads, n_kv_heads=None, causal=True, **stacked):
    """A lookup, L blocks, a last norm, a product with the vocabulary: tokens (n,) -> (n, V).

    embedding: (V, d), tied without w_logits: (d, V); positions: (n or more, d) or None; stacked:
    the weights of `block`, each with an axis of length L in front.
    """
    with step("embedding"):
        x = embedding[tokens]
        if positions is not None:
            x = x + positions[:tokens.shape[0]]
    for layer in repeat(stacked["w_q"].shape[0]):
        weights = {name: weight[layer] for name, weight in stacked.items()}
        with step("blocks"):
            x = block(x, **weights, n_heads=n_heads, n_kv_heads=n_kv_heads, causal=causal)
    with step("final norm"):
        x = normalised(x, final_gain, final_bias)
    with step("logits"):
        return x @ (embedding.T if w_logits is None else w_logits)


def language_model_shapes(n_layers, d, d_ff, n_heads, vocab_size, n_kv_heads=None, d_head=None,
                          gated=False, norm="layer", tied=True, max_positions=0):
    """dict: name of each of `language_model`'s weights -> its shape."""
    blocks = block_shapes(d, d_ff, n_heads, n_kv_heads, d_head, gated, norm)
    return ({"embedding": (vocab_size, d), "final_gain": (d,)}
            | ({"final_bias": (d,)} if norm == "layer" else {})
            | ({} if tied else {"w_logits": (d, vocab_size)})
            | ({"positions": (max_positions, d)} if max_positions else {})
            | {name: (n_layers, *shape) for name, shape in blocks.items()})
