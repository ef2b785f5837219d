"""Lesson 08 in JupyterLab: the roofline from the keyboard, a preset from the list, another chip by its button."""

LESSON = "notebooks/08_roofline.ipynb"


def test_a_preset_is_loaded_a_chip_chosen_and_the_sequences_raised(lab):
    lab.open(LESSON).run_all().live()
    assert lab.sentence().startswith("Llama-3 8B writes one token for 64 sequences of 8,192 tokens on one H100 SXM")
    before = lab.source()
    lab.page.locator(".widget-dropdown select").first.select_option("its prompt: Llama-3 8B reads")
    lab.wait_for_new(before)
    assert "reads 1 prompt of 8,192 tokens" in lab.sentence() and "arithmetic is the limit" in lab.sentence()
    before = lab.source()
    button = lab.page.locator(".widget-toggle-button:text-is('RTX 4090')").first
    button.focus()
    button.press("Enter")
    lab.wait_for_new(before)
    assert "on one RTX 4090" in lab.sentence()
    for label in ("sequences side by side", "tokens of each, n"):
        before = lab.source()
        lab.slider(label).press("ArrowRight")
        lab.wait_for_new(before)
    assert "reads 2 prompts of 16,384 tokens" in lab.sentence()
    lab.screenshot("roofline")
    assert lab.troubles() == []
