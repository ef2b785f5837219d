"""The small package behind the notebooks; each module's docstring says what it holds.

`helpers` itself imports nothing, so that a notebook pays only for what it uses.
"""
