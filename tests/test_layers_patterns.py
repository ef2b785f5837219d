"""Windows, strides, blocks and hashing: cost, values, what they see, what they refuse."""

from functools import cache

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tracing_memory import assert_agree

from helpers import layers
from helpers.counting import count
from helpers.notation import d_h, n, w
from helpers.tracing import trace

g, m, l, b, c, R, B = sympy.symbols("g m l b c R B", positive=True, integer=True)
SYMBOLS = (n, w, d_h, g, m, l, b, c, R, B)
ONE_HEAD = dict(q=(n, d_h), k=(n, d_h), v=(n, d_h))
WITH_GLOBALS = {name: (g + m, d_h) for name in "qkv"}
OWN_KEYS, SHARED_KEYS = dict(**ONE_HEAD, rotations=(R, d_h, B / 2)), dict(q=(n, d_h), v=(n, d_h), rotations=(R, d_h, B / 2))
PAIRS, FEW = 4 * d_h + 7, 4 * d_h + 6
LOG = sympy.ceiling(sympy.log(n, 2))
JOINED = 8*R*m*n*d_h + 22*R*m*n + 2*R*n*d_h + 9*R*n
SHARED = JOINED + R*B*n*d_h + R*B*n*sympy.Rational(3, 2) + 2*R*n*LOG + 3*n*d_h + 2*n
ONCE = 10*R**2*m*n + 6*R*m*n

# case -> layer, shapes, options, FLOPs as the docstring has them
CASES = {
    "masked": ("masked_attention", ONE_HEAD, dict(mask=(n, n)), PAIRS * n**2),
    "window": ("windowed_attention", ONE_HEAD, dict(window=w), PAIRS * n * w),
    "causal window": ("windowed_attention", ONE_HEAD, dict(window=w, causal=True), PAIRS * n * w),
    "window, global tokens": ("windowed_attention", WITH_GLOBALS, dict(window=w, n_global=g),
                              4*d_h*(m*w + m*g + g*(g + m)) + 7*m*w + 6*m*g + 6*g*(g + m) + m*d_h),
    "causal window, global tokens": ("windowed_attention", WITH_GLOBALS, dict(window=w, n_global=g, causal=True),
                                     4*d_h*(m*w + m*g + g**2) + 7*m*w + 6*m*g + 7*g**2 + m*d_h),
    "stride": ("strided_attention", ONE_HEAD, dict(stride=l), PAIRS * n * (2*l - 1 + n/l) + n*d_h),
    "causal stride": ("strided_attention", ONE_HEAD, dict(stride=l, causal=True), PAIRS * n * (l + n/l) + n*d_h),
    "blocks": ("block_sparse_attention", ONE_HEAD, dict(block=b, blocks=(n/b, c)), FEW * b**2 * c * n/b),
    "causal blocks": ("block_sparse_attention", ONE_HEAD, dict(block=b, blocks=(n/b, c), causal=True),
                      FEW * b**2 * c * n/b + n*b),
    "hashing": ("hashed_attention", OWN_KEYS, dict(bucket_size=m),
                JOINED + 2*R*B*n*d_h + 3*R*B*n + 4*R*n*LOG + ONCE),
    "hashing, pairs as often as found": ("hashed_attention", OWN_KEYS, dict(bucket_size=m, count_once=False),
                                         JOINED + 2*R*B*n*d_h + 3*R*B*n + 4*R*n*LOG),
    "hashing, shared keys": ("hashed_attention", SHARED_KEYS, dict(k=None, bucket_size=m), SHARED + ONCE),
    "causal hashing": ("hashed_attention", SHARED_KEYS, dict(k=None, bucket_size=m, causal=True), SHARED + ONCE + 2*R*n),
}


def draw_sizes(data, name):
    """A value for each symbol: stride, block and bucket divide n, a window fits, blocks are no more than there are."""
    part, parts = data.draw(st.integers(1, 4), "part"), data.draw(st.integers(1, 4), "parts")
    tokens = part * parts
    sizes = {n: tokens, l: part, b: part, m: part, d_h: data.draw(st.integers(1, 4), "d_h")}
    sizes |= {g: 0, R: data.draw(st.integers(1, 3), "R"), B: 2 * data.draw(st.integers(1, 3), "B/2")}
    sizes[c] = data.draw(st.integers(1, parts), "c")
    if "global" in name:
        sizes |= {g: data.draw(st.integers(1, 3), "g"), m: data.draw(st.integers(1, 6), "m")}
        tokens = sizes[g] + sizes[m]
    sizes[w] = data.draw(st.integers(1, tokens), "w") if "causal" in name else 2 * data.draw(st.integers(0, tokens - 1), "w/2") + 1
    return sizes


