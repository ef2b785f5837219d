"""Who does not see the page, or has no mouse: names, states and values as Chromium tells a screen reader; contrast; axe."""

import re

import nbformat
import pytest
from lab import ROOT, one_page

from helpers import explorers
from helpers.explorers.panel import IN_VIEW, OWN, Number, Several, number_text

EXPLORERS = [getattr(explorers, name) for name in explorers.__all__ if name != "Explorer"]
ENOUGH = 4.5    # of WCAG 2, for letters of this size
# Letters, the message's too, and what lies beneath: the fill of the mark there, else the paper; cells of a picture have none.
CONTRASTS = """box => {
    const light = colour => colour.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255)
        .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4).reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
    const page = box.querySelector('svg.page'), found = [];
    for (const words of box.querySelectorAll('svg.page text, [role=alert]')) {
        const at = words.getBoundingClientRect(), [x, y] = [at.x + at.width / 2, at.y + at.height / 2];
        const under = document.elementsFromPoint(x, y).find(e => page.contains(e) && e.tagName !== 'text'
                                                             && getComputedStyle(e).fill !== 'none') || page;
        if (under.tagName === 'image') continue;
        const paper = under === page || words.matches('.halo') ? getComputedStyle(page).backgroundColor : getComputedStyle(under).fill;
        const {fill, color} = getComputedStyle(words), [a, b] = [light(words.matches('text') ? fill : color), light(paper)];
        found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), words.textContent]);
    }
    return found;
}"""


@pytest.fixture(scope="module")
def shown(browser, server):
    """A page that shows all explorers, each with a message: a Lab."""
    with one_page(browser, server) as lab:
        names = [cls.__name__ for cls in EXPLORERS]
        lab.open(lab.write("all", *(f"from helpers.explorers import {name}\n{name}()" for name in names))).run_all().live()
        lab.page.keyboard.press("Control+b")
        yield lab


def read(lab):
    """What a screen reader is told of an explorer: (role, name, value or state), in the order of the page."""
    cdp = lab.page.context.new_cdp_session(lab.page)
    root = cdp.send("DOM.getDocument")["root"]["nodeId"]
    box = cdp.send("DOM.querySelectorAll", {"nodeId": root, "selector": ".explorer"})["nodeIds"][lab.place]
    nodes = cdp.send("Accessibility.queryAXTree", {"nodeId": box})["nodes"]
    cdp.detach()
    handles = iter(lab.box.locator("[role=slider]:visible").evaluate_all("all => all.map(e => e.getAttribute('aria-valuetext'))"))

    def told(node):
        states = {one["name"]: one["value"].get("value") for one in node["properties"]}
        state = node.get("value", {}).get("value", states.get("checked"))
        if node["role"]["value"] == "slider":    # the protocol leaves its words out
            state = next(handles)
        return node["role"]["value"], *(re.sub(r"\s+", " ", str(text)) for text in (node.get("name", {}).get("value", ""), state))
    return [told(node) for node in nodes if not node["ignored"]]


def expected(explorer):
    """The same as it should be, without the picture and the words."""
    for control in explorer.controls:
        value = getattr(explorer.state, control.name)
        if isinstance(control, Number):
            name = f"{control.label} ({control.unit})".replace(" ()", "")
            if control.values:
                yield "slider", name, f"{value:,}"
            yield "textbox", name, number_text(value)
        elif isinstance(control, Several):
            yield "group", control.label, "None"
            yield from (("checkbox", words, str(key in value).lower()) for key, words in control.options.items())
        elif len(control.options) <= 3 and sum(map(len, control.options.values())) <= 26:
            yield "group", control.label, "None"
            yield from (("radio", words, str(key == value).lower()) for key, words in control.options.items())
        else:
            yield "combobox", control.label, control.options[value]


def axe_of():
    return pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing: the extra test brings it").Axe()


def serious(found, but=("minor", "moderate")):
    return [(one["id"], node["html"][:200]) for one in found.response["violations"] if one["impact"] not in but for node in one["nodes"]]


