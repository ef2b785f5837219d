"""The taught layers in plain NumPy: on arrays they give values, under `trace` a count or a formula.

Nothing here knows about costs. `step` names a part of the computation for the ledger and does nothing else.
Lessons 02 to 06 write these functions in full, lesson 10 those on which its families stand; a test holds the two
to the same numbers. No layer has a bias but `layer_norm`; elementwise costs stand in each docstring.
"""

from helpers.layers.attention import (check_heads, check_kv_heads, dot_product_attention, grouped_query_attention,
                                      hide_future, join_heads, mix, mix_past, multi_head_attention, self_attention,
                                      split_heads)
from helpers.layers.backward import (block_backward, feed_forward_backward, gated_feed_forward_backward, gelu_backward,
                                     grouped_query_attention_backward, layer_norm_backward, matrix_product_backward,
                                     mix_backward, multi_head_attention_backward, projections_backward, relu_backward,
                                     rms_norm_backward, self_attention_backward, silu_backward, softmax_backward)
from helpers.layers.convolutions import causal_windows, convolution, separable_convolution
from helpers.layers.features import (elu_features, feature_cell, linear_attention, linear_attention_recurrent,
                                     mix_features, mix_features_recurrent, positive_features,
                                     random_feature_attention)
from helpers.layers.hashing import hash_buckets, hashed_attention, hashed_mask, random_rotations
from helpers.layers.latent import (latent_attention, latent_attention_absorbed, latent_attention_shapes, latent_cache,
                                   latent_mix, latent_mix_absorbed, latent_queries)
from helpers.layers.low_rank import low_rank_attention
from helpers.layers.models import block, block_shapes, language_model, language_model_shapes
from helpers.layers.patterns import (big_bird_blocks, block_mask, block_sparse_attention, masked_attention, strided_attention,
                                     strided_mask, window_mask, windowed_attention)
from helpers.layers.positionwise import (feed_forward, gated_feed_forward, gelu, layer_norm, relu, rms_norm, sigmoid,
                                         silu)
from helpers.layers.products import dot_product, matrix_product, softmax
from helpers.layers.recurrences import gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
from helpers.layers.state_space import (diagonal_state_space, diagonal_state_space_convolution, state_space_cell,
                                        state_space_kernel)

__all__ = [
    "big_bird_blocks", "block", "block_backward", "block_mask", "block_shapes", "block_sparse_attention",
    "causal_windows", "check_heads", "check_kv_heads", "convolution", "diagonal_state_space",
    "diagonal_state_space_convolution", "dot_product", "dot_product_attention", "elu_features", "feature_cell",
    "feed_forward", "feed_forward_backward", "gated_feed_forward", "gated_feed_forward_backward", "gelu",
    "gelu_backward", "grouped_query_attention", "grouped_query_attention_backward", "gru", "gru_cell", "hash_buckets",
    "hashed_attention", "hashed_mask", "hide_future", "join_heads", "language_model", "language_model_shapes",
    "latent_attention", "latent_attention_absorbed", "latent_attention_shapes", "latent_cache", "latent_mix",
    "latent_mix_absorbed", "latent_queries", "layer_norm", "layer_norm_backward", "linear_attention",
    "linear_attention_recurrent", "low_rank_attention", "lstm", "lstm_cell", "masked_attention", "matrix_product",
    "matrix_product_backward", "mix", "mix_backward", "mix_features", "mix_features_recurrent", "mix_past",
    "multi_head_attention", "multi_head_attention_backward", "positive_features", "projections_backward",
    "random_feature_attention", "random_rotations", "relu", "relu_backward", "rms_norm", "rms_norm_backward", "rnn",
    "rnn_cell", "self_attention", "self_attention_backward", "separable_convolution", "sigmoid", "silu",
    "silu_backward", "softmax", "softmax_backward", "split_heads", "state_space_cell", "state_space_kernel",
    "strided_attention", "strided_mask", "window_mask", "windowed_attention"]