def draw_blocks(data, sizes):
    """Rows of blocks, some of them drawn, each with its own."""
    n_blocks = sizes[n] // sizes[b]
    return [sorted({*data.draw(st.lists(st.integers(0, n_blocks - 1), max_size=sizes[c])), row}) for row in range(n_blocks)]


@cache
def on_symbols(name):
    """The ledger on symbols, and its bytes and peak as functions of the symbols, in their order."""
    layer, shapes, options, _ = CASES[name]
    ledger = trace(getattr(layers, layer), **shapes, **options)
    return ledger.flops, sympy.lambdify([SYMBOLS], (ledger.bytes_moved, ledger.peak_elements), "math")


def put_in(value, sizes):
    if isinstance(value, tuple):
        return tuple(put_in(each, sizes) for each in value)
    return int(value.subs(sizes)) if isinstance(value, sympy.Expr) else value


def seen_blocks(blocks, causal):
    return sum(1 for row, columns in enumerate(blocks) for column in columns if not causal or column <= row)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_count_formula_and_loops_agree(name, data):
    layer, shapes, options, published = CASES[name]
    sizes, (formula, bytes_and_peak) = draw_sizes(data, name), on_symbols(name)
    assert sympy.expand(formula - published) == 0

    whole = {key: put_in(shape, sizes) for key, shape in shapes.items()}
    numbers = {key: put_in(value, sizes) for key, value in options.items()}
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    if "blocks" in options:
        numbers["blocks"] = draw_blocks(data, sizes)
        sizes[c] = sympy.Rational(seen_blocks(numbers["blocks"], "causal" in name) * sizes[b], sizes[n])
    if "mask" in options:
        numbers["mask"] = rng.random((sizes[n], sizes[n])) < 0.5
        np.fill_diagonal(numbers["mask"], True)
    arrays = {key: rng.normal(size=shape) for key, shape in whole.items()}
    traced = trace(getattr(layers, layer), **whole, **numbers)
    values, operations = count(getattr(layers, layer), **arrays, **numbers)
    assert type(traced.flops) is int and traced.flops == formula.subs(sizes) == operations.total()
    np.testing.assert_allclose(getattr(layers, layer)(**arrays, **numbers), values, rtol=1e-9, atol=1e-12)
    one_column = "stride" in name and (sizes[l] == 1 or sizes[l] == sizes[n])      # its transpose needs no copy
    if not one_column and "blocks" not in options and "mask" not in options:       # which are lists here, arrays there
        assert (traced.bytes_moved, traced.peak_elements) == bytes_and_peak([sizes[symbol] for symbol in SYMBOLS])


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_bytes_and_peak_are_those_of_real_arrays(name, data):
    layer, shapes, options, _ = CASES[name]
    sizes = draw_sizes(data, name)
    numbers = {key: put_in(value, sizes) for key, value in options.items() if key != "mask"}
    if "blocks" in options:
        numbers["blocks"] = draw_blocks(data, sizes)
    shapes = shapes | {key: shape for key, shape in options.items() if key == "mask"}
    assert_agree(getattr(layers, layer), {key: put_in(shape, sizes) for key, shape in shapes.items()}, numbers)


def test_the_cost_grows_with_the_length_and_not_with_its_square():
    """At a fixed window, stride of √n, number of blocks, bucket: the exponent of n; and no window is ever unrolled."""
    for name in ("window", "causal window", "blocks", "causal blocks"):
        assert sympy.degree(on_symbols(name)[0], n) == 1
    for name in ("window, global tokens", "causal window, global tokens"):
        assert sympy.degree(on_symbols(name)[0], m) == 1
    at_root = on_symbols("causal stride")[0].subs(l, sympy.sqrt(n)).expand()
    assert sympy.expand(at_root.coeff(sympy.sqrt(n)**3) - 2 * PAIRS) == 0 and at_root.coeff(n, 2) == 0
    hashing = on_symbols("hashing")[0]
    assert sympy.limit((hashing / (n * sympy.log(n, 2))).subs({d_h: 64, R: 4, m: 32, B: 8}), n, sympy.oo) == 4 * 4
    with_paper_buckets = hashing.subs(B, 2 * n / m).expand()           # B = 2n/m: the hashes themselves are n²
    assert with_paper_buckets.coeff(n, 2) == sympy.expand(4 * R * d_h / m + 6 * R / m)
    wide = dict(q=(4096, 512), k=(4096, 512), v=(4096, 512))
    assert trace(layers.windowed_attention, **wide, window=63).peak_elements < 6 * 4096 * 512       # not 63 · 4096 · 512
    assert trace(layers.strided_attention, **wide, stride=64, causal=True).peak_elements < 8 * 4096 * 512


