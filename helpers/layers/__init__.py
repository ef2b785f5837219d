"""The taught layers in plain NumPy: on arrays they give values, under `trace` a count or a formula.

Nothing here knows about costs. `step` names a part of the computation for the ledger and does no
more. Lessons 02 to 06 and 10 write functions of their own and hold them to these.
"""

# ruff: noqa: F401
from helpers.layers.attention import (
    dot_product_attention, grouped_query_attention, hide_future, join_heads, latent_attention,
    latent_attention_absorbed, latent_attention_shapes, latent_cache, latent_mix,
    latent_mix_absorbed, latent_queries, matrix_product, mix, multi_head_attention, self_attention,
    softmax, split_heads)
from helpers.layers.backward import (
    block_backward, feed_forward_backward, gated_feed_forward_backward, gelu_backward,
    grouped_query_attention_backward, layer_norm_backward, matrix_product_backward, mix_backward,
    projections_backward, relu_backward, rms_norm_backward, self_attention_backward, silu_backward,
    softmax_backward)
from helpers.layers.cheaper import (
    big_bird_blocks, block_sparse_attention, hash_buckets, hashed_attention, hashed_mask,
    masked_attention, order_and_place, random_rotations, strided_attention, strided_mask,
    windowed_attention)
from helpers.layers.linear import (
    diagonal_state_space, diagonal_state_space_convolution, elu_features, feature_cell,
    linear_attention, linear_attention_recurrent, low_rank_attention, mix_features,
    mix_features_recurrent, positive_features, random_feature_attention, state_space_cell,
    state_space_kernel)
from helpers.layers.models import (
    block, block_shapes, feed_forward, gated_feed_forward, gelu, layer_norm, relu, rms_norm,
    sigmoid, silu)
from helpers.layers.rivals import (
    causal_windows, convolution, gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell,
    separable_convolution)
