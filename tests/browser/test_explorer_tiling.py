"""Lesson 09 in JupyterLab: a tile made longer until it no longer fits, and narrower; the other order; a small chip."""

LESSON = "notebooks/09_flash_attention.ipynb"


def test_a_tile_grows_the_order_turns_and_a_preset_loses(lab):
    lab.open(LESSON).run_all().live()
    assert "then moves 2,230,272 elements" in lab.sentence()
    before = lab.source()
    lab.slider("rows of a tile").press("ArrowRight")
    lab.wait_for_new(before)
    assert "A tile of 128 × 64 needs 33,024 elements and the chip has 32,768" in lab.sentence()
    before = lab.source()
    lab.slider("columns of a tile").press("ArrowLeft")
    lab.wait_for_new(before)
    assert "then moves 1,181,696 elements" in lab.sentence()
    before = lab.source()
    button = lab.page.locator(".widget-toggle-button:has-text('keys stay')").first
    button.focus()
    button.press("Enter")
    lab.wait_for_new(before)
    assert "then moves 6,486,016 elements" in lab.sentence()
    before = lab.source()
    lab.page.locator(".widget-dropdown select").first.select_option("a chip below d²")
    lab.wait_for_new(before)
    assert "tiles lose here" in lab.sentence()
    for label in ("sequence length n", "head width d", "on the chip"):
        before = lab.source()
        lab.slider(label).press("ArrowRight")
        lab.wait_for_new(before)
    lab.screenshot("tiling")
    assert lab.troubles() == []
