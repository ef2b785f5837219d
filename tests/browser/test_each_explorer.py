"""Every explorer from a fresh kernel: two actions at once, each control moved, a fast hand, zoom.

In the test's own process stands a mirror, another explorer of the same kind, moved alike: the page must show its
picture's text, its sentence and its numbers.
"""

import pytest
from lab import one_page

from helpers import explorers
from helpers.explorers.panel import IN_VIEW, Choice, Number, number_text

EXPLORERS = [getattr(explorers, name) for name in explorers.__all__ if name != "Explorer"]


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
    """Another value of a control: the nearest step of a slider."""
    if isinstance(control, Number):
        steps = [step for step in control.values or (control.low, control.high) if step != value]
        return min(steps, key=lambda step: abs(step - value))
    keys = [key for key in control.options if key != value]
    return keys[0] if isinstance(control, Choice) else tuple(key for key in keys if key not in value)[:control.most]


def assert_together(lab, cls):
    """The page's picture, words and fields speak of the state that the kernel has."""
    lab.page.wait_for_timeout(700)
    lab.page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    lab.page.keyboard.press("Control+Enter")
    lab.page.wait_for_timeout(400)
    kernel = eval(lab.page.locator(".jp-OutputArea-output pre").last.inner_text(), {cls.__name__: cls})
    lab.shows(kernel)
    lab.more()
    for control in cls.controls:
        value, field = getattr(kernel.state, control.name), lab.field(control.label)
        if isinstance(control, Number):
            assert field.input_value() == number_text(value), (control.name, kernel)
        elif isinstance(control, Choice) and field.count():
            assert field.evaluate("x => x.options[x.selectedIndex].text").replace("\xa0", " ") == control.options[value]
    lab.more()


def test_two_actions_at_once_leave_all_together(shown):
    """First of all, while no widget has been answered yet: JupyterLab answers them in two threads."""
    lab, cls = shown
    number = next(control for control in cls.controls if isinstance(control, Number))
    first, *_, last = cls.presets
    lab.type(number.label, number_text(another(number, getattr(cls().state, number.name))))
    lab.choose("preset", last)
    assert_together(lab, cls)
    now = cls(preset=last).state
    lab.type(number.label, number_text(another(number, getattr(now, number.name))), enter=False)
    for choice in [control for control in cls.controls[:IN_VIEW] if isinstance(control, Choice)][:1]:
        lab.choose(choice.label, choice.options[another(choice, getattr(now, choice.name))])
        assert_together(lab, cls)
    lab.choose("preset", first)
    assert_together(lab, cls)


def test_each_control_moves(shown):
    lab, cls = shown
    mirror, changed = cls(), []
    lab.press("reset")
    lab.shows(mirror)
    lab.more()
    for place, control in enumerate(cls.controls):
        before = lab.box.locator("svg.page").inner_html()
        value = another(control, getattr(mirror.state, control.name))
        try:
            mirror.change(**{control.name: value})
        except ValueError:  # contradicts another
            continue
        if isinstance(control, Choice):
            lab.choose(control.label, control.options[value])
        elif not isinstance(control, Number):
            for key, words in control.options.items():
                if lab.box.get_by_role("checkbox", name=words, exact=True).is_checked() != (key in value):
                    lab.tick(words)
        elif control.start in control.values:
            lab.move(control.label, "ArrowRight" if value > control.start else "ArrowLeft")
        else:
            lab.type(control.label, number_text(value))
        lab.shows(mirror)
        changed.append(lab.box.locator("svg.page").inner_html() != before)
    lab.more()
    assert sum(changed) > len(changed) / 2 and lab.troubles() == []


def test_a_fast_hand_ends_at_the_last_value(shown):
    """Forty presses, faster than pictures come: none lags behind."""
    lab, cls = shown
    control = next(control for control in cls.controls if getattr(control, "values", ()))
    lab.press("reset")
    lab.move(control.label, "Home")
    place, last = 0, len(control.values) - 1
    for step in [1] * 30 + [-1] * 10:
        lab.page.keyboard.press("ArrowRight" if step > 0 else "ArrowLeft")
        lab.page.wait_for_timeout(25)
        place = min(last, max(0, place + step))
    lab.shows(cls(**{control.name: control.values[place]}))
    assert lab.troubles() == []


@pytest.mark.parametrize("zoom", [1.0, 1.25, 2.0], ids="{:.0%}".format)
def test_it_fits_at_any_zoom(shown, zoom):
    """Zoomed in, a page has fewer pixels: 1280 × 720 at 200 % are 640 × 360."""
    lab, cls = shown
    lab.page.set_viewport_size({"width": round(1280 / zoom), "height": round(720 / zoom)})
    lab.page.wait_for_timeout(300)
    out, ratio, high, wide = lab.box.evaluate("""box => {
        const picture = box.querySelector('svg.page').getBoundingClientRect(), output = box.closest('.jp-OutputArea-output');
        const edge = output.getBoundingClientRect().right + 1, parts = [...output.querySelectorAll('*')];
        const out = parts.filter(e => e.getBoundingClientRect().right > edge && !e.matches('option, svg *'));
        return [out.map(e => e.className || e.tagName), picture.width / picture.height,
                box.getBoundingClientRect().height, document.documentElement.scrollWidth - innerWidth];
    }""")
    assert out == [] and wide <= 0 and ratio == pytest.approx(1.75, abs=0.02) and (zoom > 1 or high <= 480), (out, high)
