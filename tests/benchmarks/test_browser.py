"""From a key press to new pixels in JupyterLab in Chromium, each explorer and `interact` alike."""

import nbformat
import pytest
from conftest import EXPLORER, INTERACT, NAMES, ROWS

TURNS, PRESSES, SKIPPED = 3, 14, 2
# Both alike: from the key's event to the first frame after a new picture is decoded.
WATCH = """selectors => {
    const seen = () => selectors.map(selector => document.querySelector(selector)?.src);
    let before = seen(), pressed = 0, place = 0;
    window.times = selectors.map(() => []);
    window.watch = which => { place = which; };
    document.addEventListener('keydown', event => { pressed = event.timeStamp; before = seen(); }, true);
    new MutationObserver(() => {
        const image = document.querySelector(selectors[place]), now = place;
        if (!pressed || !image || !image.src || image.src === before[place]) return;
        const start = pressed;
        pressed = 0;
        image.decode().then(() => requestAnimationFrame(() => window.times[now].push(performance.now() - start)));
    }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
}"""
PICTURES = ["img.widget-image", ".jp-OutputArea .jupyter-widgets .jp-RenderedImage img"]


@pytest.mark.parametrize("name", NAMES)
def test_key_press_to_pixels(name, lab, server, benchmark):
    """The two take turns of some presses each, as a hand drags one slider, in one page and one kernel."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code.format(name=name)) for code in (EXPLORER, INTERACT)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(notebook, server[1] / "bench.ipynb")
    lab.open("bench.ipynb").run_all()
    for picture in PICTURES:
        lab.page.wait_for_selector(picture)
    lab.page.evaluate(WATCH, PICTURES)
    handles = [lab.page.locator(".noUi-handle").first, lab.page.locator(".noUi-handle").last]
    keys = there_and_back(handles)

    def press(which, number):
        handles[which].focus()
        lab.page.evaluate("which => window.watch(which)", which)
        lab.page.keyboard.press(keys[number])
        lab.page.wait_for_function("([which, count]) => window.times[which].length > count", arg=[which, number], timeout=10_000)
        lab.page.wait_for_timeout(60)

    def turns():
        for turn in range(TURNS):
            for which in range(2):
                for number in range(PRESSES):
                    press(which, turn * PRESSES + number)

    benchmark.group = f"{name}, key press to new pixels, both designs, with the driver's own time"
    benchmark.pedantic(turns, rounds=1)
    for design, times in zip(["the explorer", "interact, a new inline figure"], lab.page.evaluate("window.times")):
        # The first presses of a turn meet a page that is still busy with the other design.
        ROWS.append((f"{name}, press to pixels", design,
                     [time for number, time in enumerate(times) if number % PRESSES >= SKIPPED]))
    assert lab.troubles() == []


def there_and_back(handles):
    """The arrow keys of a hand that drags to the farther end, at most half a turn, and back."""
    rooms = [[float(handle.get_attribute(f"aria-value{end}")) for end in ("min", "now", "max")] for handle in handles]
    left, right = (min(room) for room in zip(*((now - low, high - now) for low, now, high in rooms)))
    way, back = ("ArrowRight", "ArrowLeft") if right >= left else ("ArrowLeft", "ArrowRight")
    steps = min(PRESSES // 2, int(max(left, right)))
    return ([way] * steps + [back] * steps) * (TURNS * PRESSES)
