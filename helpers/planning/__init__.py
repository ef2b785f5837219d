"""Plans: what a budget trains, what a service costs, and which change meets a limit. Lesson 14.

`training` goes from accelerators and days to a model that can be built; `serving` from a model and its users to
seconds and money; `shrinking` from a limit to the change that meets it. Prices and rates are always the caller's.
"""
