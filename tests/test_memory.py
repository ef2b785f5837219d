"""Bytes held and bytes moved: against the published counts, against slow and obviously right versions, by search."""

from heapq import heappop, heappush
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import memory
from helpers.layers import block, block_shapes
from helpers.memory import Access, Cache, block_traffic, fits, simulate
from helpers.notation import N, L, b, d, h, n
from helpers.published import ACCELERATORS, ACTIVATIONS, ADAM_BYTES, KV_CACHE, MODELS
from helpers.transformer import Transformer

GPT3, LLAMA = MODELS["GPT-3 175B"], MODELS["Llama-3 8B"]
SYMBOLIC = Transformer.symbolic(n_kv_heads=None, d_head=None, d_ff=4 * d)


# what is held -----------------------------------------------------------------------------------------
def test_mixed_precision_adam_takes_sixteen_bytes_a_parameter_and_eighteen_with_wide_gradients():
    states = memory.training_state_bytes(N)
    assert sum(states.values()) == 16 * N == sum(row.bytes_per_parameter for row in ADAM_BYTES) * N
    assert [size / N for size in states.values()] == [row.bytes_per_parameter for row in ADAM_BYTES]
    assert sum(memory.training_state_bytes(N, gradient_precision="fp32").values()) == 18 * N
    assert sum(memory.training_state_bytes(N, "sgd").values()) == 8 * N
    assert sum(memory.training_state_bytes(N, "sgd with momentum").values()) == 12 * N
    assert sum(memory.training_state_bytes(N, "adam 8-bit").values()) == 10 * N
    assert sum(memory.training_state_bytes(N, "adam", "fp32", "fp32").values()) == 16 * N  # no second copy


def test_the_activations_of_a_layer_are_the_published_count_tensor_by_tensor():
    rows = memory.activation_tensors(SYMBOLIC, n, b)
    parts = {}
    for part, _, size, _ in rows:
        parts[part] = parts.get(part, 0) + size
    published = {row.what: row.formula for row in ACTIVATIONS}
    names = {"h": h, "n": n, "b": b, "d": d}
    for part, row in (("attention", "attention's part"), ("feed-forward", "feed-forward's part"), ("norms", "norms' part")):
        assert (parts[part] - eval(published[row], names)).expand() == 0
    for recompute, row in (("none", "a layer, nothing recomputed"), ("full", "a layer, full recomputation")):
        assert (memory.activation_bytes(SYMBOLIC, n, b, recompute) - L * eval(published[row], names)).expand() == 0
    assert (memory.activation_bytes(SYMBOLIC, n, b, "selective") - 34 * L * n * b * d).expand() == 0


@pytest.mark.parametrize("name", [name for name, model in MODELS.items()
                                  if not (model.gated or model.is_mixture or model.is_latent or model.window or model.qk_norm)])
def test_the_table_sums_to_what_the_transformer_says(name):
    assert memory.activation_bytes(MODELS[name], 384, 3) == MODELS[name].activation_bytes(384, 3)


