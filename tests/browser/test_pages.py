"""What happens to a page with explorers: two beside each other, run again, wrong values, closed and opened."""

import pytest
from helpers.explorers import GrowthExplorer, RooflineExplorer

SIDE = "sequence length n"
GROWTH = "from helpers.explorers import GrowthExplorer\nexplorer = GrowthExplorer(n=100, d=512)\nexplorer"


def test_explorers_side_by_side_do_not_disturb_each_other(lab):
    """The last cell shows the first explorer once more: two views of one stay together."""
    lab.open(lab.write("side-by-side", GROWTH, "GrowthExplorer(n=1_000)", "from helpers.explorers import RooflineExplorer\n"
                       "RooflineExplorer()", "explorer")).run_all().live()
    mirrors = GrowthExplorer(), GrowthExplorer(n=1_000), RooflineExplorer()
    for place, mirror, n in ((0, 0, 200), (1, 1, 2_000), (3, 0, 500), (2, 2, 16_384)):
        lab.place = place
        lab.live().move(SIDE, "ArrowRight")
        mirrors[mirror].change(n=n)
        for lab.place, explorer in enumerate((*mirrors, mirrors[0])):
            lab.shows(explorer)
    assert lab.troubles() == []


def test_a_notebook_run_twice_and_after_a_restart(lab):
    lab.open(lab.write("again", GROWTH)).run_all().live()
    for restart in (False, True):
        lab.move(SIDE, "ArrowRight")
        lab.shows(GrowthExplorer(n=200))
        lab.run_all(restart).live()
        lab.shows(GrowthExplorer())
        assert lab.page.locator(".explorer").count() == 1
    assert lab.troubles() == []


def test_wrong_words_in_a_field_and_a_wrong_state_from_code_are_one_sentence(lab):
    lab.open(lab.write("wrong", GROWTH, "explorer.state = explorer.State(n=1_024)", "explorer.change(n=3)")).run_all().live()
    with pytest.raises(ValueError) as refused:
        GrowthExplorer(n=3)
    lab.warns(str(refused.value))
    lab.shows(GrowthExplorer(n=1_024))
    output = lab.page.locator(".jp-OutputArea-output[data-mime-type*='stderr']")
    assert " ".join(output.inner_text().split()) == str(refused.value)
    high = lab.box.bounding_box()["height"]
    for typed, words in (("many", "n = 'many' is not a whole number: sequence length n is a whole number from 10"),
                         ("1024.5", "1024.5 is not a whole number"), ("9e9", "9000000000 is out of range")):
        lab.type(SIDE, typed)
        lab.warns(words)
        assert lab.field(SIDE).input_value() == "1,024" and lab.box.bounding_box()["height"] == high  # nothing jumps
    lab.type(SIDE, "3k")
    lab.shows(GrowthExplorer(n=3_000))
    assert lab.field(SIDE).input_value() == "3,000" and lab.box.locator("[role=alert]").count() == 0


def test_the_stored_picture_is_there_before_anything_runs_and_when_the_page_is_opened_again(lab):
    notebook = "notebooks/12_explore_growth.ipynb"

    def stored():
        lab.open(notebook)
        pictures = lab.page.locator(".jp-RenderedImage img")
        assert pictures.first.evaluate("image => image.complete && [image.naturalWidth, image.width]") == [1400, 700]
        assert lab.page.locator(".jupyter-widgets").count() == 0
        return pictures.count()

    there = stored()
    lab.run_all().live()
    assert stored() == there > 0
    assert lab.troubles() == []
