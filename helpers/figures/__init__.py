"""The figures of the lessons and the house style they are drawn in.

Each function takes data and returns a Matplotlib `Figure`; none touches `pyplot`, so nothing
is left open. A lesson ends a figure cell with `show(figure, alt)`.
"""

from helpers.figures.audit import counters_figure, readings_figure, valleys_figure
from helpers.figures.capstone import capstone_chain
from helpers.figures.cheaper import error_panels, pattern_grid, recall_curves
from helpers.figures.course import banner, course_map
from helpers.figures.dance import dance_floor
from helpers.figures.growth import complexity_grid, growth_curves
from helpers.figures.matrices import attention_matrices
from helpers.figures.memory import kept_tensors, memory_bars
from helpers.figures.models import parts_twice, share_curves, weight_strips
from helpers.figures.products import product_sizes
from helpers.figures.rivals import ways_to_the_last_token, winners
from helpers.figures.roofline import roofline_places, roofline_schematic
from helpers.figures.steps import matrix_step
from helpers.figures.style import COLOURS, DASHES, MARKERS, house, new_figure, png, show, spread
from helpers.figures.tiling import memory_hierarchy
from helpers.figures.training import error_maps

__all__ = [
    "COLOURS", "DASHES", "MARKERS", "attention_matrices", "banner", "capstone_chain",
    "complexity_grid", "counters_figure", "course_map", "dance_floor", "error_maps", "error_panels", "growth_curves",
    "house", "kept_tensors", "matrix_step", "memory_bars", "memory_hierarchy", "new_figure", "parts_twice",
    "pattern_grid", "png", "product_sizes", "readings_figure", "recall_curves", "roofline_places",
    "roofline_schematic", "share_curves", "show", "spread", "valleys_figure", "ways_to_the_last_token",
    "weight_strips", "winners",
]
