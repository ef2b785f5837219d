"""The independent oracle: the same layers as loops over single numbers that count what they do.

Slow on purpose, and written without NumPy: nothing here is shared with `helpers.tracing` or
`helpers.layers`. Every function takes nested lists (or arrays) of numbers and returns
`(values, operations)`, where operations is a Counter such as `{"multiply": 6, "add": 6}` and
`operations.total()` is the number of FLOPs. Lesson 02.
"""

from loops.attention import (dot_product_attention, grouped_query_attention, multi_head_attention,
                                        self_attention)
from loops.convolutions import convolution, separable_convolution
from loops.features import (elu_features, feature_cell, linear_attention, linear_attention_recurrent,
                                       low_rank_attention, mix_features, mix_features_recurrent, positive_features,
                                       random_feature_attention)
from loops.hashing import hashed_attention
from loops.latent import latent_attention, latent_attention_absorbed
from loops.models import block, language_model
from loops.patterns import (block_sparse_attention, masked_attention, strided_attention,
                                       windowed_attention)
from loops.positionwise import (feed_forward, gated_feed_forward, gelu, layer_norm, relu, rms_norm, sigmoid,
                                           silu)
from loops.products import dot_product, matrix_product, softmax
from loops.recurrences import gru, gru_cell, lstm, lstm_cell, rnn, rnn_cell
from loops.state_space import (diagonal_state_space, diagonal_state_space_convolution, state_space_cell,
                                          state_space_kernel)

__all__ = [
    "block", "block_sparse_attention", "convolution", "diagonal_state_space", "diagonal_state_space_convolution",
    "dot_product", "dot_product_attention", "elu_features", "feature_cell", "feed_forward", "gated_feed_forward",
    "gelu", "grouped_query_attention", "gru", "gru_cell", "hashed_attention", "language_model", "latent_attention",
    "latent_attention_absorbed", "layer_norm", "linear_attention", "linear_attention_recurrent", "low_rank_attention",
    "lstm", "lstm_cell", "masked_attention", "matrix_product", "mix_features", "mix_features_recurrent",
    "multi_head_attention", "positive_features", "random_feature_attention", "relu", "rms_norm", "rnn", "rnn_cell",
    "self_attention", "separable_convolution", "sigmoid", "silu", "softmax", "state_space_cell", "state_space_kernel",
    "strided_attention", "windowed_attention"]
