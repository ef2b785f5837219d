"""Every explorer of the course from a fresh kernel: each control from the keyboard, the order of the focus, zoom, a fast hand.

In the test's own process stands a mirror, another explorer of the same kind, moved alike: the page must show its
very picture and its very sentence.
"""

import pytest
from hands import EXPLORERS, line, live, nudge
from lab import one_page

from helpers.explorers.controls import Choice, MultiChoice, Slider
from helpers.explorers.fields import number_text


@pytest.fixture(scope="module", params=EXPLORERS, ids=lambda cls: cls.__name__)
def shown(request, browser, server):
    """A page that shows an explorer, started once for the tests of this explorer: (page, its class)."""
    name = request.param.__name__
    with one_page(browser, server) as lab:
        lab.open(lab.write(name, f"from helpers.explorers import {name}\n{name}()")).run_all().live()
        yield lab, request.param


def test_each_control_moves_by_keyboard(shown):
    lab, cls = shown
    mirror = cls()
    live(mirror)
    lab.shows(mirror)
    lab.screenshot(f"{cls.__name__}-start")
    for control in cls.controls:
        before = line(mirror, control)
        ticked = [tick.value for tick in before] if isinstance(control, MultiChoice) else []
        nudge(mirror, control)
        value = getattr(mirror.state, control.name)
        if isinstance(control, Slider):
            lab.move(control.label, "Home" if value == control.values[0] else "ArrowRight")
        elif isinstance(control, Choice):
            lab.choose(control.label, control.options[value])
        elif isinstance(control, MultiChoice):
            lab.tick(next(tick.description for tick, was in zip(line(mirror, control), ticked) if tick.value != was))
        else:
            lab.type(control.label, number_text(value))
        lab.shows(mirror)
    lab.screenshot(f"{cls.__name__}-moved")
    assert lab.troubles() == []


def test_a_fast_hand_ends_at_the_last_value(shown):
    """Forty presses, faster than pictures come: none lags behind."""
    lab, cls = shown
    mirror = cls()
    control = next(control for control in cls.controls if isinstance(control, Slider))
    slider, _ = line(mirror, control)
    lab.press("reset")
    lab.shows(mirror)
    lab.move(control.label, "Home")
    place, last = 0, len(slider.options) - 1
    for step in [1] * 30 + [-1] * 10:
        lab.page.keyboard.press("ArrowRight" if step > 0 else "ArrowLeft")
        lab.page.wait_for_timeout(25)
        place = min(last, max(0, place + step))
    slider.index = place
    lab.shows(mirror)
    lab.page.wait_for_timeout(300)
    lab.shows(mirror)
    assert lab.troubles() == []


def test_tab_goes_as_the_eye_reads(shown):
    lab, cls = shown
    lab.line("preset").locator("select").focus()
    stops = []
    while lab.box.evaluate("box => box.contains(document.activeElement)"):
        stops.append(lab.page.evaluate("""() => {
            const {x, y, height} = document.activeElement.getBoundingClientRect(), {scrollTop} = document.querySelector('.jp-WindowedPanel-outer');
            return [Math.round((y + height / 2 + scrollTop) / 20), x];
        }"""))
        lab.page.keyboard.press("Tab")
    assert len(stops) >= 2 + len(cls.controls)
    assert stops == sorted(stops), stops


@pytest.mark.parametrize("zoom", [1.0, 1.25, 2.0], ids="{:.0%}".format)
def test_nothing_scrolls_sideways_at_any_zoom(shown, zoom):
    """Zoomed in, a page has fewer pixels: 1280 × 720 at 200 % are 640 × 360."""
    lab, cls = shown
    lab.page.set_viewport_size({"width": round(1280 / zoom), "height": round(720 / zoom)})
    lab.page.wait_for_timeout(300)
    lab.box.scroll_into_view_if_needed()
    lab.screenshot(f"{cls.__name__}-zoom-{zoom:.0%}".replace("%", ""))
    found = lab.box.evaluate("""box => {
        const image = box.querySelector('img.widget-image').getBoundingClientRect(), output = box.closest('.jp-OutputArea-output');
        const parts = [output, ...output.querySelectorAll('*')], edge = output.getBoundingClientRect().right + 1;
        const wide = parts.filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible'
            && getComputedStyle(e).display !== 'inline' && !e.matches('.widget-label'));
        const out = parts.filter(e => e.getBoundingClientRect().right > edge && !e.matches('option'));
        return {wide: wide.map(e => e.className || e.tagName), out: out.map(e => e.className || e.tagName),
                ratio: image.width / image.height, page: document.documentElement.scrollWidth, window: innerWidth};
    }""")
    assert found["wide"] == [] and found["out"] == [] and found["page"] <= found["window"], found
    assert found["ratio"] == pytest.approx(1.75, abs=0.02), "the picture is stretched"
