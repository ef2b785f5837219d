"""The oracle: hand-known counts, NumPy's own values, and a refusal by name of all else."""

import ast
import math
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from helpers import counting, layers
from helpers.counting import count
from helpers.tracing import trace

RNG = np.random.default_rng(0)
X, Y, WHOLE = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2)), RNG.integers(-5, 5, (3, 4))
TRUE, CUBE = X > 0, RNG.normal(size=(5, 3, 4))
NAN = np.where(np.arange(4) == 2, np.nan, X)


def filled(x):
    """Arrays made inside join the count as soon as counted numbers go in; a mask of sizes alone is free."""
    rows, view = np.zeros((3, 4)), np.ones((3, 4))
    mask = np.ones((3, 4)) * -1e9
    for i in range(3):
        rows[i] = 2 * x[i]
    np.reshape(view, (2, 6))[0, :4] = x[0]
    return rows + mask, view - 1, mask * 2


def in_place(x):
    x += 1
    x[0] *= 2
    x.sort()
    return x


# the code, its argument, its FLOPs by hand
KNOWN = [
    (lambda x: x + 2 * x - x / 3, X, 48), (lambda x: x ** 3, X, 12), (lambda x: -abs(x), WHOLE, 24), (lambda x: 2 ** x, X, 12),
    (lambda x: x.astype(np.float32) * 2.0, X, 12), (lambda x: (x & ~x) | x, TRUE, 36), (lambda x: x // 2 + x % 2, WHOLE, 36),
    (lambda x: np.exp(x) >= np.tanh(x), X, 36), (np.isnan, NAN, 12), (lambda x: np.where(x > 0, x, 0), X, 24), (np.round, X, 12),
    (lambda x: x.sum(), X, 12), (lambda x: x.sum(), TRUE, 12), (lambda x: np.sum(x, axis=(0, 1), keepdims=True), X, 12),
    (lambda x: sum(x), X, 12), (lambda x: np.prod(x, -1), X, 12), (lambda x: np.max(x, 0), NAN, 12), (lambda x: x.min(), X, 12),
    (lambda x: np.any(x > 0), X, 24), (lambda x: x.all(axis=1), TRUE, 12),
    (lambda x: x.mean(0), X, 16), (lambda x: x.mean(), WHOLE, 13), (np.average, X, 13), (lambda x: x.var(1), X, 54),
    (lambda x: np.std(x, ddof=1), X, 51), (np.linalg.norm, X, 25),
    (lambda x: x.cumsum(), X, 12), (lambda x: np.cumprod(x, axis=0), X, 12), (lambda x: x.clip(-1, 1), X, 24),
    (lambda x: np.clip(x, None, 0), X, 12), (lambda x: np.argmax(x, 1), NAN, 12), (lambda x: x.argmin(), X, 12),
    (np.sort, X, 24), (lambda x: np.argsort(x, axis=0, kind="stable"), NAN, 24), (lambda x: np.sort(x, None), X, 48),
    (lambda x: x @ Y, X, 48), (lambda x: x @ x[0], X, 24), (lambda x: x[0] @ x[1], X, 8), (lambda x: np.matmul(x, Y), CUBE, 240),
    (lambda x: x @ x.transpose(0, 2, 1), CUBE, 5 * 72), (lambda x: x.mT, CUBE, 0), (lambda x: np.dot(x, Y), CUBE, 240), (lambda x: x.dot(2.0), X, 12), (lambda x: x @ x.T, WHOLE, 72),
    (lambda x: np.outer(x[0], x[1]), X, 16),
    (lambda x: np.einsum("ij,jk->ik", x, Y), X, 48), (lambda x: np.einsum("...j,jk->...k", x, Y), CUBE, 240),
    (lambda x: np.einsum("ij->j", x), X, 12), (lambda x: np.einsum("ij,ij,ij->ij", x, x, x), X, 24),
    (lambda x: np.add.reduce(x), X, 12), (lambda x: np.maximum.accumulate(x, axis=1), X, 12), (np.add.accumulate, X, 12), (lambda x: np.add.outer(x, x), X, 144),
    (lambda x: [np.split(x.T, 2), np.hstack([x, x]), np.pad(x, 1), np.tile(x, 2), x[x > 0].shape, np.zeros_like(x)], X, 12),
    (lambda x: x.reshape(4, -1).transpose(1, 0)[..., None, ::2].repeat(2, axis=0), X, 0), (filled, X, 36), (in_place, X.copy(), 40),
    (lambda x: np.array([2 * x[0], x[1]]) + np.arange(4), X, 12), (lambda x: [x @ np.ones((3, 2)), x.sum(0), x.sum(1), np.sort(x)], np.ones((0, 3)), 0)]


def assert_same(values, expected):
    if isinstance(expected, (list, tuple)):
        assert len(values) == len(expected)
        for value, other in zip(values, expected):
            assert_same(value, other)
    else:
        assert np.shape(values) == np.shape(expected) and np.asarray(values).dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(values, expected, rtol=1e-6)


@pytest.mark.parametrize("function, x, flops", KNOWN)
def test_the_count_is_the_one_by_hand_and_the_values_are_numpys(function, x, flops):
    values, operations = count(lambda x: function(x), x=x)
    assert operations.total() == flops
    assert_same(values, function(x.copy()))


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=25)
def test_each_operation_of_a_product_and_a_softmax_has_its_name(m, k, p):
    def code(a, b):
        return layers.softmax(a @ b)
    given = dict(a=RNG.normal(size=(m, k)), b=RNG.normal(size=(k, p)))
    values, operations = count(code, **given)
    assert operations == dict(multiply=m*k*p, add=m*k*p + m*p, compare=m*p, subtract=m*p, exp=m*p, divide=m*p)
    np.testing.assert_allclose(values, code(**given))


