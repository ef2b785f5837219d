"""Lesson 05 in JupyterLab: the model explorer from the keyboard, and a published model from the list."""

LESSON = "notebooks/05_the_whole_transformer.ipynb"


def test_a_model_is_chosen_and_changed(lab):
    lab.open(LESSON).run_all().live()
    assert lab.sentence().startswith("Llama-3 8B has 8,030,261,248 parameters")
    before = lab.source()
    lab.page.locator(".widget-dropdown select").first.select_option("DeepSeek-V3")
    lab.wait_for_new(before)
    assert lab.sentence().startswith("DeepSeek-V3 has 671,026,419,200 parameters, of which a token meets 37,552,297,472")
    for label, key in (("layers L", "ArrowLeft"), ("query heads for each", "ArrowRight"), ("experts it passes by", "ArrowLeft"),
                       ("vocabulary V", "ArrowLeft"), ("sequence length n", "ArrowRight")):
        before = lab.source()
        lab.slider(label).press(key)
        lab.wait_for_new(before)
    assert lab.sentence().startswith("Your shape, otherwise like DeepSeek-V3,")
    lab.screenshot("models")
    assert lab.troubles() == []
