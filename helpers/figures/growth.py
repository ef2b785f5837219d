"""For the explorers, until they draw on their own scene: the axes of charts."""

from helpers.figures.charts import TOKENS, WIDTH, growth_axes, tick_text  # noqa: F401
