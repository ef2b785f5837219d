"""The trace against NumPy itself: every function that it knows, every keyword, dtype and index."""

import inspect
import warnings
from itertools import count as numbered
from itertools import product as every

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from helpers.counting import count
from helpers.tracing import trace
from helpers.tracing.array import METHODS
from helpers.tracing.costs import CREATING, JOINS, RULES

KINDS = (float, int, bool, complex)
SHAPES = ((2, 3), (0, 2), (3,), (2, 3, 4), (3, 3), (), (1, 2))
ORDINARY = {*JOINS, *"split array_split hsplit vsplit clip sum max min mean any all prod argmax argmin".split()}
# What a keyword is given: each value of each keyword in NumPy's own signature is tried.
VALUES = dict(
    axis=(None, 0, 1, -1, (0, 1), 3), axes=(None, (1, 0), 1, 0), keepdims=(True,), initial=(1,), ddof=(1,), correction=(1,),
    dtype=(None, int, float, bool, complex), where=(True, np.array([True, False, True])), mean=(0.0,), k=(1, -1), offset=(1, -1),
    order=("C", "F", "K"), mode=("wrap", "clip", "edge", "mean"), kind=("stable",), stable=(True,), kth=(0,), decimals=(1,),
    copy=(True, None), subok=(True,), casting=("unsafe",), axis1=(1,), axis2=(0,), source=(0,), destination=(-1,), shift=(1,),
    repeats=(2, [1, 2]), reps=(2, (2, 1)), pad_width=(1, (1, 2), ((1, 0), (0, 2))), shape=(-1, (3, 2), (2, 3, 3)), window_shape=(2,),
    indices=([0, 1], 1, [[0], [1]]), indices_or_sections=(1, 3, [1], [1, 2]), start=(0,), weights=([1, 2, 3],), a_min=(None, 0),
    a_max=(1,), min=(0,), max=(1,), nan=(1.0,), ord=(1, 2, "fro", np.inf), optimize=(True,), constant_values=(1,), returned=(True,),
    fill_value=(1, 2.5, True), device=("cpu",))


def seen(result):
    """Shape and kind of each array that came out; other answers as they are."""
    if isinstance(result, (tuple, list)) and not all(isinstance(part, int) for part in result):
        return [seen(part) for part in result]
    return (result.shape, result.dtype.kind) if hasattr(result, "dtype") else str(result)


def agrees(code, **shapes):
    """True if the trace says what NumPy does, at the FLOPs that `count` counts, False if it refuses.

    None where NumPy itself has an error.
    """
    rng = np.random.default_rng(0)
    arrays = {name: rng.uniform(1, 2, shape) for name, shape in shapes.items()}
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        try:
            expected = seen(code(**arrays))
        except Exception:
            return None
        try:
            ledger = trace(lambda **arrays: seen(code(**arrays)), **shapes)
        except NotImplementedError as refusal:
            assert " np." in str(refusal) or "index" in str(refusal)
            return False
        except TypeError:
            return False
        assert ledger.result == expected
        try:
            operations = count(code, **arrays)[1]
        except (NotImplementedError, ValueError, TypeError, AttributeError):
            return True  # count refuses more
    assert ledger.flops == operations.total()
    return True


def calls(function):
    """Ways to call it: each keyword with each value, and how many arrays come first."""
    if isinstance(function, np.ufunc):
        keywords = [{}, {"where": VALUES["where"][1]}, {"order": "F"}, *({"dtype": k} for k in KINDS)]
        return [(lambda *x, _k=each: function(*x, **_k)) for each in keywords], function.nin
    known = [p for p in inspect.signature(function).parameters.values() if p.kind != p.VAR_KEYWORD]
    needs = [p.name for p in known[1:] if p.default is p.empty and p.name in VALUES]
    arrays = sum(p.default is p.empty and p.name not in needs and p.kind != p.VAR_POSITIONAL for p in known)
    options = [{}] + [{p.name: value} for p in known if p.name not in needs for value in VALUES.get(p.name, ())]
    found = [(lambda *x, _k=dict(zip(needs, values)) | each: function(*x, **_k))
             for values in every(*(VALUES[name] for name in needs)) for each in options]
    return found, 3 if function is np.where else max(1, arrays)


METHODS_OF = [getattr(np.add, name) for name in ("reduce", "accumulate", "outer")]
FUNCTIONS = [f for f in RULES if f in METHODS_OF or f.__name__ not in CREATING + [
    "reduce", "accumulate", "outer", "flatten", "__getitem__", "__setitem__"]] + [np.outer]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_function_with_every_keyword_gives_numpys_shape_and_kind_or_refuses(function):
    ways, arrays = calls(function)
    answers, turn = [], numbered()
    for call, kind in every(ways, KINDS):
        for _ in range(1 if isinstance(function, np.ufunc) else 2):
            shape = SHAPES[next(turn) % len(SHAPES)]

            def code(_kind=kind, **x):
                x = [array.astype(_kind) for array in x.values()]
                return call(x + x) if function.__name__ in JOINS else call(*x)
            answer = agrees(code, **{f"x{place}": shape for place in range(arrays)})
            if call.__kwdefaults__["_k"].keys() <= {"axis", "keepdims", "indices_or_sections"}:
                answers.append(answer)
    assert function.__name__ not in ORDINARY or 7 * answers.count(False) < len(answers)


