"""The trace: sizes in symbols, what its ledger says, and what is refused. Costs and shapes: see test_tracing_numpy."""

import math
import re

import numpy as np
import pytest
import sympy
from hypothesis import given, strategies as st

from helpers.counting import count
from helpers.notation import d, h, n, w
from helpers.tracing import repeat, step, trace

P, Q = sympy.symbols("p q")  # symbols without assumptions, as a student makes them


def scaled(x):
    return x / np.sqrt(x.shape[1]) + n * x - x.shape[1] ** 0.5 / x + np.float64(2) * x


# faults that were found, each in its smallest form
def cache(x):
    kept = np.zeros(x.shape)
    row = kept[0]
    row[:] = x[0]
    return kept.sum()


def halves(x):
    assert x.shape[-1] % 2 == 0
    return np.stack([x[..., ::2], x[..., x.shape[-1] // 2:]], axis=-1)


def masked(x):
    x[np.triu(np.ones(x.shape), 1) > 0] = -1e9
    return x


@pytest.mark.parametrize("code, shapes, result, flops", [
    (scaled, {"x": (n, d)}, (n, d), 7*n*d), (scaled, {"x": (3, 4)}, (3, 4), 7 * 3 * 4),
    (lambda x, y: x.reshape(P * Q) @ y.T.ravel(), {"x": (P, Q), "y": (Q, P)}, (), 2*P*Q),
    (lambda x: x[:, w:], {"x": (n, n + w)}, (n, n), 0), (lambda x: x[1:, ::-1], {"x": (n + 1, d)}, (n, d), 0),
    (lambda x: x[:-1], {"x": (n + 1,)}, (n,), 0), (lambda x: np.split(x, 3, axis=-1), {"x": (n, 3*d)}, [(n, d)] * 3, 0),
    (lambda x: x.reshape(n, h, -1), {"x": (n, d)}, (n, h, d / h), 0), (lambda x: x * np.arange(1, n + 1), {"x": (n,)}, (n,), n),
    # once wrong
    (lambda c: c[0, :, [1, 2, 3]] @ c[0, :, [1, 2, 3]].mT, {"c": (4, 8, 16, 2)}, (3, 8, 8), 768),
    (lambda a, b: (a + 1j * a) @ (b + 1j * b), {"a": (4, 5), "b": (5, 6)}, (4, 6), 960 + 8 * 50),
    (lambda x: np.prod((1j * x) * (1j * x)), {"x": (3, 4)}, (), 4 * 6 * 12),
    (lambda x, p: x @ p["w"][0][0], {"x": (5, 2), "p": {"w": [((2, 3),)]}}, (5, 3), 60),
    (lambda c, x: np.concatenate([c, x]), {"c": (0, 8), "x": (1, 8)}, (1, 8), 0),
    (lambda i: np.ones((10, 4))[i], {"i": (3,)}, (3, 4), 0),
    (lambda t, i: t[i] + t[range(3)], {"t": (10, 4), "i": (3,)}, (3, 4), 12),
    (lambda x: x.reshape(n, 4, d // 4), {"x": (n, d)}, (n, 4, d / 4), 0),
    (halves, {"x": (n, d)}, (n, d / 2, 2), 0), (cache, {"x": (4, 5)}, (), 20),
    (cache, {"x": (n, d)}, (), n * d), (masked, {"x": (4, 4)}, (4, 4), 0),
    (lambda x: x + (1 - np.tri(len(x))) * -1e10, {"x": (10**6, 10**6)}, (10**6,) * 2, 10**12),
    (lambda x: x + (1 - np.tri(x.shape[0])) * -1e10, {"x": (n, n)}, (n, n), n**2),
    (lambda x: np.where(np.arange(n)[:, None] < np.arange(n), x, 0), {"x": (n, n)}, (n, n), n**2),
    (lambda x: np.array([x[0], x[1]]) + np.asarray(x[:2]), {"x": (4, 5)}, (2, 5), 10)])
def test_symbols_and_what_was_once_wrong(code, shapes, result, flops):
    ledger = trace(code, **shapes)
    assert (ledger.result, ledger.flops) == (result, flops)


def test_bytes_and_peaks_that_were_once_wrong():
    assert trace(lambda x: np.sum(x > 0, axis=-1), x=(4, 8)).bytes_moved == 136
    assert trace(lambda x, p: x * p["g"], x=(10, 64), p={"g": (64,)}).peak_elements == 1344
    assert trace(masked, x=(4, 4)).bytes_moved == 2 * 6
    assert trace(lambda k: np.zeros((8, 4)).__setitem__(slice(3), k), k=(3, 4)).peak_elements == 44


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.data())
def test_formula_with_numbers_put_in_is_the_count(sizes, data):
    """A chain of matrix products and elementwise functions, on symbols and on numbers."""
    symbols = sympy.symbols(f"s0:{len(sizes)}", positive=True, integer=True)

    def chain(**weights):
        first, *rest = weights.values()
        for weight in rest:
            first = np.tanh(first @ weight).sum(axis=0, keepdims=True) + first[:, :1] @ weight[:1]
        return first

    formula, numbers = (trace(chain, **{f"w{i}": pair for i, pair in enumerate(zip(of, of[1:]))}) for of in (symbols, sizes))
    for name in ("flops", "matmul_flops", "bytes_moved", "peak_elements"):
        assert sympy.sympify(getattr(formula, name)).subs(dict(zip(symbols, sizes))) == getattr(numbers, name), name


def test_counts_are_exact_beyond_every_machine_integer():
    ledger = trace(lambda x, w: x @ w.T @ w, x=(10**9, 10**6), w=(10**9, 10**6))
    assert ledger.flops == 4 * (10**9) ** 2 * 10**6 and type(ledger.flops) is int
    assert type(ledger.bytes_moved) is int and type(ledger.peak_elements) is int
    assert trace(lambda x: x * x, x=(np.int32(2**30), np.int32(2**30))).flops == 2**60


def test_a_sort_is_entered_as_the_passes_of_a_merge_sort():
    """As `count` does them, see test_tracing_numpy."""
    formula = trace(lambda x: np.argsort(x, axis=-1), x=(n,)).flops
    for size in range(1, 70):
        assert trace(lambda x: np.sort(x), x=(size,)).flops == formula.subs(n, size)
    assert trace(lambda x: np.argsort(x), x=(n, 8)).flops == 24 * n
    assert trace(lambda x: np.take_along_axis(x, np.argsort(x), -1), x=(n, 8)).bytes_moved == 2 * 8 * n * (2 + 3)


# the ledger
def test_steps_group_and_nest():
    def two_steps(x, w):
        with step("outer"):
            y = x @ w
            with step("inner"):
                y = np.exp(y)
        return y - 1
    ledger = trace(two_steps, x=(n, d), w=(d, d))
    assert ledger.by_step() == {"outer": 2 * n * d**2, "outer/inner": n * d, "subtract": n * d}
    assert [row[0] for row in ledger.table().rows] == ["outer", "outer/inner", "subtract", "total"]
    assert two_steps(np.ones((2, 3)), np.ones((3, 3))).shape == (2, 3), "outside a trace a step does nothing"


def test_lines_are_the_students_own():
    def layer(x, w):
        y = x @ w  # the product
        return helper(y)

    def helper(y):
        return np.exp(y) + 1

    ledger = trace(layer, x=(2, 3), w=(3, 5))
    assert ledger.by_line() == {"y = x @ w": 60, "return helper(y)": 20}
    assert "return helper(y)" in repr(ledger.table()) and "<table>" in ledger._repr_html_()


def test_bytes_are_each_operand_and_the_result():
    assert trace(lambda x, w: x @ w, x=(n, d), w=(d, d)).bytes_moved.expand() == 2 * (n*d + d*d + n*d)
    assert trace(lambda x: x.T.reshape(-1), x=(2, 3), bytes_per_element=4).bytes_moved == 4 * 12  # a copy


def test_peak_is_that_of_the_longer_size():
    """On real arrays: see test_tracing_memory."""
    either = trace(lambda x, y: np.sum(x * 1) + np.sum(y * 1), x=(n,), y=(d,)).peak_elements
    assert trace(lambda size: size, size=5).peak_elements == 0
    heads = trace(lambda x: (x.reshape(n, h, d / h).transpose(1, 0, 2) * 2).transpose(1, 0, 2).reshape(n, d), x=(n, d))
    assert heads.bytes_moved == 2 * 2 * n * d        # the product lies as its operand does, so no view is a copy
    assert trace(lambda x: np.array(x), x=(4, 5)).bytes_moved == 2 * 2 * 20 and trace(lambda x: np.asarray(x), x=(4, 5)).bytes_moved == 0
    assert either.subs({n: 10, d: 3}) == 10 + 3 + 10 + 1 and either.subs({n: 3, d: 10}) == 10 + 3 + 10 + 2


def test_repeat_counts_one_pass_as_often_as_it_is_run():
    def recurrence(x, u):
        state = np.zeros_like(x[0])
        for t in repeat(x.shape[0]):
            state = np.tanh(state @ u + x[t])
        return state
    assert trace(recurrence, x=(n, d), u=(d, d)).flops == 2 * n * d**2 + 2 * n * d
    assert trace(recurrence, x=(7, 3), u=(3, 3)).flops == 2 * 7 * 3**2 + 2 * 7 * 3
    assert np.shape(recurrence(np.ones((4, 3)), np.ones((3, 3)))) == (3,)
    assert [*repeat(0)] == []
    with pytest.raises(TypeError, match="no trace is running"):
        list(repeat(n))
    for wrong in (-1, 2.5, True, "3"):
        with pytest.raises(ValueError, match="repeat"):
            list(repeat(wrong))


def test_traces_can_be_nested_and_give_back_what_they_were_lent():
    def outer(x):
        assert trace(lambda y: y @ y.T, y=(5, 2)).flops == 100 and hasattr(sympy.Expr, "sqrt")
        return x + 1
    assert trace(outer, x=(3,)).flops == 3 and not hasattr(sympy.Expr, "sqrt")


# what is refused
SIZES = {-3: "below 0", 2.5: "whole", 2.0: "whole", "4": "whole", True: "truth value", None: "whole", sympy.Rational(1, 2): "whole",
         sympy.oo: "whole", sympy.Symbol("m", negative=True): "positive"}


@pytest.mark.parametrize("function, options, why", [
    *((abs, dict(x=(3, size)), f"x, size 1.*{why}") for size, why in SIZES.items()),
    (3, {}, "function"), (abs, dict(bytes_per_element=0), "bytes_per_element"),
    (lambda a, b: a @ b, dict(a=(d, n), b=(sympy.Symbol("n"), d)), "two symbols called n"),
    (lambda x: x[:w], dict(x=(n,)), "slice None:w.*cannot be shown")])
def test_what_cannot_be_traced_is_named(function, options, why):
    with pytest.raises(ValueError, match=why):
        trace(function, **options)


@pytest.mark.parametrize("name, code, other", [
    ("matmul", lambda x: x @ x, (n, d)), ("add", lambda x: x + x.T, (d, n)), ("stack", lambda x: np.stack([x, x.T]), (d, n)),
    ("concatenate", lambda x: np.concatenate([x, x.T]), (d, n)), ("einsum", lambda x: np.einsum("ij,jk->ik", x, x), (n, d)),
    ("reshape", lambda x: x.reshape(d, d), (d, d)), ("broadcast_to", lambda x: np.broadcast_to(x, (d, n)), (d, n)),
    ("take_along_axis", lambda x: np.take_along_axis(x, np.argsort(x.T), axis=0), (d, n)),
    ("take_along_axis", lambda x: np.take_along_axis(x, np.argsort(x[0]), axis=0), (d,))])
def test_shapes_that_do_not_fit_are_both_printed(name, code, other):
    with pytest.raises(ValueError, match=rf"{name}.*\(n, d\).*{re.escape(str(other))}"):
        trace(code, x=(n, d))


@pytest.mark.parametrize("code, name", [
    (lambda x: np.linalg.svd(x), r"np\.linalg.*svd"), (lambda x: np.fft.fft(x), "fft"), (lambda x: np.unique(x), "unique"),
    (lambda x: np.gcd(x, 2), "gcd"), (lambda x: np.frompyfunc(abs, 1, 1)(x), "abs"), (lambda x: np.add.at(x, [0], 1), r"add\.at"),
    (lambda x: np.where(x > 0), "where"), (lambda x: np.sum(x, where=x > 0), "where"), (lambda x: x.T.flat, "'flat'"),
    (lambda x: x[x > 0], "truth mask"), (lambda x: x[True], "truth mask"), (lambda x: x.tobytes(), "tobytes"),
    (lambda x: np.einsum("ij,jk", x, x.T), "einsum with subscripts"),
    (lambda x: np.einsum("ij,jk,kl->il", x, x.T, x, optimize=True), "optimize"),
    (lambda x: np.concatenate([x, x], out=np.zeros((8, 3)).tolist()), "out="),
    (lambda x: np.pad(np.zeros(3), 1, constant_values=x[0, 0]), "constant_values")])
def test_an_unknown_operation_is_named_and_never_free(code, name):
    with pytest.raises(NotImplementedError, match=name):
        trace(code, x=(4, 3))


@pytest.mark.parametrize("code", [lambda x: float(x), lambda x: 1 if x > 0 else 2, lambda x: x[0] * int(x[0]), lambda x: x[0].item(),
                                  lambda x: list(x), lambda x: len(x)])
def test_code_that_needs_values_is_refused(code):
    with pytest.raises(TypeError, match="values|repeat|shape"):
        trace(code, x=(n,))


def test_an_array_made_inside_is_numbers_until_a_traced_one_fills_it():
    def code(x):
        made = np.zeros(3)
        assert float(made[0]) == made.sum() == 0 and not (made > 0).any()
        made[1] = x[0]
        return float(made[0])
    with pytest.raises(TypeError, match="no values"):
        trace(code, x=(3,))


@pytest.mark.parametrize("index", [1.0, "a", [0.5], np.array([0, 4]), -5, (0, 0, 0), np.ones(3, bool)])
def test_an_index_outside_or_of_no_whole_numbers_is_an_error(index):
    with pytest.raises(IndexError):
        trace(lambda x: x[index], x=(4, 3))
    if not isinstance(index, tuple):
        with pytest.raises(IndexError):
            trace(lambda x: x.__setitem__(index, 0), x=(4, 3))


def test_sizes_that_leave_numpy_get_a_remedy():
    with pytest.raises(TypeError) as caught:
        trace(lambda x: x / math.sqrt(x.shape[0]), x=(n,))
    assert "np.sqrt" in caught.value.__notes__[0]
    with pytest.raises(TypeError, match="unhashable") as caught:
        trace(lambda x, axis: np.sum(x, axis=axis), x=(3, 4), axis=(0, 1))
    assert "functools.partial" in caught.value.__notes__[0]
    for make in (lambda x: np.zeros(x.shape, like=x), lambda x: np.full(x.shape, 0.0, like=x)):
        assert trace(make, x=(n, d)).bytes_moved == 2 * n * d


def test_numbers_drawn_inside_are_refused_and_a_filling_value_joins_the_trace():
    x, filled = np.ones((4, 6)), lambda x: np.full((4, 6), x[0, 0]) * 2
    assert trace(filled, x=(4, 6)).flops == count(filled, x=x)[1].total() == 24
    for asked, what in ((trace, (4, 6)), (count, x)):      # NumPy's compiled draws would crash on such arrays
        with pytest.raises(NotImplementedError, match="np.random.rand; draw before"):
            asked(lambda x: x + np.random.rand(4, 6), x=what)
    assert np.random.rand(1).shape == (1,)
