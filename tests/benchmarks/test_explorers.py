"""A move of each explorer beside `interact`, which draws the same figure anew: in the kernel, and from key press to pixels.

Both are moved by the explorer's first slider, as a hand drags it: a step at a time, there and back.
"""

import io

import pytest
from conftest import ROWS

from helpers import explorers

NAMES = [name for name in explorers.__all__ if name != "Explorer"]
TURNS, PRESSES, SKIPPED = 3, 14, 2

# Both start in the middle of the first slider's own steps.
START = """
from helpers.explorers import {name}
moved = next(control for control in {name}.controls if getattr(control, "values", ()))
start = {{moved.name: moved.values[len(moved.values) // 2]}}
"""
EXPLORER = START + """
explorer = {name}(**start)
explorer
"""
INTERACT = START + """
%matplotlib inline
from IPython.display import display
from ipywidgets import SelectionSlider, interact

drawing = {name}(**start)
def draw(value):
    drawing.change(**{{moved.name: value}})
    display(drawing.figure())

interact(draw, value=SelectionSlider(options=[(f"{{number:,}}", number) for number in moved.values],
                                     value=start[moved.name]));
"""
# From the key's event to the first frame after the picture has changed: an <svg>, or an <img> once it is decoded.
WATCH = """selectors => {
    const seen = place => { const found = document.querySelector(selectors[place]); return found && (found.src || found.innerHTML); };
    let before = [], pressed = 0, place = 0;
    window.times = selectors.map(() => []);
    window.watch = which => { place = which; };
    document.addEventListener('keydown', event => { pressed = event.timeStamp; before = selectors.map((_, at) => seen(at)); }, true);
    new MutationObserver(() => {
        const now = seen(place), at = place, start = pressed;
        if (!pressed || !now || now === before[place]) return;
        pressed = 0;
        const picture = document.querySelector(selectors[at]), ready = picture.decode ? picture.decode() : Promise.resolve();
        ready.then(() => requestAnimationFrame(() => window.times[at].push(performance.now() - start)));
    }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""
PICTURES = [".explorer svg.page", ".jp-OutputArea .jupyter-widgets .jp-RenderedImage img"]


def there_and_back(place, last, count):
    """Where a hand drags a slider: up to the end and back to the start, again and again."""
    round_trip = [*range(last), *range(last, 0, -1)]
    return [round_trip[(place + step) % len(round_trip)] for step in range(1, count + 1)]


@pytest.mark.parametrize("design, rounds", [("the explorer", 60), ("interact, a new figure", 20)])
@pytest.mark.parametrize("name", NAMES)
def test_one_move_in_the_kernel(name, design, rounds, timed):
    """All that the kernel does for a move: state, picture, words, and the texts that go to the browser."""
    cls = getattr(explorers, name)
    control = next(control for control in cls.controls if getattr(control, "values", ()))
    explorer, other = (cls(**{control.name: control.values[len(control.values) // 2]}) for _ in range(2))
    explorer.widget()
    slider = next(row for one, row in explorer._panel.rows if one is control).parts[0]
    places = iter(there_and_back(slider.index, len(slider.options) - 1, rounds + SKIPPED))

    def move():
        slider.set_state({"index": next(places)})

    def redraw():
        other.change(**{control.name: slider.options[next(places)][1]})
        other.figure().savefig(io.BytesIO(), format="png", dpi=100)
    timed(f"{name}, kernel side", design, move if design == "the explorer" else redraw, rounds, SKIPPED)
    assert getattr(explorer.state, control.name) == slider.value


@pytest.mark.parametrize("name", NAMES)
def test_key_press_to_pixels(name, lab):
    """The two take turns of some presses each, in one page and one kernel."""
    lab.open(lab.write(f"bench-{name}", *(code.format(name=name) for code in (EXPLORER, INTERACT)))).run_all()
    for picture in PICTURES:
        lab.page.wait_for_selector(picture)
    lab.page.evaluate(WATCH, PICTURES)
    handles = [lab.page.locator(".noUi-handle").first, lab.page.locator(".noUi-handle").last]
    ends = [[float(handle.get_attribute(f"aria-value{end}")) for end in ("now", "max")] for handle in handles]
    ways = [["ArrowRight" if after > before else "ArrowLeft" for before, after in zip([now, *places], places)]
            for now, last in ends for places in [there_and_back(int(now), int(last), TURNS * PRESSES)]]
    for turn in range(TURNS):
        for which in range(2):
            handles[which].focus()
            lab.page.evaluate("which => window.watch(which)", which)
            for number in range(turn * PRESSES, (turn + 1) * PRESSES):
                lab.page.keyboard.press(ways[which][number])
                lab.page.wait_for_function("([which, count]) => window.times[which].length > count", arg=[which, number],
                                           timeout=10_000)
                lab.page.wait_for_timeout(60)
    for design, times in zip(["the explorer", "interact, a new inline figure"], lab.page.evaluate("window.times")):
        # The first presses of a turn meet a page that is still busy with the other design.
        ROWS.append((f"{name}, press to pixels", design, [one for number, one in enumerate(times) if number % PRESSES >= SKIPPED]))
    assert lab.troubles() == []