def dark(lab):
    lab.page.click(".lm-MenuBar-item:has-text('Settings')")
    lab.page.hover(".lm-Menu-item:has(.lm-Menu-itemLabel:text-is('Theme'))")
    lab.page.click(".lm-Menu-item:has(.lm-Menu-itemLabel:text-is('JupyterLab Dark'))")
    lab.page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")


@pytest.mark.parametrize("cls", EXPLORERS, ids=lambda cls: cls.__name__)
def test_each_control_has_a_name_and_says_its_state(shown, cls):
    lab, mirror, lab.place = shown, cls(), EXPLORERS.index(cls)
    lab.live()
    folded = ("checkbox", "more", "false") in read(lab)
    assert folded == (len(cls.controls) > IN_VIEW)
    lab.more()    # from the keyboard
    control = next(control for control in cls.controls if getattr(control, "values", ()))
    for step in 1, -1:
        controls = [("combobox", "preset", mirror.preset_name() or OWN), ("button", "reset", "None"), *expected(mirror)]
        found = read(lab)
        kinds = {"slider", "textbox", "combobox", "group", "radio", "checkbox", "button"}
        assert [one for one in found if one[0] in kinds and one not in (
            ("group", "numbers", "None"), ("checkbox", "more", "true"))] == controls
        assert ("image", mirror.shown.alt, "None") in found
        assert mirror.sentence() in [name for role, name, _ in found if role == "StaticText"]
        now = getattr(mirror.state, control.name)
        steps = sorted({*control.values, now})
        lab.move(control.label, "ArrowRight" if step > 0 else "ArrowLeft")
        mirror.change(**{control.name: steps[steps.index(now) + step]})
        lab.shows(mirror)
        lab.page.wait_for_timeout(200)
    lab.more()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_stand_out_and_axe_finds_nothing(shown, theme):
    axe, lab = axe_of(), shown
    if theme == "dark":
        dark(lab)
    for lab.place, cls in enumerate(EXPLORERS):
        number = next(control for control in cls.controls if isinstance(control, Number))
        lab.live().type(number.label, "many")
        lab.warns("many")
        weak = [pair for pair in lab.box.evaluate(CONTRASTS) if pair[0] < ENOUGH]
        assert not weak, (cls.__name__, weak)
    assert serious(axe.run(lab.page, ".explorer"), but=()) == []
    assert lab.troubles() == []


def test_a_live_figure_has_its_words(lab):
    words = "A line that rises from 1 to 2: two points"
    figure = "from helpers.figures import show\nfrom matplotlib import pyplot\npyplot.plot([1, 2])\n"
    lab.open(lab.write("figure", f"{figure}show(pyplot.gcf(), {words!r})")).run_all()
    assert lab.page.get_by_role("img", name=words, exact=True).evaluate("image => [image.width, image.naturalWidth]") == [700, 1400]
    assert lab.troubles() == []


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")), ids=lambda path: path.stem[:2])
def test_axe_finds_nothing_serious_of_ours_in_an_exported_lesson(browser, tmp_path, path):
    """Colours are those of nbconvert's page, in its template that keeps the words of pictures; its default leaves them out."""
    from nbconvert import HTMLExporter

    axe, page = axe_of(), browser.new_page()
    page.route(re.compile("^https?:"), lambda route: route.abort())    # its fonts and formulas
    notebook = nbformat.read(path, as_version=4)
    html, _ = HTMLExporter(embed_images=True, template_name="classic").from_notebook_node(notebook)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri(), wait_until="domcontentloaded")
    assert serious(axe.run(page, options={"rules": {"color-contrast": {"enabled": False}}})) == []
    assert page.locator(".output_png img").evaluate_all("all => all.map(e => e.alt)") == [
        output.metadata["image/png"]["alt"] for cell in notebook.cells for output in cell.get("outputs", ())
        if "image/png" in output.get("data", ())]
    page.close()
