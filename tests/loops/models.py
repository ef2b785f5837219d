"""The pre-norm block and the language model as loops over single numbers. Lesson 05."""

from collections import Counter

from loops.attention import grouped_query_attention
from loops.positionwise import feed_forward, gated_feed_forward, gelu, layer_norm, rms_norm
from loops.products import matrix_product


def block(x, gain_1, w_q, w_k, w_v, w_o, gain_2, w_in, w_out, bias_1=None, bias_2=None, w_gate=None, *,
          n_heads, n_kv_heads=None, norm="layer", causal=True):
    """x + attention(norm(x)), then x + feed-forward(norm(x)); gated where there is a w_gate."""
    normed, operations = _norm(x, gain_1, bias_1, norm)
    mixed, count = grouped_query_attention(normed, w_q, w_k, w_v, w_o, n_heads, n_kv_heads or n_heads, causal)
    operations += count
    x, count = _sum(x, mixed)
    operations += count
    normed, count = _norm(x, gain_2, bias_2, norm)
    operations += count
    if w_gate is None:
        fed, count = feed_forward(normed, w_in, w_out, gelu)
    else:
        fed, count = gated_feed_forward(normed, w_gate, w_in, w_out)
    operations += count
    x, count = _sum(x, fed)
    return x, operations + count


def language_model(tokens, embedding, final_gain, final_bias=None, w_logits=None, positions=None, *,
                   n_heads, n_kv_heads=None, norm="layer", causal=True, **stacked):
    """A lookup, L blocks, a last norm, a product with the vocabulary's table. stacked: the blocks' weights."""
    x, operations = [embedding[token] for token in tokens], Counter()
    if positions is not None:
        x, operations = _sum(x, positions)
    for layer in range(len(stacked["w_q"])):
        weights = {name: weight[layer] for name, weight in stacked.items()}
        x, count = block(x, **weights, n_heads=n_heads, n_kv_heads=n_kv_heads, norm=norm, causal=causal)
        operations += count
    x, count = _norm(x, final_gain, final_bias, norm)
    operations += count
    table = [list(column) for column in zip(*embedding)] if w_logits is None else w_logits
    logits, count = matrix_product(x, table)
    return logits, operations + count


def _norm(x, gain, bias, norm):
    return layer_norm(x, gain, bias) if norm == "layer" else rms_norm(x, gain)


def _sum(a, b):
    """Row by row and number by number, as many rows as `a` has: 1 addition each."""
    operations, rows = Counter(), []
    for a_row, b_row in zip(a, b):
        rows.append([])
        for a_i, b_i in zip(a_row, b_row):
            rows[-1].append(a_i + b_i)
            operations["add"] += 1
    return rows, operations
