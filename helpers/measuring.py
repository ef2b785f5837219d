"""The reader's machine: how long a function takes, how that grows, what the machine reaches. Lessons 04 and 08.

A stopwatch is disturbed by other programs, so each size is measured several times in turns, after a warm-up,
and the median counts. An exponent is a fitted number: it comes with an interval.
"""

from dataclasses import dataclass
from math import exp, inf, log, sqrt
from statistics import median
from time import perf_counter

import numpy as np

# 97.5 % quantile of Student's t for 1, 2, … degrees of freedom; beyond the table the last, which is a little wide
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
           2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)


@dataclass(frozen=True)
class Fit:
    """y = factor · x^exponent, fitted; low and high: the 95 % interval of the exponent."""

    exponent: float
    low: float
    high: float
    factor: float

    def __str__(self):
        return f"{self.exponent:.2f} ({self.low:.2f} to {self.high:.2f})"


def median_seconds(function, inputs, rounds=5):
    """Seconds that `function(*arguments)` takes, the median for each of the `inputs`.

    inputs  a list of tuples of arguments
    rounds  measurements of each; the inputs take turns, so that a disturbance hits them all

    Each input runs once unmeasured, and quick calls are repeated until half a millisecond has passed. What
    `function` raises is passed on. Raises ValueError for no inputs, or for rounds below 1.

    >>> short, long = median_seconds(sum, [(range(10),), (range(100_000),)])
    >>> 0 < short < long
    True
    """
    if not inputs or isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise ValueError(f"inputs has {len(inputs)} entries and rounds = {rounds!r}; give at least 1 input, a tuple "
                         "of arguments, and a whole number of rounds from 1 on")
    calls = [max(1, round(0.0005 / min(_seconds(function, arguments, 1) for _ in range(2)))) for arguments in inputs]
    times = [[] for _ in inputs]
    for _ in range(rounds):
        for place, arguments in enumerate(inputs):
            times[place].append(_seconds(function, arguments, calls[place]))
    return [median(each) for each in times]


def _seconds(function, arguments, calls):
    start = perf_counter()
    for _ in range(calls):
        function(*arguments)
    return max(perf_counter() - start, 1e-9) / calls


def fit_exponent(sizes, values):
    """The line of least squares through log(values) over log(sizes): its slope is the exponent.

    sizes, values: at least three positive numbers each. Returns a `Fit`. The interval is the slope ± t·s: s the
    standard error from what the line leaves over, t Student's quantile for two points fewer than given. It
    holds for noise about a straight line; where the curve bends, it is wide because no single exponent fits.
    Raises ValueError for lists that differ in length, are too short, hold a value that is not above 0, or
    only one size.

    >>> print(fit_exponent([10, 100, 1000], [5, 500, 50_000]))
    2.00 (2.00 to 2.00)
    """
    if len(sizes) != len(values) or len(sizes) < 3:
        raise ValueError(f"sizes has {len(sizes)} numbers and values {len(values)}; give at least three, as many of each")
    for name, numbers in (("sizes", sizes), ("values", values)):
        for number in numbers:
            if not 0 < number < inf:
                raise ValueError(f"{name} holds {number!r}; a logarithm needs finite numbers above 0")
    xs, ys = [log(size) for size in sizes], [log(value) for value in values]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    if not spread:
        raise ValueError(f"sizes are all {sizes[0]!r}; an exponent needs at least two different sizes")
    slope = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys)) / spread
    left_over = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in zip(xs, ys))
    freedom = len(xs) - 2
    half = STUDENT[min(freedom, len(STUDENT)) - 1] * sqrt(left_over / freedom / spread)
    return Fit(slope, slope - half, slope + half, exp(y_mean - slope * x_mean))


@dataclass(frozen=True)
class Rate:
    """What a machine reached per second: the median of the rounds, and the slowest and the fastest."""

    median: float
    low: float
    high: float
    unit: str

    def __str__(self):
        return f"{self.median / 1e9:,.1f} ({self.low / 1e9:,.1f} to {self.high / 1e9:,.1f}) · 10⁹ {self.unit}/s"


def matrix_product_rate(size=1024, rounds=7, dtype="float32"):
    """FLOP/s of this machine's NumPy in a product of two size × size matrices: 2·size³ FLOPs a round, a `Rate`.

    The peak that a reader can use: NumPy's library, all the cores it takes, this precision. Lesson 08.
    Raises ValueError for a size or rounds below 1.

    >>> rate = matrix_product_rate(size=64, rounds=3)
    >>> 0 < rate.low <= rate.median <= rate.high
    True
    """
    _check_counts(size=size, rounds=rounds)
    a = np.full((size, size), 0.5, dtype)
    out = np.empty_like(a)
    return _rate(lambda: np.matmul(a, a, out=out), 2 * size**3, rounds, "FLOP")


def copy_rate(size=2**25, rounds=7):
    """Bytes/s of this machine's main memory while it copies `size` bytes: 2·size a round, read and written, a `Rate`.

    Take far more than the processor's caches hold: the default is 32 MiB each way. Hardware that reads a line before
    it writes it moves half as much again, which this does not see. Lesson 08. Raises ValueError as above.

    >>> rate = copy_rate(size=2**16, rounds=3)
    >>> 0 < rate.low <= rate.median <= rate.high
    True
    """
    _check_counts(size=size, rounds=rounds)
    source = np.ones(size, np.uint8)
    target = np.zeros_like(source)
    return _rate(lambda: np.copyto(target, source), 2 * size, rounds, "byte")


def _rate(function, work, rounds, unit):
    """Work per second of each round, after rounds that are not counted; short calls are repeated."""
    calls = max(1, round(0.005 / min(_seconds(function, (), 1) for _ in range(2))))
    rates = [work / _seconds(function, (), calls) for _ in range(rounds)]
    return Rate(median(rates), min(rates), max(rates), unit)


def _check_counts(**counts):
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"{name}: {count!r} is not a whole number of at least 1")
