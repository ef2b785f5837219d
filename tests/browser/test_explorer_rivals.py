"""Lesson 04 in JupyterLab: the map from the keyboard, a preset from the list, a convention, a rival unticked."""

LESSON = "notebooks/04_the_rivals.ipynb"


def test_a_preset_is_loaded_a_convention_changed_and_the_cursor_moved(lab):
    lab.open(LESSON).run_all().live()
    assert "GRU needs the fewest FLOPs, 7,247,757,312" in lab.sentence()
    before = lab.source()
    lab.page.locator(".widget-dropdown select").first.select_option("Table 1 as printed")
    lab.wait_for_new(before)
    assert "attention costs more than vanilla RNN from n = 769 on" in lab.sentence()
    before = lab.source()
    button = lab.page.locator(".widget-toggle-button:text-is('counted')").first
    button.focus()
    button.press("Enter")
    lab.wait_for_new(before)
    assert "attention passes none of the others" in lab.sentence()
    for label in ("sequence length n", "model width d"):
        before = lab.source()
        lab.slider(label).press("ArrowRight")
        lab.wait_for_new(before)
    before = lab.source()
    lab.page.locator("label:has-text('separable convolution') input").first.press("Space")
    lab.wait_for_new(before)
    assert "separable convolution needs the fewest" in lab.sentence()
    lab.screenshot("rivals")
    assert lab.troubles() == []
