"""The taught layers in plain NumPy: on arrays they give values, under `trace` a count or a formula.

Nothing here knows about costs; `step` names a part for the ledger and does no more. The lessons
write functions of their own and hold them to these.
"""

# ruff: noqa: F401
from helpers.layers import backward
from helpers.layers.attention import (
    grouped_query_attention, hide_future, join_heads, latent_attention, latent_attention_shapes,
    latent_mix, latent_queries, matrix_product, mix, multi_head_attention, self_attention, softmax)
from helpers.layers.cheaper import (
    hash_buckets, hashed_attention, random_rotations, strided_attention, windowed_attention)
from helpers.layers.linear import (
    elu_features, linear_attention, low_rank_attention, mix_features, mix_features_recurrent,
    positive_features, random_feature_attention)
from helpers.layers.models import (
    block, block_shapes, feed_forward, gated_feed_forward, gelu, layer_norm, relu, rms_norm,
    sigmoid, silu)
from helpers.layers.rivals import (
    causal_windows, convolution, gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell,
    separable_convolution)