# what is seen ---------------------------------------------------------------------------------------------
def pattern(n_tokens, sees):
    """The mask of a pattern by its definition, pair by pair."""
    return np.array([[sees(i, j) for j in range(n_tokens)] for i in range(n_tokens)])


@given(n_tokens=st.integers(1, 9), data=st.data(), causal=st.booleans())
@settings(max_examples=40, deadline=None)
def test_windows_are_exact_on_their_pairs(n_tokens, data, causal):
    width = data.draw(st.integers(1, n_tokens)) if causal else 2 * data.draw(st.integers(0, n_tokens - 1)) + 1
    n_global, half = data.draw(st.integers(0, n_tokens - 1)), width // 2
    mask = pattern(n_tokens, lambda i, j: (j <= i if causal else True) and (
        i < n_global or j < n_global or (i - j < width if causal else abs(i - j) <= half)))
    q, k, v = np.random.default_rng(n_tokens).normal(size=(3, n_tokens, 3))
    np.testing.assert_allclose(layers.windowed_attention(q, k, v, width, n_global, causal),
                               layers.masked_attention(q, k, v, mask))
    hidden = width * (width - 1) // 2 if causal else (width**2 - 1) // 4
    assert n_global or mask.sum() == n_tokens * width - hidden


@given(stride=st.integers(1, 4), parts=st.integers(1, 4), causal=st.booleans())
@settings(max_examples=20, deadline=None)
def test_strides_are_exact_on_their_pairs(stride, parts, causal):
    n_tokens = stride * parts
    mask = pattern(n_tokens, lambda i, j: (j <= i if causal else True) and (abs(i - j) < stride or (i - j) % stride == 0))
    q, k, v = np.random.default_rng(n_tokens).normal(size=(3, n_tokens, 3))
    np.testing.assert_array_equal(layers.strided_mask(n_tokens, stride, causal), mask)
    np.testing.assert_allclose(layers.strided_attention(q, k, v, stride, causal), layers.masked_attention(q, k, v, mask))
    if causal:
        assert mask.sum() == n_tokens * stride - stride * (stride - 1) // 2 + n_tokens * (parts - 1) // 2


