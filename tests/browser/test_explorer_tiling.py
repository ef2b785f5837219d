"""Lesson 09 in JupyterLab: a tile made longer until it no longer fits, and narrower; the other order; a small chip."""

LESSON = "notebooks/09_flash_attention.ipynb"


def says(lab, words):
    """Wait until the sentence holds these words: it comes after the picture."""
    lab.page.wait_for_function(
        "words => document.querySelector('.widget-html p').innerText.includes(words)", arg=words, timeout=10_000)


def test_a_tile_grows_the_order_turns_and_a_preset_loses(lab):
    lab.open(LESSON).run_all().live()
    says(lab, "then moves 2,230,272 elements")
    before = lab.source()
    lab.slider("rows of a tile").press("ArrowRight")
    lab.wait_for_new(before)
    says(lab, "A tile of 128 × 64 needs 33,024 elements and the chip has 32,768")
    lab.slider("columns of a tile").press("ArrowLeft")
    says(lab, "then moves 1,181,696 elements")
    button = lab.page.locator(".widget-toggle-button:has-text('keys stay')").first
    button.focus()
    button.press("Enter")
    says(lab, "then moves 6,486,016 elements")
    lab.page.locator(".widget-dropdown select").first.select_option("a chip below d²")
    says(lab, "tiles lose here")
    for label, key, words in (("sequence length n", "ArrowRight", "n = 2,048 tokens"), ("head width d", "ArrowLeft", "d = 128,"),
                              ("on the chip", "ArrowRight", "65,536 elements")):
        before = lab.source()
        lab.slider(label).press(key)
        lab.wait_for_new(before)
        says(lab, words)
    lab.screenshot("tiling")
    assert lab.troubles() == []
