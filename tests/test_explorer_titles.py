"""The bold line over an explorer's picture says what this state shows; the sentence names controls that move nothing."""

from itertools import combinations

import pytest

from helpers.explorers import (ConventionsExplorer, MemoryExplorer, ModelExplorer, RivalsExplorer)


def title(explorer):
    figure = explorer.figure()
    bold = [text for text in [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
            if text.get_weight() == "bold" and text.get_fontsize() == 12]
    assert len(bold) == 1
    figure.canvas.draw()
    box = bold[0].get_window_extent()
    assert 0 <= box.x0 and box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height, bold[0].get_text()
    return bold[0].get_text()


@pytest.mark.parametrize("explorer, words", [
    (RivalsExplorer(n=100, d=768), "Here attention needs the fewest FLOPs"),
    (RivalsExplorer(n=10_000, d=768), "Here the GRU needs the fewest FLOPs"),
    (RivalsExplorer(n=768, d=768), "Here the GRU and attention cost the same"),
    (RivalsExplorer(rivals=("lstm",)), "One rival alone"),
    (ModelExplorer(preset="GPT-2", n=1_024), "Most parameters: feed-forward. Most FLOPs: feed-forward"),
    (ModelExplorer(preset="GPT-2", n=100_000), "Most FLOPs: n² products"),
    (ModelExplorer(n_layers=1, vocab_size=100_000), "Most parameters: lookup tables. Most FLOPs: output head"),
    (ConventionsExplorer(), "Your switches count what PaLM counts"),
    (ConventionsExplorer(attention="out"), "Your switches count what the rule of thumb counts"),
    (ConventionsExplorer(softmax="in"), "none of the six"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_the_title_is_the_finding_of_the_state(explorer, words):
    assert words in title(explorer)


def test_two_rivals_with_long_names_fit_into_a_title():
    from helpers.explorers.rivals import LAYERS, heading

    longest = max((heading([(a, 1), (b, 1)]) for a, b in combinations(LAYERS, 2)), key=len)
    assert len(longest) < 75 and "cost the same" in longest
    assert heading([(key, 1) for key in LAYERS]) == "Here 7 rivals cost the same"


@pytest.mark.parametrize("rivals, idle", [
    (("rnn", "gru"), ["kernel width", "window", "attention's projections", "what attention computes"]),
    (("gru", "convolution"), ["window", "attention's projections", "what attention computes"]),
    (("gru", "window"), ["kernel width", "what attention computes"]),
    (("separable", "window", "attention"), []),
], ids=str)
def test_the_sentence_names_the_controls_that_move_nothing(rivals, idle):
    explorer = RivalsExplorer(n=1_000, d=512, w=64, rivals=rivals)
    start = explorer.numbers()
    moved = {}
    for name, change in {"kernel width": {"k": 9}, "window": {"w": 128}, "attention's projections": {"projections": "without"},
                         "what attention computes": {"causal": "triangle"}}.items():
        explorer.change(**change)
        moved[name] = explorer.numbers() != start
        explorer.reset()
    assert idle == [name for name in moved if not moved[name]]
    said = explorer.sentence().partition("These move nothing, as no chosen rival has them: ")[2]
    assert idle == [name for name in moved if name in said]


def test_a_state_outside_its_model_says_so():
    for explorer in (ConventionsExplorer(model="GPT-3 175B", n=131_072),
                     MemoryExplorer(model="GPT-3 175B", n=131_072), ModelExplorer(preset="GPT-3 175B", n=131_072)):
        assert "beyond the 2,048 learned positions" in explorer.sentence()
        explorer.change(n=2_048)
        assert "beyond" not in explorer.sentence()
    assert "longer than the sequence" in RivalsExplorer(n=100, w=256, rivals=("window", "gru")).sentence()


@pytest.mark.parametrize("optimizer, precision, each", [
    ("adam", "fp32", 16), ("adam", "bf16", 16), ("adam 8-bit", "bf16", 10), ("sgd", "fp32", 8), ("sgd", "bf16", 8)])
def test_learning_says_its_bytes_for_each_parameter(optimizer, precision, each):
    explorer = MemoryExplorer(model="Llama-3 8B", optimizer=optimizer, precision=precision)
    assert f"take {each} bytes a parameter" in explorer.sentence()
    assert ("counted in 16 bits" in explorer.sentence()) == (precision == "fp32")
    explorer.change(task="serve")
    assert "bytes a parameter" not in explorer.sentence() and "learning alone" in explorer.sentence()


def test_switches_set_as_a_source_and_its_own_formula_apart_are_explained():
    for preset in ("as Kaplan", "as Chinchilla", "as Megatron 2021"):
        said = ConventionsExplorer(preset=preset, model="Llama-3 8B", n=131_072).sentence()
        assert f"stand {preset}, whose formula is for plain layers only" in said
        assert "plain layers" not in ConventionsExplorer(preset=preset, model="GPT-3 175B").sentence()
    assert "off by −1.3 %" in ConventionsExplorer(preset="as Megatron 2021", model="Llama-3 8B", n=131_072).sentence()