@given(block=st.integers(1, 3), n_blocks=st.integers(1, 4), data=st.data(), causal=st.booleans())
@settings(max_examples=20, deadline=None)
def test_blocks_are_exact_on_their_pairs(block, n_blocks, data, causal):
    n_tokens, blocks = block * n_blocks, draw_blocks(data, {n: block * n_blocks, b: block, c: n_blocks})
    mask = pattern(n_tokens, lambda i, j: (j <= i if causal else True) and j // block in blocks[i // block])
    q, k, v = np.random.default_rng(n_tokens).normal(size=(3, n_tokens, 3))
    np.testing.assert_allclose(layers.block_sparse_attention(q, k, v, block, blocks, causal),
                               layers.masked_attention(q, k, v, mask))


def test_big_bird_sees_its_window_its_global_blocks_and_some_at_random():
    blocks = layers.big_bird_blocks(9, window=3, n_global=2, n_random=2, rng=np.random.default_rng(0))
    assert blocks[0] == blocks[1] == list(range(9))
    for row in range(2, 9):
        fixed = {0, 1} | {column for column in range(row - 1, row + 2) if column < 9}
        assert fixed < {*blocks[row]} and len(blocks[row]) == len(fixed) + 2
    assert blocks == layers.big_bird_blocks(9, 3, 2, 2, np.random.default_rng(0))
    assert blocks != layers.big_bird_blocks(9, 3, 2, 2, np.random.default_rng(1))


def test_every_pattern_is_full_attention_when_its_budget_is_all():
    q, k, v = np.random.default_rng(1).normal(size=(3, 12, 4))
    rotations = layers.random_rotations(4, 6, 1, np.random.default_rng(0))
    full, past = layers.mix(q, k, v), layers.mix(q, k, v, causal=True)
    np.testing.assert_allclose(layers.windowed_attention(q, k, v, 23), full)
    np.testing.assert_allclose(layers.windowed_attention(q, k, v, 12, causal=True), past)
    np.testing.assert_allclose(layers.windowed_attention(q, k, v, 1, n_global=11), full)
    for stride in (1, 12):
        np.testing.assert_allclose(layers.strided_attention(q, k, v, stride), full)
        np.testing.assert_allclose(layers.strided_attention(q, k, v, stride, causal=True), past)
    np.testing.assert_allclose(layers.block_sparse_attention(q, k, v, 3, [range(4)] * 4), full)
    np.testing.assert_allclose(layers.block_sparse_attention(q, k, v, 3, [range(4)] * 4, causal=True), past)
    np.testing.assert_allclose(layers.hashed_attention(q, k, v, rotations, bucket_size=12), full)


# hashing --------------------------------------------------------------------------------------------------
def found_pairs(q, k, rotations, bucket_size, causal=False):
    """Round by round, the pairs that one round finds, by the paper's definitions: (R, n, n)."""
    rounds = []
    for rotation in rotations:
        places, buckets = [], []
        for x in (q, k):
            turned = x @ rotation
            bucket = np.argmax(np.hstack([turned, -turned]), axis=1)
            order = sorted(range(len(x)), key=lambda token: (bucket[token], token))
            places.append([order.index(token) for token in range(len(x))])
            buckets.append(bucket)

        def sees(i, j, p=places, h=buckets):
            if causal:
                return h[0][i] == h[1][j] and 0 <= p[0][i] - p[1][j] < bucket_size
            return p[0][i] // bucket_size - p[1][j] // bucket_size in (0, 1)
        rounds.append(pattern(len(q), sees))
    return np.array(rounds)


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@given(bucket_size=st.integers(1, 4), chunks=st.integers(1, 4), rounds=st.integers(1, 4), half=st.integers(1, 3),
       way=st.sampled_from(["own", "shared", "causal"]), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_hashing_is_the_softmax_over_all_pairs_found_each_once(bucket_size, chunks, rounds, half, way, seed):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(3, bucket_size * chunks, 3))
    rotations = layers.random_rotations(3, 2 * half, rounds, rng)
    given_k, k, causal = (k, k, False) if way == "own" else (None, unit(q), way == "causal")
    found = found_pairs(q, k, rotations, bucket_size, causal)
    np.testing.assert_array_equal(layers.hashed_mask(q, given_k, rotations, bucket_size, causal), found.any(axis=0))
    np.testing.assert_allclose(layers.hashed_attention(q, given_k, v, rotations, bucket_size, causal),
                               layers.masked_attention(q, k, v, found.any(axis=0)))
    weighed = np.exp(q @ k.T / np.sqrt(3)) * found.sum(axis=0)
    np.testing.assert_allclose(layers.hashed_attention(q, given_k, v, rotations, bucket_size, causal, count_once=False),
                               weighed / weighed.sum(axis=1, keepdims=True) @ v)


def test_more_rounds_lead_to_full_attention_if_each_pair_counts_once():
    rng = np.random.default_rng(3)
    q, k, v = rng.normal(size=(3, 32, 4))
    rotations = layers.random_rotations(4, 8, 64, rng)

    def errors(count_once, k, full):
        return [np.abs(layers.hashed_attention(q, k, v, rotations[:rounds], 4, causal=k is None, count_once=count_once) - full).max()
                for rounds in (1, 4, 16, 64)]
    full = layers.mix(q, k, v)
    once, often = errors(True, k, full), errors(False, k, full)
    assert once[0] > once[1] > once[2] > once[3] and once[3] < 0.01 and often[3] > 0.1, (once, often)
    past = errors(True, None, layers.mix(q, unit(q), v, causal=True))
    assert past[0] > past[1] > past[3]


def test_directions_near_each_other_share_a_bucket_and_length_does_not_matter():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 16))
    rotations = layers.random_rotations(16, 8, 4, rng)
    own, scaled, near, other = (layers.hash_buckets(y, rotations) for y in
                                (x, 7 * x, x + 0.1 * rng.normal(size=x.shape), rng.normal(size=x.shape)))
    np.testing.assert_array_equal(own, scaled)
    assert own.min() == 0 and own.max() == 7
    assert (own == near).mean() > 0.8 and 0.05 < (own == other).mean() < 0.2
    assert not (own == layers.hash_buckets(-x, rotations)).any(), "opposite directions never meet"


