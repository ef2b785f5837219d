"""Lesson 06 in JupyterLab: the switchboard from the keyboard, and a convention from the list."""

LESSON = "notebooks/06_training_flops.ipynb"


def test_a_convention_is_chosen_and_a_switch_is_moved(lab):
    lab.open(LESSON).run_all().live()
    assert "They coincide with PaLM." in lab.sentence()
    before = lab.source()
    lab.page.locator(".widget-dropdown select").first.select_option("as Megatron 2021")
    lab.wait_for_new(before)
    assert "They coincide with Megatron." in lab.sentence()
    for label in ("sequence length n", "training tokens D"):
        before = lab.source()
        lab.slider(label).press("ArrowRight")
        lab.wait_for_new(before)
    before = lab.source()
    button = lab.page.locator(".widget-toggle-button:has-text('Llama-3 8B')").first
    button.focus()
    button.press("Enter")
    lab.wait_for_new(before)
    assert lab.sentence().startswith("Llama-3 8B on") and "none of the six formulas" in lab.sentence()
    lab.screenshot("conventions")
    assert lab.troubles() == []
