"""Bytes: what a model holds in memory, what a chip must move, and what to keep of a long chain. Lessons 07 and 09.

`footprint` says what a Transformer holds while it serves or learns, and whether that fits; `checkpoints` what a
backward pass may forget and compute again; `cache` simulates a small fast memory, `streams` the accesses of
attention that it is fed with.
"""

from helpers.memory.cache import Access, Cache, Traffic, block_traffic, simulate
from helpers.memory.checkpoints import CheckpointPlan, even_checkpoints, optimal_checkpoints
from helpers.memory.footprint import (Footprint, activation_bytes, activation_tensors, cache_equals_weights_tokens, fits,
                                      inference_footprint, kv_cache_bytes, output_bytes, training_footprint,
                                      training_state_bytes, weight_bytes)
from helpers.memory.precisions import BITS, OPTIMIZERS, Optimizer, bytes_of
from helpers.memory.streams import (largest_tile, plain_attention, plain_attention_elements, tile_elements,
                                    tiled_attention, tiled_attention_elements)

__all__ = [
    "Access", "BITS", "Cache", "CheckpointPlan", "Footprint", "OPTIMIZERS", "Optimizer", "Traffic", "activation_bytes",
    "activation_tensors", "block_traffic", "bytes_of", "cache_equals_weights_tokens", "even_checkpoints", "fits",
    "inference_footprint", "kv_cache_bytes", "largest_tile", "optimal_checkpoints", "output_bytes", "plain_attention",
    "plain_attention_elements", "simulate", "tile_elements", "tiled_attention", "tiled_attention_elements",
    "training_footprint", "training_state_bytes", "weight_bytes"]