@given(groups=st.sampled_from([1, 2, 4]), tokens=st.integers(1, 6), d_ff=st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_without_dropout_the_tensors_are_those_that_the_layers_save(groups, tokens, d_ff):
    """helpers.layers keeps for its own backward pass what the table lists, the norms' statistics aside."""
    model = Transformer(1, 8, 4, d_ff, 5, n_kv_heads=groups, gated=True, norm="rms")
    shapes = block_shapes(8, d_ff, 4, groups, gated=True, norm="rms")
    saved = {}
    block(np.ones((tokens, 8)), **{k: np.ones(s) for k, s in shapes.items()}, n_heads=4, n_kv_heads=groups, norm="rms", saved=saved)

    def elements(of):
        return sum(elements(v) if isinstance(v, dict) else v.size for k, v in of.items() if k != "deviation")
    listed = sum(size for *_, size, _ in memory.activation_tensors(model, tokens, dropout=False))
    assert elements(saved) * 2 == listed


def test_the_core_of_attention_is_what_has_n_squared():
    for *_, size, core in memory.activation_tensors(SYMBOLIC, n, b):
        assert core == (size.expand().coeff(n, 2) != 0)
    windowed = MODELS["Mistral 7B"]
    assert windowed.window == 4096
    grown = [memory.activation_bytes(windowed, tokens) for tokens in (4096, 8192, 12288)]
    assert grown[2] - grown[1] == grown[1] - grown[0]  # linear beyond the window


@pytest.mark.parametrize("row", KV_CACHE, ids=lambda row: f"{row.model}{' expanded' * row.expanded}")
def test_the_cache_has_the_published_bytes_per_token(row):
    if not row.expanded:
        assert memory.kv_cache_bytes(MODELS[row.model], 1) == row.bytes_per_token
        assert memory.kv_cache_bytes(MODELS[row.model], 2, precision="int4") * 2 == row.bytes_per_token


def test_the_cache_outgrows_the_weights_where_it_was_published():
    equal = memory.cache_equals_weights_tokens
    assert round(equal(MODELS["Llama-2 7B"]) / 1000, 1) == 25.7
    assert round(equal(LLAMA) / 1000, 1) == 122.5
    for model in (MODELS["Llama-2 7B"], LLAMA, MODELS["DeepSeek-V3"]):
        tokens = equal(model, "fp8", "int4", batch=3)
        assert memory.kv_cache_bytes(model, tokens, 3, "int4") >= memory.weight_bytes(model, "fp8")
        assert memory.kv_cache_bytes(model, tokens - 1, 3, "int4") < memory.weight_bytes(model, "fp8")
    assert equal(MODELS["Mistral 7B"]) == inf
    assert equal(Transformer.symbolic()).subs({s.name: 1 for s in ()}).has(L)


def test_a_footprint_adds_up_and_is_held_against_the_memory():
    found = fits(LLAMA, "H100 SXM", 8192, batch=4)
    assert found.total_bytes == 2 * LLAMA.parameters() + LLAMA.kv_cache_bytes(8192, 4) and found.fits
    assert found.free_bytes == ACCELERATORS["H100 SXM"].memory_bytes - found.total_bytes
    assert "free" in repr(found) and "missing" in repr(fits(GPT3, ACCELERATORS["H100 SXM"], 2048))
    exact = found.total_bytes
    for memory_bytes, answer in ((exact, True), (exact - 1, False)):
        assert memory.Footprint(found.parts, memory_bytes).fits is answer
    with pytest.raises(ValueError, match="accelerator"):
        memory.inference_footprint(LLAMA, 1).fits
    assert "missing" not in repr(memory.training_footprint(SYMBOLIC, n, b)) and "16" in repr(found)


def test_behind_the_layers_stand_the_last_norm_the_logits_input_and_the_logits():
    assert memory.output_bytes(SYMBOLIC, n, b) == (2*n*b*d + 2*n*b*d + 4*n*b*SYMBOLIC.vocab_size).expand()
    assert memory.training_footprint(GPT3, 2048, 3).parts["last norm and logits"] == 4 * 2048 * 3 * (12288 + GPT3.vocab_size)


def test_what_is_recomputed_lives_for_one_layer():
    for recompute, factor in (("selective", 80), ("full", 112)):
        parts = memory.training_footprint(GPT3, 2048, recompute=recompute).parts
        assert parts["one layer, recomputed"] == factor * 2048 * 12288
    assert "one layer, recomputed" not in memory.training_footprint(GPT3, 2048).parts
    totals = [memory.training_footprint(GPT3, 2048, recompute=r).total_bytes for r in ("none", "selective", "full")]
    assert totals == sorted(totals, reverse=True)
    assert memory.training_footprint(LLAMA, 64, dropout=False).parts["activations"] < memory.training_footprint(LLAMA, 64).parts["activations"]


@pytest.mark.parametrize("call, error, words", [
    (lambda: memory.bytes_of(1, "bfloat16"), KeyError, "bf16"),
    (lambda: memory.weight_bytes(LLAMA, "fp12"), KeyError, "fp16"),
    (lambda: memory.training_state_bytes(7, "adamw"), KeyError, "adam"),
    (lambda: memory.training_state_bytes(0), ValueError, "model"),
    (lambda: memory.weight_bytes("Llama-3 8B"), TypeError, "MODELS"),
    (lambda: fits(LLAMA, "H100 SXM", 10, batch=0), ValueError, "batch"),
    (lambda: fits(LLAMA, "H100", 10), KeyError, "H100 SXM"),
    (lambda: fits(LLAMA, "H100 SXM", 0), ValueError, "n:"),
    (lambda: fits(LLAMA, "H100 SXM", 10, training="yes"), ValueError, "training"),
    (lambda: memory.activation_bytes(LLAMA, 10, recompute="some"), ValueError, "recompute"),
    (lambda: memory.activation_tensors(MODELS["Mixtral 8x7B"], 10), ValueError, "n_experts"),
    (lambda: memory.activation_tensors(MODELS["DeepSeek-V3"], 10), ValueError, "n_experts|kv_lora_rank"),
    (lambda: memory.even_checkpoints(3, 4), ValueError, "segments"),
    (lambda: memory.optimal_checkpoints(3, 4, layer=5), ValueError, "memory"),
    (lambda: memory.optimal_checkpoints(0, 4), ValueError, "n_layers"),
    (lambda: Cache(0), ValueError, "elements"),
    (lambda: Cache(8, line=0), ValueError, "line"),
    (lambda: Cache(8, line=9), ValueError, "line"),
    (lambda: memory.largest_tile(63, d=64), ValueError, "fewer than d"),
    (lambda: memory.largest_tile(200, d=64), ValueError, "259"),
    (lambda: memory.plain_attention(4, 2, rows=5), ValueError, "rows"),
    (lambda: memory.tiled_attention(4, 2, 2, 5), ValueError, "columns"),
    (lambda: memory.tiled_attention(4, 2, 2, 0), ValueError, "columns"),
    (lambda: memory.tiled_attention(4, 2, 2, 2, outer="rows"), ValueError, "outer"),
])
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


# what to keep -------------------------------------------------------------------------------------------
def search(n_layers, room, layer):
    """The fewest layer runs by trying everything: Dijkstra's algorithm over what is kept and where the run stands.

    A position: the last layer not yet run backward, the states kept, the layers whose internals are kept, and
    the state at hand (None: none), which takes no memory.
    """
    queue, seen = [(0, n_layers, frozenset(), frozenset(), 0)], {}
    while queue:
        runs, last, states, layers, at = heappop(queue)[:5]
        if last == 0:
            return runs
        key = last, states, layers, at
        if key in seen:
            continue
        seen[key] = True
        used = len(states) + layer * len(layers)
        after = []
        if last in layers:
            after.append((runs, last - 1, states, layers - {last}, None))
        for start in {0, *states, *(each - 1 for each in layers)}:
            after.append((runs, last, states, layers, start))
        after += [(runs, last, states - {s}, layers, at) for s in states]
        after += [(runs, last, states, layers - {s}, at) for s in layers]
        if at is not None:
            if at and used < room:
                after.append((runs, last, states | {at}, layers, at))
            if at < last:
                after.append((runs + 1, last, states, layers, at + 1))
                if used + layer <= room:
                    after.append((runs + 1, last, states, layers | {at + 1}, at + 1))
        for item in after:
            heappush(queue, Item(item))
    return inf


class Item(tuple):
    """Ordered by the runs alone."""

    def __lt__(self, other):
        return self[0] < other[0]


@pytest.mark.parametrize("layer", [1, 2, 3])
@pytest.mark.parametrize("n_layers", [1, 2, 3, 4, 5])
def test_the_recursion_finds_what_search_finds(n_layers, layer):
    for room in range(layer, n_layers * layer + 1):
        assert memory.optimal_checkpoints(n_layers, room, layer).forwards == search(n_layers, room, layer), room


@pytest.mark.parametrize("n_layers", [1, 2, 5, 16, 48, 96])
@pytest.mark.parametrize("layer", [1, 7])
def test_the_square_root_rule_is_never_better_than_the_optimum(n_layers, layer):
    for segments in range(1, n_layers + 1):
        even = memory.even_checkpoints(n_layers, segments, layer)
        best = memory.optimal_checkpoints(n_layers, even.memory, layer)
        assert n_layers <= best.forwards <= even.forwards and best.memory <= even.memory
    assert memory.optimal_checkpoints(n_layers, layer, layer).forwards == n_layers * (n_layers + 1) // 2
    assert memory.optimal_checkpoints(n_layers, n_layers * layer, layer).forwards == n_layers


# what is moved ------------------------------------------------------------------------------------------
def by_the_book(accesses, elements, line, discard=()):
    """The slow, obviously right cache: a list of lines, the oldest first; one element at a time."""
    waiting, dirty, reads, writes = [], set(), {}, {}

    def write_back(item):
        if item in dirty:
            dirty.discard(item)
            writes[item[0]] = writes.get(item[0], 0) + line
    for array, rows, columns, width, write in accesses:
        for row in range(*rows):
            for column in range(*columns):
                item = array, (row * width + column) // line
                if item in waiting:
                    waiting.remove(item)
                else:
                    begin, end = item[1] * line, (item[1] + 1) * line
                    covered = write and row * width + columns[0] <= begin and end <= row * width + columns[1]
                    if not covered:
                        reads[array] = reads.get(array, 0) + line
                waiting.append(item)
                if write:
                    dirty.add(item)
                while len(waiting) > elements // line:
                    write_back(waiting.pop(0))
    for item in waiting:
        if item[0] not in discard:
            write_back(item)
    return reads, writes


@st.composite
def streams(draw):
    """Accesses to blocks of a 6 × 8 grid of two arrays, cut at fixed places."""
    rows = [0, *sorted(draw(st.sets(st.integers(1, 5), max_size=3))), 6]
    columns = [0, *sorted(draw(st.sets(st.integers(1, 7), max_size=3))), 8]
    pick = st.tuples(st.sampled_from("AB"), st.integers(0, len(rows) - 2), st.integers(0, len(columns) - 2), st.booleans())
    return [Access(array, (rows[i], rows[i + 1]), (columns[j], columns[j + 1]), 8, write)
            for array, i, j, write in draw(st.lists(pick, max_size=25))]


@given(streams(), st.integers(1, 60), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_the_simulator_is_the_cache_by_the_book_and_so_is_its_shortcut(accesses, elements, line):
    discard = ("B",)
    if line <= elements:
        found = simulate(accesses, elements, line, discard)
        assert (found.reads, found.writes) == by_the_book(accesses, elements, line, discard)
    quick = block_traffic(accesses, elements, discard)
    assert (quick.reads, quick.writes) == by_the_book(accesses, elements, 1, discard)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_attention_through_the_shortcut_and_element_by_element(data):
    tokens, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4))
    rows, columns = data.draw(st.integers(1, tokens)), data.draw(st.integers(1, tokens))
    elements = data.draw(st.integers(1, 150))
    for stream in (memory.plain_attention(tokens, width, rows, columns),
                   memory.tiled_attention(tokens, width, rows, columns, data.draw(st.sampled_from(["queries", "keys"])))):
        stream = list(stream)
        assert simulate(stream, elements) == block_traffic(stream, elements)


