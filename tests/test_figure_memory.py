"""The figures of lesson 07 draw the bytes that they are given, and no text leaves the picture."""

import pytest

from helpers.figures import kept_tensors, memory_bars
from helpers.figures.memory import KINDS, by_kind
from helpers.memory import inference_footprint, training_footprint
from helpers.published import MODELS


def uncut(figure):
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    labels = [label for axes in figure.axes for label in [*axes.get_yticklabels(), *axes.texts]]
    for text in [*figure.texts, *labels]:
        box = text.get_window_extent()
        assert 0 <= box.x0 and box.x1 <= width and 0 <= box.y0 and box.y1 <= height, text.get_text()


def test_bars_stack_to_the_footprint():
    footprints = {"learns": training_footprint(MODELS["GPT-2 XL"], 1024, 8, recompute="full").parts,
                  "serves 16": inference_footprint(MODELS["Llama-2 7B"], 4096, 16).parts}
    figure = memory_bars(footprints, "Two bars", {"RTX 4090": 24e9, "H100 SXM": 80e9})
    patches = figure.axes[0].patches
    for row, parts in enumerate(footprints.values()):
        mine = patches[len(KINDS) * row:len(KINDS) * (row + 1)]
        assert sum(patch.get_width() for patch in mine) == pytest.approx(sum(parts.values()) / 1e9)
        assert [patch.get_width() for patch in mine] == pytest.approx([size / 1e9 for size in by_kind(parts).values()])
        assert [patch.get_y() + patch.get_height() / 2 for patch in mine] == pytest.approx([row] * len(KINDS))
    uncut(figure)


def test_every_part_of_a_footprint_has_a_kind():
    parts = training_footprint(MODELS["GPT-2"], 64, recompute="selective", optimizer="adam 8-bit").parts
    found = by_kind(parts)
    assert sum(found.values()) == sum(parts.values())
    assert found["optimizer"] == sum(parts[name] for name in ("master weights", "first moment", "second moment"))
    assert found["activations, logits"] == sum(parts[name] for name in ("activations", "one layer, recomputed", "last norm and logits"))


def test_a_bar_for_each_tensor():
    (_, layer), = MODELS["GPT-2 XL"].layers
    rows = layer.activation_tensors(1024)
    figure = kept_tensors(rows, "All of them")
    assert [patch.get_width() for patch in figure.axes[0].patches] == [row[2] / 1e6 for row in rows]
    assert [bool(patch.get_hatch()) for patch in figure.axes[0].patches] == [row[3] for row in rows]
    uncut(figure)


def test_the_longest_name_in_the_lesson_is_not_cut():
    uncut(kept_tensors([("feed-forward", "mask of the feed-forward's output", 2e6, False)], "One tensor"))


def test_too_many_bars():
    with pytest.raises(ValueError, match="9 entries; draw one to eight"):
        memory_bars({str(i): {"weights": 1} for i in range(9)}, "Nine", {})
