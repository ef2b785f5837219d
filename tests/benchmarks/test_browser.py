"""From a key press to new pixels in JupyterLab in Chromium, GrowthExplorer and `interact` alike."""

import nbformat
import pytest
from conftest import EXPLORER, INTERACT, ROWS

PRESSES = 60
# Both: the time of the key's event, then the first frame after a new picture is decoded.
WATCH = """selector => {
    const seen = () => [...document.querySelectorAll(selector)].map(image => image.src);
    let before = seen(), pressed = 0;
    window.times = [];
    document.addEventListener('keydown', event => { pressed = event.timeStamp; before = seen(); }, true);
    new MutationObserver(() => {
        const image = [...document.querySelectorAll(selector)].find(image => !before.includes(image.src));
        if (!image || !pressed) return;
        const start = pressed;
        pressed = 0;
        image.decode().then(() => requestAnimationFrame(() => window.times.push(performance.now() - start)));
    }).observe(document.body, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
}"""
DESIGNS = {
    "GrowthExplorer": (EXPLORER, "img.widget-image"),
    "interact, a new inline figure": (INTERACT, ".jp-OutputArea .jupyter-widgets .jp-RenderedImage img"),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_key_press_to_pixels(design, lab, server, benchmark):
    code, picture = DESIGNS[design]
    name = f"bench-{list(DESIGNS).index(design)}.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(notebook, server[1] / name)
    lab.open(name).run_all()
    lab.page.wait_for_selector(picture)
    lab.page.locator(".noUi-handle").first.focus()
    lab.page.evaluate(WATCH, picture)

    def press():
        key = "ArrowRight" if press.count % 48 < 24 else "ArrowLeft"
        press.count += 1
        lab.page.keyboard.press(key)
        lab.page.wait_for_function("count => window.times.length >= count", arg=press.count, timeout=10_000)
        lab.page.wait_for_timeout(60)

    press.count = 0
    benchmark.group = "key press to new pixels, with playwright's own time"
    benchmark.pedantic(press, rounds=PRESSES, warmup_rounds=5)
    ROWS.append(("key press to new pixels, browser", design, lab.page.evaluate("window.times")[5:]))
    assert lab.troubles() == []