@dataclass(frozen=True)
class Weights:
    first: object
    pair: tuple


def test_arrays_stand_anywhere_in_trees_and_the_callers_stay_as_they_were():
    Named, x = namedtuple("Named", "a b"), X.copy()
    tree = {"w": [Weights(X, (Y, 3)), Named(X, None)]}
    values, operations = count(lambda tree, x, more: {"y": tree["w"][0].first @ tree["w"][0].pair[0] * more, "x": in_place(x)},
                               tree=tree, x=x, more=2)
    assert operations.total() == 48 + 6 + 40 and type(values["y"]) is np.ndarray
    np.testing.assert_array_equal(x, X)


REFUSED = [
    (lambda x: np.median(x), "np.median"), (lambda x: np.interp(x, [0], [1]), "np.interp"), (lambda x: np.count_nonzero(x), "np.count_nonzero"),
    (lambda x: np.linalg.inv(x), "np.linalg.inv"), (lambda x: np.fft.fft(x), "np.fft.fft"), (lambda x: np.unique(x), "np.unique"),
    (lambda x: np.divmod(x, 2), "np.divmod"), (lambda x: np.add.at(x, 0, 1), "np.add.at"), (lambda x: np.subtract.reduce(x), "subtract.reduce"),
    (lambda x: np.sum(x, where=x > 0), "np.sum with where="), (lambda x: np.sum(x, initial=3.0), "np.sum with initial="), (lambda x: np.add(x, 1, dtype=np.float32), "np.add with dtype="),
    (lambda x: np.sum(x, out=np.zeros(())), "np.sum with out="), (lambda x: np.average(x, weights=x), "np.average with weights="),
    (lambda x: np.linalg.norm(x, 1), "np.linalg.norm with ord="), (lambda x: np.diff(x), "np.diff"), (lambda x: np.dot(x, CUBE), "np.dot with"), (lambda x: np.where(x > 0), "np.where"),
    (lambda x: np.pad(x, 1, mode="mean"), "np.pad with"), (lambda x: np.concatenate([x, x], out=np.zeros((6, 4))), "np.concatenate with out="),
    (lambda x: np.einsum("ii->i", x), "letter twice"), (lambda x: np.einsum("ij,jk", x, x), "->"), (lambda x: x.flat, "the array's .flat"),
    (lambda x: x * 1j, "arrays of complex128"), (lambda x: x + np.array([None] * 4), "arrays of object"), (lambda x: X.__iadd__(x), "np.add into an array made elsewhere"),
    (lambda x: X.__setitem__(0, x[0]), "outside NumPy"), (lambda x: math.exp(x[0, 0]), "outside NumPy"), (lambda x: x[0, 0].item(), "outside NumPy"),
    (lambda x: float(x.sum()), "outside NumPy")]


@pytest.mark.parametrize("function, name", REFUSED)
def test_what_it_does_not_know_is_refused_by_name(function, name):
    with pytest.raises(NotImplementedError, match=f"count does not know .*{name.replace('.', '[.]')}.*; "):
        count(lambda x: function(x), x=X)


def test_a_size_of_one_is_not_stretched_and_half_precision_is_added_up_in_32_bits():
    for a, b in (((3, 1), (4, 2)), ((3, 4), (1, 2)), ((4,), (1,)), ((3, 1), ())):
        with pytest.raises(ValueError, match="the sizes that meet differ"):
            count(lambda a, b: a @ b, a=np.ones(a), b=np.ones(b))
    x = np.ones((3000, 1), np.float16)
    values, done = count(lambda x: x.mean(axis=0), x=x)
    assert values == x.mean(axis=0) == 1 and values.dtype == np.float16 and done.total() == 3001


@pytest.mark.parametrize("ask, error, message", [
    (lambda: count(len), ValueError, "arguments: count needs arrays"), (lambda: count(3, x=X), ValueError, "function: 3 cannot be called"),
    (lambda: count(len, x=(3, 4), w=None), ValueError, "x and w: count needs arrays.*trace, which takes sizes"),
    (lambda: count(len, x=np.broadcast_to(1.0, 10**9)), ValueError, "x: 1,000,000,000 numbers.*hours.*at most 1,000,000"),
    (lambda: count(lambda x: x @ x, x=np.ones((1000, 1000))), ValueError, "einsum: 1.00·10⁹ steps, one at a time, would take 1.39 h"),
    (lambda: count(len, x=X * 1j), NotImplementedError, "complex"),
    (lambda: count(len, x=np.array([None])), NotImplementedError, "arrays of object"),
    (lambda: count(np.sum, X), ValueError, "has no name; give each"), (lambda: trace(np.sum, (3,)), ValueError, "has no name; give each")])
def test_bad_input_is_answered_with_the_remedy(ask, error, message):
    with pytest.raises(error, match=message):
        ask()


def test_numpy_is_itself_again_afterwards_and_in_other_threads_all_the_time():
    elsewhere = []
    count(lambda x: [thread := Thread(target=lambda: elsewhere.append(np.zeros(3))), thread.start(), thread.join()], x=X)
    with pytest.raises(ZeroDivisionError):
        count(lambda x: 1 / 0, x=X)
    assert type(elsewhere[0]) is type(np.zeros(3)) is np.ndarray


def test_the_oracle_shares_no_code_with_the_trace():
    nodes = ast.walk(ast.parse(Path(counting.__file__).read_text()))
    assert {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module.startswith("helpers")} == {"helpers.words"}