@pytest.mark.parametrize("method", METHODS)
def test_methods_are_the_functions(method):
    needs = {"take": ([0],), "repeat": (2,), "dot": ([1.0, 2, 3],), "clip": (0, 1), "swapaxes": (0, 1)}.get(method, ())
    for options in ({}, {"axis": 1}, {"axis": -1, "keepdims": True}):
        assert agrees(lambda x: getattr(x, method)(*needs, **options), x=(2, 3)) is not False


@pytest.mark.parametrize("code", [
    lambda x: np.full_like(x, 1, dtype=int), lambda x: np.zeros_like(x > 0), lambda x: np.zeros((2, 5), int, like=x) + x[0, 0],
    lambda x: np.eye(3, like=x) @ x, lambda x: np.identity(3, like=x), lambda x: np.tri(2, 3, -1, like=x) * x[:2],
    lambda x: np.arange(2, 7, 2, like=x), lambda x: np.arange(2.5, like=x), lambda x: np.array([x, x]) + 1,
    lambda x: np.asarray(x[0]) @ x, lambda x: x.flatten(), lambda x: x.ravel(), lambda x: x.T.copy(), lambda x: x[:0],
    lambda x: np.add.reduce(x > 0, axis=1), lambda x: np.subtract.outer(x, x[0]), lambda x: np.multiply.accumulate(x),
    lambda x: x / 2 > x, lambda x: ~(x > 1) | (x < 1) & (x == x), lambda x: (x > 0) + (x > 0), lambda x: 2**x, lambda x: -x.mT,
    lambda x: np.matmul(x, x, np.zeros((3, 3), like=x)), lambda x: x @ x.astype(int), lambda x: (x > 1) @ (x > 1), lambda x: np.einsum("ij,jk->ik", x > 0, x > 1),
    lambda x: np.einsum("...j,jk->...k", x, x), lambda x: np.einsum("...j->...", x), lambda x: np.einsum("i...,i...->...", x, x),
    lambda x: x.transpose(1, 0), lambda x: x.transpose(), lambda x: x.astype(bool, copy=False), lambda x: x.reshape(1, -1),
    lambda x: np.stack([x, x], axis=-1), lambda x: np.broadcast_to(x[0], (2, 3)), lambda x: np.array_split(x, 2),
    lambda x: np.vecdot(x, x), lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=1), lambda x: np.sort(x, axis=None)])
def test_other_ways_to_write_it(code):
    assert agrees(code, x=(3, 3))


@given(st.data())
@settings(max_examples=60)
def test_einsum_costs_what_its_loops_cost(data):
    term = st.text("abcd", min_size=1, max_size=3).filter(lambda letters: len(set(letters)) == len(letters))
    terms, sizes = data.draw(st.lists(term, min_size=1, max_size=3)), {label: data.draw(st.integers(1, 4)) for label in "abcd"}
    left = data.draw(st.lists(st.sampled_from(sorted(set("".join(terms)))), unique=True))
    shapes = {f"x{i}": tuple(sizes[label] for label in term) for i, term in enumerate(terms)}
    assert agrees(lambda **x: np.einsum(f"{','.join(terms)}->{''.join(left)}", *x.values()), **shapes)


@st.composite
def indices(draw):
    """A shape, and an index of ints, slices, None, Ellipsis, lists, ranges, masks and arrays."""
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=1, max_size=4)))
    index, ends = [], st.one_of(st.none(), st.integers(-5, 5))
    for size in shape[:draw(st.integers(1, len(shape)))]:
        place = st.integers(-size, size - 1) if size else st.nothing()
        items = [st.builds(slice, ends, ends, st.sampled_from([None, 1, 2, -1, -2])), st.none()]
        items += [place, st.lists(place, min_size=1, max_size=2), st.just(range(size)),
                  st.lists(place, min_size=2, max_size=2).map(lambda ids: np.array([ids, ids])),
                  st.lists(st.booleans(), min_size=size, max_size=size).map(np.array)] if size else []
        index.append(draw(st.one_of(*items)))
    if draw(st.booleans()):
        index.insert(draw(st.integers(0, len(index))), ...)
    return shape, tuple(index)


@given(indices())
@settings(max_examples=150)
def test_every_index_gives_numpys_shape(case):
    shape, index = case

    def assigned(x):
        x[index] = 1.0
        return x
    for code in (lambda x: x[index], assigned):
        try:
            assert agrees(code, x=shape) is not False
        except IndexError as refusal:    # where nothing is picked, NumPy looks at no place
            assert "is outside an axis" in str(refusal) and not np.zeros(shape)[index].size


def test_ids_that_are_traced_index_as_real_ones_do():
    ids = {"i": (2,), "j": (3, 1)}
    for code in (lambda x, i, j: x[i], lambda x, i, j: x[:, i], lambda x, i, j: x[i, :, j],
                 lambda x, i, j: x[0, i], lambda x, i, j: x[0, :, i], lambda x, i, j: x[j, None, i],
                 lambda x, i, j: np.take(x, j, axis=1), lambda x, i, j: x[x.argmax() * 0]):
        assert agrees(lambda x, i, j: code(x, i.astype(int), j.astype(int)), x=(3, 3, 3), **ids)
