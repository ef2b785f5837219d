"""Backward passes: what one step of training computes after the forward pass. Lesson 06.

Each function takes `g`, the gradient of the loss by the layer's output, then the layer's own arguments, then
by name what the forward pass put into `saved`:

    saved = {}
    y = self_attention(x, w_q, w_k, w_v, w_o, saved=saved)
    g_x, g_q, g_k, g_v, g_o = self_attention_backward(g, x, w_q, w_k, w_v, w_o, **saved)

It returns one gradient per array argument, in their order, each of its argument's shape (a norm needs of its
arguments only the gain; a block, which has many, returns a dict by name). Every forward matrix
product has two here, so the matrix products cost exactly twice the forward's. The one exception is a layer
whose input is data: input_gradient=False leaves out the product that only the input's gradient needs.
"""

from helpers.layers.backward.attention import (grouped_query_attention_backward, mix_backward,
                                               multi_head_attention_backward, projections_backward,
                                               self_attention_backward)
from helpers.layers.backward.models import block_backward
from helpers.layers.backward.positionwise import (feed_forward_backward, gated_feed_forward_backward, gelu_backward,
                                                  layer_norm_backward, relu_backward, rms_norm_backward,
                                                  silu_backward)
from helpers.layers.backward.products import matrix_product_backward, softmax_backward

__all__ = [
    "block_backward", "feed_forward_backward", "gated_feed_forward_backward", "gelu_backward",
    "grouped_query_attention_backward", "layer_norm_backward", "matrix_product_backward", "mix_backward",
    "multi_head_attention_backward", "projections_backward", "relu_backward", "rms_norm_backward",
    "self_attention_backward", "silu_backward", "softmax_backward"]
