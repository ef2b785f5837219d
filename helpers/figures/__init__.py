"""The figures of the lessons and the house style they are drawn in.

A lesson's cell plots on a `chart(…)`; a drawing such as `matrix_step(…)` brings its own alternative
text. `show(figure)` ends the cell. Nothing touches `pyplot`, so nothing is left open.
"""

from helpers.figures.charts import (  # noqa: F401
    chart, line_key, mark_place, name_ends, name_points, name_rows, slope_triangle, stacked_bars)
from helpers.figures.drawings import attention_matrices, matrix_step  # noqa: F401
from helpers.figures.style import COLOURS, house, new_figure, png, show  # noqa: F401
