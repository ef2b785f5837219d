"""The stopwatch and the fit: known exponents come back, their intervals hold what they promise."""
from math import gamma, pi, sqrt
from time import sleep

import numpy as np
import pytest
from hypothesis import given, strategies as st

from helpers.measuring import STUDENT, Fit, fit_exponent, median_seconds


def test_students_quantiles():
    for freedom, t in enumerate(STUDENT, 1):
        x, half = np.linspace(-t, t, 100_001), (freedom + 1) / 2
        density = gamma(half) / gamma(freedom / 2) / sqrt(freedom * pi) * (1 + x * x / freedom) ** -half
        assert np.trapezoid(density, x) == pytest.approx(0.95, abs=5e-5)


@given(st.floats(-4, 4), st.floats(1e-6, 1e6), st.lists(st.integers(0, 30), min_size=3, max_size=9, unique=True))
def test_a_power_comes_back(exponent, factor, doublings):
    sizes = [2**k for k in doublings]
    fit = fit_exponent(sizes, [factor * size**exponent for size in sizes])
    assert fit.exponent == pytest.approx(exponent, abs=1e-6) and fit.low <= fit.exponent <= fit.high
    assert fit.high - fit.low < 1e-6 and fit.factor == pytest.approx(factor, rel=1e-4)


def test_the_slope_is_that_of_least_squares_and_says_its_interval():
    rng = np.random.default_rng(4)
    for many in range(3, 10):
        sizes, values = 2.0**np.arange(many), rng.uniform(1, 9, many)
        fit, x, y = fit_exponent(sizes, values), np.log(sizes) - np.log(sizes).mean(), np.log(values)
        slope = x @ y / (x @ x)
        left_over = y - y.mean() - slope * x
        assert fit.exponent == pytest.approx(slope)
        assert (fit.high - fit.low) / 2 == pytest.approx(STUDENT[many - 3] * sqrt(left_over @ left_over / (many - 2) / (x @ x)))
    assert str(Fit(1.4321, 1.2, 1.66, 3.0)) == "1.43 (1.20 to 1.66)"


@pytest.mark.parametrize("sizes, values", [
    ([1, 2], [1, 2]), ([1, 2, 3], [1, 2]), ([1, 0, 2], [1, 2, 3]), ([1, 2, 3], [1, -2, 3]),
    ([1, 2, 3], [1, float("nan"), 3]), ([5, 5, 5], [1, 2, 3]), ([1, 2, float("inf")], [1, 2, 3])])
def test_what_cannot_be_fitted_is_refused(sizes, values):
    with pytest.raises(ValueError, match="give at least three of each"):
        fit_exponent(sizes, values)


def test_a_pause_takes_its_time_and_an_outlier_does_not_count():
    pauses = iter([0, 0, 0.02, 0.3, 0.02, 0.02, 0.02])   # two to warm up; of the five measured one is disturbed
    seconds, = median_seconds(lambda: sleep(max(next(pauses), 0.001)), [()], rounds=5)
    assert 0.019 < seconds < 0.2


def test_inputs_take_turns_after_a_warm_up_and_quick_calls_are_repeated():
    seen, calls = [], []
    median_seconds(lambda name: (seen.append(name), sleep(0.001)), [("a",), ("b",)], rounds=3)
    assert seen == ["a", "a", "b", "b", *"ababab"]
    seconds, = median_seconds(lambda: calls.append(1), [()], rounds=1)
    assert len(calls) > 50 and 0 < seconds < 1e-4


@pytest.mark.parametrize("rounds", [0, 2.5, True])
def test_wrong_rounds_are_named(rounds):
    with pytest.raises(ValueError, match="rounds"):
        median_seconds(lambda: None, [()], rounds)
