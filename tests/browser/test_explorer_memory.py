"""Lesson 07 in JupyterLab: does it fit, from the keyboard, and another accelerator from its list."""

LESSON = "notebooks/07_memory.ipynb"


def test_memory_moves_from_the_keyboard(lab):
    lab.open(LESSON).run_all().live()
    before, sentence = lab.source(), lab.sentence()
    lab.slider("sequence length n").press("ArrowRight")
    lab.wait_for_new(before)
    lab.page.wait_for_function("([old]) => !document.body.innerText.includes(old)", arg=[sentence], timeout=10_000)
    before = lab.source()
    lab.page.locator(".widget-dropdown select", has_text="TPU v5e").first.select_option("TPU v5e")
    lab.wait_for_new(before)
    lab.page.wait_for_function("() => document.body.innerText.includes('one TPU v5e')", timeout=10_000)
    lab.screenshot("memory")
    assert lab.troubles() == []