# the past does not know the future ----------------------------------------------------------------------
BLOCKS = [[0], [0, 1], [1, 2], [0, 2, 3]]
CAUSAL = {
    "windowed_attention": [dict(window=1), dict(window=3), dict(window=12), dict(window=3, n_global=2), dict(window=2, n_global=11)],
    "strided_attention": [dict(stride=1), dict(stride=3), dict(stride=4), dict(stride=12)],
    "block_sparse_attention": [dict(block=3, blocks=BLOCKS), dict(block=3, blocks=[range(4)] * 4)],
}


@pytest.mark.parametrize("name, options", [(name, options) for name, cases in CAUSAL.items() for options in cases])
def test_the_past_does_not_know_the_future_to_the_bit(name, options):
    layer, rng = getattr(layers, name), np.random.default_rng(4)
    q, k, v = rng.normal(size=(3, 12, 4))
    for t in range(1, 12):
        changed = [np.concatenate([a[:t], rng.normal(size=(12 - t, 4))]) for a in (q, k, v)]
        before, after = layer(q, k, v, **options, causal=True), layer(*changed, **options, causal=True)
        np.testing.assert_array_equal(before[:t], after[:t])
        assert not np.allclose(before[t], after[t])


def test_hashing_does_not_know_the_future_though_the_papers_chunks_do():
    """Chunks begin where all tokens, later ones too, put them: which past tokens are seen would change."""
    rng, moved = np.random.default_rng(5), 0
    for t in range(1, 12):
        q, v = rng.normal(size=(2, 12, 3))
        changed_q, changed_v = (np.concatenate([a[:t], rng.normal(size=(12 - t, 3))]) for a in (q, v))
        rotations = layers.random_rotations(3, 4, 2, rng)
        before, after = (layers.hashed_attention(*of, rotations, 3, causal=True) for of in ((q, None, v), (changed_q, None, changed_v)))
        np.testing.assert_allclose(before[:t], after[:t], rtol=1e-12, atol=1e-14)
        assert not np.allclose(before[t], after[t])
        papers = [np.tril(layers.hashed_mask(x, None, rotations, 3))[:t] for x in (q, changed_q)]
        moved += (papers[0] != papers[1]).any()
    assert moved > 3


# what is refused ------------------------------------------------------------------------------------------
X = np.ones((6, 2))
ROTATIONS = np.ones((1, 2, 2))
REFUSED = [
    (lambda: layers.windowed_attention(X, X, X, 0, causal=True), "window: 0 is below 1"),
    (lambda: layers.windowed_attention(X, X, X, 4), "window: 4 is even .* give 3 or 5, or causal=True"),
    (lambda: layers.windowed_attention(X, X, X, 2.5), "window: 2.5"),
    (lambda: layers.windowed_attention(X, X, X, 3, n_global=-1), "n_global: -1"),
    (lambda: layers.windowed_attention(X, X[:4], X, 3), "broadcast"),
    (lambda: layers.windowed_attention(X, X, X[:4], 3), "broadcast"),
    (lambda: layers.strided_attention(X, X, X, 4), "stride: 4 does not divide the number of tokens 6; 2 or 3 would"),
    (lambda: layers.block_sparse_attention(X, X, X, 0, []), "block: 0"),
    (lambda: layers.block_sparse_attention(X, X, X, 3, [[0]]), "blocks: 1 rows for 2 blocks of 3 tokens"),
    (lambda: layers.block_sparse_attention(X, X, X, 3, [[0], []]), r"blocks: row 1 is \[\]; .* columns from 0 to 1"),
    (lambda: layers.block_sparse_attention(X, X, X, 3, [[0], [2]]), "blocks: row 1"),
    (lambda: layers.block_sparse_attention(X, X, X, 3, [[0], [-1]]), "blocks: row 1"),
    (lambda: layers.block_sparse_attention(X, X, X, 3, [[1], [1]], causal=True), "blocks: row 0 .* its own among them"),
    (lambda: layers.big_bird_blocks(4, window=2), "window: 2 is even"),
    (lambda: layers.random_rotations(2, 3, 1, np.random.default_rng(0)), "n_buckets: 3 is odd, .* give 4"),
    (lambda: layers.hashed_attention(X, X, X, ROTATIONS, 4), "bucket_size: 4 does not divide the number of tokens 6"),
    (lambda: layers.hashed_attention(X, X, X, ROTATIONS, 3, causal=True), "causal: True with keys of their own.*k=None"),
    (lambda: layers.hashed_mask(X, X, ROTATIONS, 3, causal=True), "causal: True")]


@pytest.mark.parametrize("place", range(len(REFUSED)))
def test_what_would_be_silently_wrong_is_refused(place):
    call, message = REFUSED[place]
    with pytest.raises(ValueError, match=message):
        call()
