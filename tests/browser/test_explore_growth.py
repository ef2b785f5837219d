"""Notebook 12 as a reader meets it: open, look, run, move a slider."""

import pytest

from helpers.explorers.growth import LENGTHS, GrowthExplorer, GrowthState
from helpers.explorers.stage import Stage

NOTEBOOK = "notebooks/12_explore_growth.ipynb"


def test_the_saved_picture_is_there_before_anything_runs(lab):
    lab.open(NOTEBOOK)
    pictures = lab.page.locator(".jp-RenderedImage img")
    assert pictures.count() >= 1
    assert pictures.first.evaluate("image => image.complete && image.naturalWidth") == 700
    assert lab.page.locator(".jupyter-widgets").count() == 0
    assert lab.troubles() == []


def test_run_all_then_the_arrow_keys_move_the_picture_and_the_sentence(lab):
    lab.open(NOTEBOOK).run_all().live()
    lab.slider("sequence length n")
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
        source, sentence = lab.source(), lab.sentence()
        lab.page.keyboard.press(key)
        lab.wait_for_new(source)
        lab.page.wait_for_function("old => document.querySelector('.widget-html p').innerText !== old", arg=sentence)
    lab.screenshot("12-run")
    assert lab.troubles() == []


def test_forty_fast_presses_end_at_the_last_value(lab):
    lab.open(NOTEBOOK).run_all().live()
    lab.slider("sequence length n")
    lab.page.keyboard.press("Home")
    lab.page.wait_for_function("() => document.querySelector('.widget-html p').innerText.includes('At n = 10 tokens')")
    for key in ["ArrowRight"] * 30 + ["ArrowLeft"] * 10:
        lab.page.keyboard.press(key)
        lab.page.wait_for_timeout(25)
    last = LENGTHS[20]
    lab.page.wait_for_function("n => document.querySelector('.widget-html p').innerText.includes(`At n = ${n} tokens`)",
                               arg=f"{last:,}", timeout=10_000)
    lab.page.wait_for_timeout(500)
    assert f"At n = {last:,} tokens" in lab.sentence()
    assert lab.picture() == Stage(GrowthExplorer()).png(GrowthState(n=last)), "the picture is of another state"
    assert lab.troubles() == []


def test_a_preset_and_reset_by_keyboard(lab):
    lab.open(NOTEBOOK).run_all().live()
    start, source = lab.sentence(), lab.source()
    lab.page.locator(".widget-dropdown select").first.select_option("GPT-2 (1,024 × 768)")
    lab.wait_for_new(source)
    lab.page.wait_for_function("() => document.querySelector('.widget-html p').innerText.includes('At n = 1,024 tokens and d = 768')")
    source = lab.source()
    lab.page.get_by_role("button", name="reset").first.focus()
    lab.page.keyboard.press("Enter")
    lab.wait_for_new(source)
    lab.page.wait_for_function("old => document.querySelector('.widget-html p').innerText === old", arg=start)
    assert lab.troubles() == []


def test_a_sixth_curve_is_answered_on_the_page(lab):
    lab.open(NOTEBOOK).run_all().live()
    boxes = lab.page.locator(".widget-checkbox input")
    for k in range(6):
        if not boxes.nth(k).is_checked():
            boxes.nth(k).click()
    lab.page.wait_for_selector("[role=alert]")
    assert "at most 5" in lab.page.inner_text("[role=alert]")
    lab.page.wait_for_function("() => [...document.querySelectorAll('.widget-checkbox input')].slice(0, 6).filter(x => x.checked).length === 5")
    assert lab.troubles() == []


@pytest.mark.parametrize("zoomed", [1.0, 1.25, 2.0], indirect=True, ids="{:.0%}".format)
def test_nothing_scrolls_sideways_at_any_zoom(zoomed, request):
    zoomed.open(NOTEBOOK).run_all().live()
    name = request.node.callspec.id.replace("%", "")
    zoomed.screenshot(f"12-zoom-{name}")
    widths = zoomed.page.evaluate("""() => {
        const image = document.querySelector('img.widget-image');
        const output = image.closest('.jp-OutputArea-output');
        const wide = [output, ...output.querySelectorAll('*')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth
            && getComputedStyle(e).overflowX !== 'visible' && getComputedStyle(e).display !== 'inline').map(e => e.className);
        const box = image.getBoundingClientRect();
        return {wide, right: box.right, edge: output.getBoundingClientRect().right, ratio: box.width / box.height,
                page: document.documentElement.scrollWidth, window: innerWidth};
    }""")
    assert widths["wide"] == [] and widths["page"] <= widths["window"], widths
    assert widths["right"] <= widths["edge"] + 1, widths
    assert widths["ratio"] == pytest.approx(1.75, abs=0.02), "the picture is stretched"
