"""The stopwatch and the fit: known exponents come back, their intervals hold what they promise."""

from math import atan, cos, pi, sin, sqrt
from time import sleep

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import measuring
from helpers.measuring import STUDENT, fit_exponent, median_seconds


def within(t, freedom):
    """P(|T| < t) of Student's distribution, by its closed form (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    term, total = (cos(angle), 0.0) if freedom % 2 else (1.0, 0.0)
    for k in range(1 + freedom % 2, freedom, 2):
        total += term
        term *= cos(angle)**2 * k / (k + 1)
    return 2 / pi * (angle + sin(angle) * total) if freedom % 2 else sin(angle) * total


@pytest.mark.parametrize("freedom, t", list(enumerate(STUDENT, 1)))
def test_students_quantiles(freedom, t):
    assert within(t, freedom) == pytest.approx(0.95, abs=5e-5)


@given(st.floats(-4, 4), st.floats(1e-6, 1e6), st.lists(st.integers(0, 30), min_size=3, max_size=9, unique=True))
def test_a_power_comes_back(exponent, factor, doublings):
    sizes = [2**k for k in doublings]
    fit = fit_exponent(sizes, [factor * size**exponent for size in sizes])
    assert fit.exponent == pytest.approx(exponent, abs=1e-6) and fit.low <= fit.exponent <= fit.high
    assert fit.high - fit.low < 1e-6 and fit.factor == pytest.approx(factor, rel=1e-4)


def test_the_slope_is_that_of_polyfit():
    xs, ys = np.array([1, 2, 4, 8, 16]), np.array([3, 5, 14, 30, 41])
    slope, covariance = np.polyfit(np.log(xs), np.log(ys), 1, cov=True)
    fit = fit_exponent(list(xs), list(ys))
    assert fit.exponent == pytest.approx(slope[0])
    assert (fit.high - fit.low) / 2 == pytest.approx(STUDENT[2] * sqrt(covariance[0, 0]))


def test_of_a_hundred_intervals_ninety_five_hold_the_exponent():
    rng, sizes = np.random.default_rng(4), [2.0**k for k in range(6)]
    fits = [fit_exponent(sizes, np.exp(2 * np.log(sizes) + rng.normal(0, 0.3, 6))) for _ in range(2_000)]
    assert sum(fit.low <= 2 <= fit.high for fit in fits) / 2_000 == pytest.approx(0.95, abs=0.015)


def test_a_fit_says_its_interval():
    assert str(measuring.Fit(1.4321, 1.2, 1.66, 3.0)) == "1.43 (1.20 to 1.66)"


@pytest.mark.parametrize("sizes, values, words", [
    ([1, 2], [1, 2], "at least three"), ([1, 2, 3], [1, 2], "3 numbers and values 2"), ([1, 0, 2], [1, 2, 3], "sizes holds 0"),
    ([1, 2, 3], [1, -2, 3], "values holds -2"), ([1, 2, 3], [1, float("nan"), 3], "values holds nan"),
    ([5, 5, 5], [1, 2, 3], "all 5"), ([1, 2, float("inf")], [1, 2, 3], "sizes holds inf")])
def test_what_cannot_be_fitted_is_named(sizes, values, words):
    with pytest.raises(ValueError, match=words):
        fit_exponent(sizes, values)


def test_a_pause_takes_its_time_and_an_outlier_does_not_count():
    pauses = iter([0, 0, 0.02, 0.3, 0.02, 0.02, 0.02])   # two to warm up; of the five measured one is disturbed
    seconds, = median_seconds(lambda: sleep(max(next(pauses), 0.001)), [()], rounds=5)
    assert 0.019 < seconds < 0.2


def test_inputs_take_turns_after_a_warm_up():
    seen = []
    median_seconds(lambda name: (seen.append(name), sleep(0.001)), [("a",), ("b",)], rounds=3)
    assert seen == ["a", "a", "b", "b", *"ababab"]


def test_quick_calls_are_repeated():
    calls = []
    seconds, = median_seconds(lambda: calls.append(1), [()], rounds=1)
    assert len(calls) > 50 and 0 < seconds < 1e-4


@pytest.mark.parametrize("inputs, rounds", [([], 5), ([()], 0), ([()], 2.5), ([()], True)])
def test_a_measurement_without_sense_is_refused(inputs, rounds):
    with pytest.raises(ValueError, match="at least 1 input"):
        median_seconds(lambda: None, inputs, rounds)


def test_an_error_in_the_function_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        median_seconds(lambda: 1 / 0, [()])


@pytest.mark.parametrize("measure, work, unit", [
    (lambda rounds: measuring.matrix_product_rate(8, rounds), 2 * 8**3, "FLOP"),
    (lambda rounds: measuring.copy_rate(100, rounds), 200, "byte")])
def test_a_rate_is_work_over_seconds_with_its_spread(measure, work, unit, monkeypatch):
    """On a clock that we set: two warm-up calls, then rounds of 1, 2 and 4 seconds each call."""
    seconds = iter([1.0, 1.0, 4.0, 1.0, 2.0])
    monkeypatch.setattr(measuring, "_seconds", lambda function, arguments, calls: (function(), next(seconds))[1])
    assert measure(3) == measuring.Rate(work / 2, work / 4, work / 1, unit)
    assert "to" in str(measuring.Rate(2e9, 1e9, 3e9, unit)) and unit in str(measuring.Rate(2e9, 1e9, 3e9, unit))


@pytest.mark.parametrize("arguments", [dict(size=0), dict(rounds=0), dict(size=2.5), dict(rounds=True)])
def test_rates_of_nothing_are_refused(arguments):
    for measure in (measuring.matrix_product_rate, measuring.copy_rate):
        with pytest.raises(ValueError, match=next(iter(arguments))):
            measure(**{"size": 4, "rounds": 1} | arguments)
