"""Decks at 1280 × 720 and the printed course, as a browser without the network shows them."""
import subprocess
import sys
from unicodedata import normalize

import export
import pytest
from test_export import needs_packages      # tests/test_export.py

pytestmark = needs_packages
# What sticks out of the window or is cut off in a box with a scroll bar, in pixels, of the slide that is shown.
CUT_OFF = """() => [...Reveal.getCurrentSlide().querySelectorAll("*")].filter(e => !e.closest("mjx-assistive-mml, svg")).map(e => {
  const box = e.getBoundingClientRect(), hidden = getComputedStyle(e).overflow != "visible" && e.clientWidth;
  return box.width && box.height ? [Math.max(-box.left, -box.top, box.right - innerWidth, box.bottom - innerHeight,
    hidden && e.scrollWidth - e.clientWidth, hidden && e.scrollHeight - e.clientHeight), e.tagName + ": " + e.textContent.slice(0, 60)] : [0, ""];
}).filter(([pixels]) => pixels > 1)"""


def opened(browser, path):
    """A page that asks for nothing but its own file, when its formulas are set."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    asked = []
    page.on("request", lambda request: request.url.startswith("data:") or asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-typeset]", timeout=60_000)
    assert asked == [path.as_uri()]
    return page


@pytest.mark.parametrize("path", export.chosen([]), ids=lambda path: path.name[:2])
def test_no_slide_is_cut_off(browser, tmp_path, path):
    deck = tmp_path / "deck.html"
    deck.write_text(export.deck(path), encoding="utf-8")
    page = opened(browser, deck)
    slides, cut = page.evaluate("Reveal.getTotalSlides()"), {}
    for number in range(slides):
        page.evaluate(f"Reveal.slide({number})")
        page.wait_for_function(f"Reveal.getIndices().h == {number}")
        if found := page.evaluate(CUT_OFF):
            cut[number + 1] = found
        assert page.evaluate("getComputedStyle(Reveal.getCurrentSlide()).visibility") == "visible"
        assert "$" not in page.evaluate("""[...Reveal.getCurrentSlide().querySelectorAll("p, li")].map(e => e.innerText).join("")""")
    assert slides >= 15 and not cut
    assert page.locator("mjx-container").count() > 10 and page.locator("mjx-merror, [data-mjx-error]").count() == 0
    page.close()


def test_nothing_sticks_out_on_paper(browser, tmp_path):
    """All lessons at the width that A4 leaves between the margins, 178 mm; all formulas are set."""
    course = tmp_path / "course.html"
    course.write_text(export.book([*sorted(export.COURSE.glob("[0-9]*.ipynb")), export.COURSE / "reference.md"], "All"), encoding="utf-8")
    page = opened(browser, course)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": round(178 / 25.4 * 96), "height": 900})
    wide = page.evaluate("""() => [...document.querySelectorAll("main *")].filter(e => !e.closest("mjx-assistive-mml, svg")).map(e => {
      const box = e.getBoundingClientRect(), hidden = getComputedStyle(e).overflowX != "visible" && e.clientWidth;
      return [Math.max(-box.left, box.right - innerWidth, hidden && e.scrollWidth - e.clientWidth), e.tagName + ": " + e.textContent.slice(0, 60)];
    }).filter(([pixels]) => pixels > 1)""")
    assert wide == []
    assert page.locator("mjx-container").count() > 500 and page.locator("mjx-merror, [data-mjx-error]").count() == 0
    page.close()


def test_the_contents_name_the_pages_on_which_the_chapters_stand(tmp_path):
    pypdf = pytest.importorskip("pypdf", reason='pypdf is not installed: pip install -e ".[export]"')
    script = f"""
import sys; sys.path[:0] = {sys.path!r}
import export; from pathlib import Path
export.EXPORTS = Path({str(tmp_path)!r})
paths = [*sorted(export.COURSE.glob("0[01]_*.ipynb")), export.COURSE / "reference.md"]
source = export.written("course", export.book(paths, "The course"))
print(export.to_pdf(source, source.with_suffix(".pdf")))"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    if "no Chromium" in run.stderr:
        pytest.skip(run.stderr.splitlines()[-1])
    assert run.returncode == 0, run.stderr
    reader = pypdf.PdfReader(tmp_path / "course.pdf")
    pages = [normalize("NFKC", page.extract_text()) for page in reader.pages]    # ﬂ is fl
    assert int(run.stdout) == len(pages) > 8 and f"5 / {len(pages)}" in pages[4]     # a number on each page
    last = (export.COURSE / "reference.md").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    contents = dict(line.rsplit(" ", 1) for line in pages[0].splitlines() if line[-1:].isdigit() and "/" not in line)
    for title in "00 Start here", "01 The dance floor", "The pocket calculator", "Recap", last:
        page = int(contents[title])
        assert title in pages[page - 1] and (title[0] != "0" or title not in pages[page])
    addresses = [note.get_object()["/A"].get("/URI", "") for page in reader.pages for note in page.get("/Annots", ()) if "/A" in note.get_object()]
    assert addresses and all(address.startswith("http") for address in addresses if address)
