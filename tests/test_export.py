"""Slides and print: what stands on a slide, and pages that need nothing from anywhere else."""
import re
from collections import Counter
from importlib.metadata import distributions

import export
import nbformat
import pytest
from documents import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

DECKS = export.chosen([])
WITHOUT = next(path for path in export.lessons().values() if path not in DECKS)
needs_packages = pytest.mark.skipif(
    not all([*distributions(name=package)] for package, _ in export.CARRIED.values()),
    reason='reveal.js and MathJax are not installed: pip install -e ".[export]"')


def cell(source, kind=None, *tags, **more):
    """A cell with its type of slide; one of code has printed `shown`."""
    metadata = {"tags": [*tags]} | ({"slideshow": {"slide_type": kind}} if kind else {})
    if source.startswith("code"):
        return new_code_cell(source, metadata=metadata, outputs=[new_output("stream", text="shown")])
    return new_markdown_cell(source, metadata=metadata, **more)


def slides_of(html):
    """The words of each slide, without the tags."""
    return [re.sub("<[^>]*>", "", slide) for slide in re.findall("<section[^>]*>\\s*<section[^>]*>(.*?)</section>", html, re.DOTALL)]


def loads_from_elsewhere(html):
    """What the page itself asks a browser to load, scripts and data apart."""
    page = re.sub("(<script>).*?</script>", r"\1", html, flags=re.DOTALL)
    return re.findall(r"""(?:<script[^>]*\bsrc=|<link\b|<iframe\b|@import|url\((?!['"]?data:)|<img[^>]*\bsrc="(?!data:)).{,60}""", page)


def test_a_slide_is_what_the_cells_say():
    """No exercise: their cells come from the solutions notebook, which knows nothing of slides."""
    text = "beside [it](01_x.ipynb), [far](https://a.org)\n\n## New idea\n\n![a](b.png)\n\ntext"
    cells = export.slide_cells(new_notebook(cells=[
        cell("# Title", "slide"), cell(text), cell("code = 'hidden'", "skip"), cell("code = 'alone'", "slide", "slide-without-code"),
        cell("### Exercise 1", id="exercise-1"), cell("not\n\n## this", "skip")]))
    assert [(cell.source, cell.metadata.get("slideshow", {}).get("slide_type")) for cell in cells] == [
        ("# Title", "slide"), ("beside it, [far](https://a.org)\n\n", None), ("## New idea\n\n", "slide"),
        ("![a](b.png)\n\ntext", "slide"), ("code = 'alone'", "slide")]


@needs_packages
def test_a_cell_with_the_tag_shows_its_output_alone(tmp_path):
    path = tmp_path / "01_x.ipynb"
    nbformat.write(new_notebook(cells=[cell("# Dogs & cats", "slide"), cell("code = 'seen'", "slide"),
                                       cell("code = 'unseen'", "slide", "slide-without-code")]), path)
    html = export.deck(path)
    title, seen, unseen = slides_of(html)
    assert "seen" in seen and "shown" in seen and "unseen" not in unseen and "shown" in unseen
    assert "<title>Dogs &amp; cats</title>" in html


@needs_packages
@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.name[:2])
def test_a_deck_has_fifteen_to_twenty_five_slides_and_needs_no_network(path):
    html = export.deck(path)
    assert 15 <= len(slides_of(html)) <= 25
    assert loads_from_elsewhere(html) == []
    pictures = re.findall(r"<img[^>]*>", html.split("<main>")[1].split("<script>")[0])
    assert pictures and all(len(re.search('alt="([^"]*)"', picture)[1]) > 30 and "No description" not in picture for picture in pictures)


def test_three_lessons_at_least_have_decks():
    numbers = [path.name[:2] for path in DECKS]
    page = (ROOT / "notebooks" / "adopting.md").read_text(encoding="utf-8")
    assert {"01", "03", "08"} <= {*numbers} and f"Lessons with slides today: {', '.join(numbers)}." in page


@needs_packages
def test_the_whole_course_is_one_page_with_contents():
    paths = [*sorted(export.COURSE.glob("0[0-2]_*.ipynb")), export.COURSE / "reference.md"]
    html = export.book(paths, "The course")
    assert loads_from_elsewhere(html) == []
    body = html.split("<main>")[1]
    assert "<img" in body and "No description" not in body      # nbconvert's word where a picture has no text
    names = Counter(re.findall(r'<h[12] id="([^"]*)"', body))
    listed = re.findall(r'<li class="h[12]"><a href="#([^"]*)">', body)
    assert set(names.values()) == {1} and list(names) == listed and {path.stem for path in paths} <= set(listed)
    links = set(re.findall(r'<a href="(?!https?:)([^"]*)"', body)) - {f"#{name}" for name in names}
    assert not links, "on paper a link leads to a chapter, or away"
    assert '<a href="#01_the_dance_floor">01 The dance floor</a>' in body


@pytest.mark.parametrize("words, said", [
    ("slides 01", "pip install -e"), ("print", "pip install -e"), (f"slides {WITHOUT.name[:2]}", f"{WITHOUT.name} has no slides"),
    ("", "python tools/export.py slides"), ("slide", "python tools/export.py slides")])
def test_what_is_missing_is_said_in_one_sentence(monkeypatch, words, said):
    monkeypatch.setattr(export, "CARRIED", {"mathjax": ("no_such_package", "a.js")})
    answer = export.main(words.split())
    assert said in answer and ("\n" not in answer or answer == export.__doc__)


@needs_packages
def test_a_folder_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(export, "EXPORTS", tmp_path / "no" / "folder")
    assert re.fullmatch(".*folder.*", export.main(["slides", "01"]))


def test_the_commands_are_one_to_type_and_one_for_python():
    makefile, page = ((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "notebooks/adopting.md"))
    for command in "slides", "print":
        assert f"python tools/export.py {command}" in page and f"make {command}" in page
        assert re.search(rf"^{command}:.*\n\t\$\(IN\) tools/export\.py {command}", makefile, re.MULTILINE)
