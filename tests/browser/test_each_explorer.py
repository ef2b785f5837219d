"""Every explorer from a fresh kernel: each control moved, a fast hand, two actions at once, the focus, zoom.

In the test's own process stands a mirror, another explorer of the same kind, moved alike: the page must show its
picture's text, its sentence and its numbers.
"""

import pytest
from lab import one_page

from helpers import explorers
from helpers.explorers.explorer import Explorer
from helpers.explorers.panel import IN_VIEW, Choice, Number

EXPLORERS = [cls for cls in (getattr(explorers, name) for name in explorers.__all__ if name != "Explorer")
             if issubclass(cls, Explorer)]


@pytest.fixture(scope="module", params=EXPLORERS, ids=lambda cls: cls.__name__)
def shown(request, browser, server):
    """A page that shows an explorer, started once for the tests of this explorer: (page, its class)."""
    name = request.param.__name__
    with one_page(browser, server) as lab:
        code = f"from helpers.explorers import {name}\nexplorer = {name}()\nexplorer"
        lab.open(lab.write(name, code, "print(explorer)")).run_all().live()
        lab.page.keyboard.press("Control+b")  # the list of files: closed, as the lessons advise
        yield lab, request.param


def another(control, value):
    """Another value of a control."""
    if isinstance(control, Number):
        steps = [step for step in control.values or (control.low, control.high) if step != value]
        return min(steps, key=lambda step: abs(step - value))
    if isinstance(control, Choice):
        return next(key for key in control.options if key != value)
    return tuple(key for key in control.options if key not in value)[:control.most]


def test_two_actions_at_once_leave_all_together(shown):
    """First of all, while no widget has been answered yet: JupyterLab answers them in two threads."""
    lab, cls = shown
    lab.live()
    number = next((control for control in cls.controls if isinstance(control, Number)), None)
    choice = next((control for control in cls.controls if isinstance(control, Choice)), None)
    presets = list(cls.presets)
    if number:
        lab.type(number.label, f"{another(number, cls().state.__dict__[number.name])}")
    lab.preset(presets[-1])
    assert_together(lab, cls)
    if number and choice:
        lab.type(number.label, f"{another(number, cls(preset=presets[-1]).state.__dict__[number.name])}", enter=False)
        now = lab.field(choice.label)
        lab.choose(choice.label, next(words for words in choice.options.values() if not now.count()
                                      or words != now.evaluate("x => x.options[x.selectedIndex].text").replace("\xa0", " ")))
        lab.preset(presets[0])
    assert_together(lab, cls)


def assert_together(lab, cls):
    """The page's picture and words, its fields, and the kernel's state speak of one state."""
    lab.page.wait_for_timeout(700)
    lab.page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    lab.page.keyboard.press("Control+Enter")
    lab.page.wait_for_timeout(400)
    kernel = eval(lab.page.locator(".jp-OutputArea-output pre").last.inner_text(), {cls.__name__: cls})
    lab.shows(kernel)
    lab.more()
    for control in cls.controls:
        value = getattr(kernel.state, control.name)
        if isinstance(control, Number):
            found = lab.field(control.label).input_value()
            assert float(found.replace(",", "")) == value, (control.name, found, kernel)
        elif isinstance(control, Choice) and lab.field(control.label).count():
            found = lab.field(control.label).evaluate("x => x.options[x.selectedIndex].text").replace("\xa0", " ")
            assert found == control.options[value], (control.name, found, kernel)
    lab.more()


def test_each_control_moves_the_picture(shown):
    lab, cls = shown
    mirror = cls()
    lab.press("reset")
    lab.shows(mirror)
    lab.screenshot(f"{cls.__name__}-start")
    changed = []
    for place, control in enumerate(cls.controls):
        before = lab.box.locator("svg.page").inner_html()
        if place == IN_VIEW:
            lab.more()
        value = another(control, getattr(mirror.state, control.name))
        try:
            mirror.change(**{control.name: value})
        except ValueError:  # contradicts another
            continue
        if isinstance(control, Number) and control.values and value > control.values[0] and control.start in control.values:
            lab.move(control.label, "ArrowRight" if value > control.start else "ArrowLeft")
        else:
            lab.set(control, value)
        lab.shows(mirror)
        changed.append(lab.box.locator("svg.page").inner_html() != before)
    lab.screenshot(f"{cls.__name__}-moved")
    assert sum(changed) > len(changed) / 2
    assert lab.troubles() == []


def test_a_fast_hand_ends_at_the_last_value(shown):
    """Forty presses, faster than pictures come: none lags behind."""
    lab, cls = shown
    control = next((control for control in cls.controls if isinstance(control, Number) and control.values), None)
    if control is None:
        pytest.skip("no slider")
    mirror = cls()
    lab.press("reset")
    lab.shows(mirror)
    lab.move(control.label, "Home")
    place, last = 0, len(control.values) - 1
    for step in [1] * 30 + [-1] * 10:
        lab.page.keyboard.press("ArrowRight" if step > 0 else "ArrowLeft")
        lab.page.wait_for_timeout(25)
        place = min(last, max(0, place + step))
    mirror.change(**{control.name: control.values[place]})
    lab.shows(mirror)
    assert lab.troubles() == []


@pytest.mark.parametrize("zoom", [1.0, 1.25, 2.0], ids="{:.0%}".format)
def test_it_fits_at_any_zoom(shown, zoom):
    """Zoomed in, a page has fewer pixels: 1280 × 720 at 200 % are 640 × 360."""
    lab, cls = shown
    lab.page.set_viewport_size({"width": round(1280 / zoom), "height": round(720 / zoom)})
    lab.page.wait_for_timeout(300)
    lab.box.scroll_into_view_if_needed()
    lab.screenshot(f"{cls.__name__}-zoom-{zoom:.0%}".replace("%", ""))
    found = lab.box.evaluate("""box => {
        const image = box.querySelector('svg.page').getBoundingClientRect(), output = box.closest('.jp-OutputArea-output');
        const edge = output.getBoundingClientRect().right + 1, parts = [...output.querySelectorAll('*')];
        const out = parts.filter(e => e.getBoundingClientRect().right > edge && !e.matches('option, svg *'));
        return {out: out.map(e => e.className || e.tagName), ratio: image.width / image.height,
                high: box.getBoundingClientRect().height, page: document.documentElement.scrollWidth, window: innerWidth};
    }""")
    assert found["out"] == [] and found["page"] <= found["window"], found
    assert found["ratio"] == pytest.approx(1.75, abs=0.02), "the picture is stretched"
    assert zoom > 1 or found["high"] <= 480, found