@given(tokens=st.integers(4, 40), width=st.integers(1, 8), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_tile_that_fits_moves_what_the_formula_says(tokens, width, data):
    tile = st.integers(1, tokens // 2)
    rows, columns = data.draw(tile), data.draw(tile)
    room = memory.tile_elements(width, rows, columns)
    for outer in ("queries", "keys"):
        moved = block_traffic(memory.tiled_attention(tokens, width, rows, columns, outer), room, discard=("tile",))
        assert "tile" not in moved.reads | moved.writes
        formula = memory.tiled_attention_elements(tokens, width, rows, columns, outer)
        if tokens % rows == 0 or outer == "keys":
            assert moved.elements == formula
        else:       # the last rows leave room, in which a block of K or V may have stayed
            assert formula - room < moved.elements <= formula


def test_plain_attention_passes_four_times_over_its_matrices_or_five():
    tokens, width, tile = 64, 4, 4
    for room, passes in ((2 * tile * tokens, 4), (2 * (2 * tile * width + tile * tile), 5)):
        moved = block_traffic(memory.plain_attention(tokens, width, tile, tile), room)
        square = sum((moved.reads | {}).get(a, 0) + moved.writes.get(a, 0) for a in "SP")
        assert square == passes * tokens**2 if passes == 5 else square <= passes * tokens**2
    assert moved.elements == memory.plain_attention_elements(tokens, width, tile, passes=5)


@pytest.mark.parametrize("outer", ["queries", "keys"])
def test_traffic_falls_as_one_over_the_memory_and_tiles_beat_the_plain_order(outer):
    tokens, width, before = 512, 8, inf
    for elements in (200, 800, 1600, 3200):
        rows, columns = memory.largest_tile(elements, width, tokens, outer)
        longer = (rows + 1, columns) if outer == "queries" else (rows, columns + 1)
        assert memory.tile_elements(width, rows, columns) <= elements
        assert memory.tile_elements(width, *longer) > elements or rows == columns < width
        tiled = block_traffic(memory.tiled_attention(tokens, width, rows, columns, outer), elements, ("tile",)).elements
        plain = block_traffic(memory.plain_attention(tokens, width, rows, columns), elements).elements
        assert tiled < before and tiled < plain
        constant = (tiled - 2 * tokens * width) / (tokens**2 * width**2 / elements)
        assert 6 < constant < 20  # 2·n·d for each of n/rows blocks, rows about M/3d; or 3 passes, and l and m
        before = tiled


def test_blocks_that_overlap_are_refused_by_the_shortcut():
    for second in (Access("A", (1, 3), (0, 2), 4), Access("A", (0, 2), (1, 2), 4), Access("A", (0, 3), (0, 2), 4)):
        with pytest.raises(ValueError, match="overlap"):
            block_traffic([Access("A", (0, 2), (0, 2), 4), second], 10)


def test_single_elements_and_lines():
    cache = Cache(elements=4, line=2)
    cache.write("x", 0)                     # half of a line: its line is read first
    cache.read("x", 1)                      # the same line
    cache.run([Access("y", (0, 1), (0, 2), 2, True)])  # a whole line: nothing to read
    assert (cache.traffic.reads, cache.traffic.writes) == ({"x": 2}, {})
    cache.read("z", 7)                      # pushes out x, which is dirty
    assert cache.traffic.writes == {"x": 2}
    assert cache.flush().writes == {"x": 2, "y": 2} and cache.flush().writes == {"x": 2, "y": 2}
