"""What lesson 15 checks with: models that the course shows nowhere else, and the key to their tables.

`cases` reads the configurations of notebooks/data/unseen_models.json as shapes; `values` has the entries of a table,
`mistakes` their usual wrong values, `judging` the hint that one number earns, `entries` the checks, and
`sheet` the verdict on a table and the report.
"""

from helpers.exercises.capstone.sheet import report

__all__ = ["report"]
