"""Lesson 08 in JupyterLab: the roofline from the keyboard, a preset from the list, another chip from its list."""

LESSON = "notebooks/08_roofline.ipynb"


def test_a_preset_is_loaded_a_chip_chosen_and_the_batch_raised(lab):
    def wait_for_words(words):
        """The sentence comes in a message of its own, after the picture."""
        lab.page.wait_for_function("words => document.querySelector('.widget-html p').innerText.includes(words)", arg=words,
                                   timeout=10_000)
    lab.open(LESSON).run_all().live()
    assert lab.sentence().startswith("Llama-3 8B writes one token for 64 sequences of 8,192 tokens on one H100 SXM")
    before = lab.source()
    lab.page.locator(".widget-dropdown select").first.select_option("its prompt: Llama-3 8B reads")
    lab.wait_for_new(before)
    wait_for_words("reads 1 prompt of 8,192 tokens on one H100 SXM")
    wait_for_words("arithmetic is the limit")
    before = lab.source()
    lab.page.locator(".widget-dropdown select").nth(1).select_option("RTX 4090")
    lab.wait_for_new(before)
    wait_for_words("on one RTX 4090")
    for label, words in (("batch b", "reads 2 prompts of 8,192 tokens"), ("sequence length n", "reads 2 prompts of 16,384 tokens")):
        before = lab.source()
        lab.slider(label).press("ArrowRight")
        lab.wait_for_new(before)
        wait_for_words(words)
    lab.screenshot("roofline")
    assert lab.troubles() == []
