"""What happens to a page with explorers: two beside each other, run again, wrong values, closed and opened, exported."""

import pytest
from hands import line, live
from lab import ROOT

from helpers.explorers import GrowthExplorer, ModelExplorer
from helpers.explorers.growth import GrowthState

N = GrowthExplorer.controls[0]
GROWTH = "from helpers.explorers import GrowthExplorer\nexplorer = GrowthExplorer(n=100, d=512)\nexplorer"


def shown(explorer):
    live(explorer)
    return explorer


def test_explorers_side_by_side_do_not_disturb_each_other(lab):
    """The last cell shows the first explorer once more: two views of one stay together."""
    lab.open(lab.write("side-by-side", GROWTH, "GrowthExplorer(n=1_000)", "from helpers.explorers import ModelExplorer\nModelExplorer()",
                       "explorer")).run_all().live()
    first, second, third = mirrors = [shown(explorer) for explorer in (GrowthExplorer(), GrowthExplorer(n=1_000), ModelExplorer())]

    def all_as_expected():
        for lab.place, explorer in enumerate((*mirrors, first)):
            lab.shows(explorer)

    all_as_expected()
    for lab.place, mirror in ((0, first), (1, second), (3, first)):
        lab.move(N.label, "ArrowRight")
        line(mirror, N)[0].index += 1
        lab.shows(mirror)
        all_as_expected()
    lab.place = 2
    lab.preset("Llama-3 8B")
    third.load("Llama-3 8B")
    all_as_expected()
    lab.screenshot("side-by-side")
    assert lab.troubles() == []


def test_a_notebook_run_twice_and_after_a_restart(lab):
    lab.open(lab.write("again", GROWTH)).run_all().live()
    for run in (lab.run_all, lab.restart_and_run_all):
        mirror = shown(GrowthExplorer())
        lab.move(N.label, "ArrowRight")
        line(mirror, N)[0].index += 1
        lab.shows(mirror)
        run().live()
        lab.shows(shown(GrowthExplorer()))
        assert lab.page.locator("img.widget-image").count() == 1
    lab.move(N.label, "ArrowRight")
    lab.shows(mirror)
    assert lab.troubles() == []


def test_letters_in_a_field_and_a_wrong_state_from_code_are_one_sentence(lab):
    lab.open(lab.write("wrong", GROWTH, "explorer.state = explorer.State(n=1_024)", "explorer.change(n=3)")).run_all().live()
    mirror = shown(GrowthExplorer())
    mirror.state = GrowthState(n=1_024)
    with pytest.raises(ValueError) as refused:
        mirror.change(n=3)
    lab.warns(str(refused.value))
    lab.shows(mirror)
    output = lab.page.locator(".jp-OutputArea-output[data-mime-type*='stderr']")
    assert " ".join(output.inner_text().split()) == str(refused.value)
    lab.screenshot("wrong-state")
    for typed, words in (("many", "sequence length n: “many” is not a whole number. Type a whole number from 10 to 10,000,000 tokens, such as 1,024."),
                         ("1024.5", "“1024.5” is not a whole number"), ("9e9", "“9e9” is out of range")):
        lab.type(N.label, typed)
        lab.warns(words)
        lab.shows(mirror)
        assert lab.line(N.label).locator("input").input_value() == "1,024"
    lab.screenshot("letters")
    lab.type(N.label, "3 000")
    line(mirror, N)[1].value = "3 000"
    lab.shows(mirror)
    assert lab.line(N.label).locator("input").input_value() == "3,000"


def test_the_stored_picture_is_there_before_anything_runs_and_when_the_page_is_opened_again(lab):
    notebook = "notebooks/12_explore_growth.ipynb"

    def stored():
        lab.open(notebook)
        pictures = lab.page.locator(".jp-RenderedImage img")
        assert pictures.first.evaluate("image => image.complete && image.naturalWidth") == 700
        assert lab.page.locator(".jupyter-widgets").count() == 0
        return pictures.count()

    there = stored()
    lab.run_all().live()
    assert stored() == there > 0
    assert lab.troubles() == []


EXPORTED = [path.stem for path in sorted((ROOT / "notebooks").glob("1[2-5]_*.ipynb"))]


@pytest.mark.parametrize("notebook", EXPORTED)
def test_an_exported_page_shows_pictures_and_sentences_without_kernel_and_network(browser, tmp_path, notebook):
    from nbconvert import HTMLExporter
    from nbformat import read

    path = ROOT / "notebooks" / f"{notebook}.ipynb"
    (tmp_path / "page.html").write_text(HTMLExporter().from_filename(str(path))[0], encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    words = " ".join(page.locator("body").inner_text().split())
    pictures = page.evaluate("() => [...document.images].filter(x => x.naturalWidth === 700).map(x => x.src.split(',')[1].replace(/\\s|%0A/g, ''))")
    shown = 0
    for cell in read(path, 4).cells:
        bundles = [output.data for output in cell.get("outputs", ()) if "data" in output]
        for picture, text in zip(bundles, bundles[1:]):
            if "image/png" in picture and "Explorer" in cell.source:
                assert "".join(picture["image/png"].split()) in pictures
                assert " ".join(text["text/plain"].split("\n\n")[0].split()) in words
                shown += 1
    assert shown or not notebook.startswith(("12", "13", "14"))
    assert page.locator("text=/model not found|Error displaying widget/i").count() == 0
    context.close()
