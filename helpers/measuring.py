"""How long a function takes on the reader's machine, and how that grows. Lessons 04, 08 and 09."""

from math import exp, isfinite, sqrt
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

from helpers.sizes import check_size

# 97.5 % quantile of Student's t for 1, 2, … degrees of freedom; beyond them the last, a little wide
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179,
           2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086)


class Fit(NamedTuple):
    """y = factor · x^exponent, fitted; low and high: the 95 % interval of the exponent."""

    exponent: float
    low: float
    high: float
    factor: float

    def __str__(self):
        return f"{self.exponent:.2f} ({self.low:.2f} to {self.high:.2f})"


def median_seconds(function, inputs, rounds=5):
    """Seconds that `function(*arguments)` takes, the median for each of the tuples in `inputs`.

    The inputs take turns, so that a disturbance hits them all. Each runs unmeasured first; quick
    calls are repeated until half a millisecond has passed. ValueError for rounds below 1.
    """
    def seconds(arguments, calls):
        start = perf_counter()
        for _ in range(calls):
            function(*arguments)
        return max(perf_counter() - start, 1e-9) / calls
    rounds = check_size(rounds, "rounds")
    calls = [max(1, round(0.0005 / min(seconds(each, 1), seconds(each, 1)))) for each in inputs]
    times = [[seconds(*each) for each in zip(inputs, calls)] for _ in range(rounds)]
    return [median(each) for each in zip(*times)]


def fit_exponent(sizes, values):
    """The least-squares line through log(values) over log(sizes), a `Fit`: its slope the exponent.

    The interval holds for noise about a straight line. ValueError for fewer than three pairs, for a
    single size, for what has no logarithm.
    """
    if (len(sizes) != len(values) or len(sizes) < 3 or len({*sizes}) < 2
            or not all(0 < x and isfinite(x) for x in (*sizes, *values))):
        raise ValueError(f"sizes {list(sizes)}, values {list(values)}: give at least three of "
                         "each, above 0 and finite, at two different sizes or more")
    logs = np.log(np.array([sizes, values], float))
    (slope, height), covariance = np.polyfit(*logs, 1, cov=True)
    half = STUDENT[min(len(sizes) - 2, len(STUDENT)) - 1] * sqrt(max(covariance[0, 0], 0))
    return Fit(float(slope), float(slope - half), float(slope + half), exp(height))
