"""Slides and print: what stands on a slide, and pages that need nothing from anywhere else."""
import re
from collections import Counter
from importlib.util import find_spec

import export
import nbformat
import pytest
from documents import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

DECKS = export.chosen([])
needs_packages = pytest.mark.skipif(
    not all(find_spec(package) for package, _ in export.CARRIED.values()),
    reason='reveal.js and MathJax are not installed: pip install -e ".[export]"')


def lesson(*cells):
    """A notebook of (type of slide or None, tags, source); each code cell has printed `shown`."""
    notebook = new_notebook()
    for number, (kind, tags, source) in enumerate(cells):
        code = source.startswith("code")
        metadata = {"tags": tags} | ({"slideshow": {"slide_type": kind}} if kind else {})
        shown = {"outputs": [new_output("stream", text="shown")]} if code else {}
        notebook.cells.append((new_code_cell if code else new_markdown_cell)(
            source, id=f"cell-{number}", metadata=metadata, **shown))
    return notebook


def slides_of(html):
    """The words of each slide, without the tags."""
    return [re.sub("<[^>]*>", "", slide) for slide in re.findall("<section[^>]*>\\s*<section[^>]*>(.*?)</section>", html, re.DOTALL)]


def loads_from_elsewhere(html):
    """What the page itself asks a browser to load, scripts and data apart."""
    page = re.sub("(<script>).*?</script>", r"\1", html, flags=re.DOTALL)
    return re.findall(r"""(?:<script[^>]*\bsrc=|<link\b|<iframe\b|@import|url\((?!['"]?data:)|<img[^>]*\bsrc="(?!data:)).{,60}""", page)


def test_a_slide_is_what_the_cells_say(tmp_path):
    cells = list(export.slide_cells(lesson(
        ("slide", [], "# Title"), (None, [], "beside [it](01_x.ipynb), [far](https://a.org)\n\n## New idea\n\n![a](b.png)\n\ntext"), ("skip", [], "code = 'hidden'"),
        ("slide", ["slide-without-code"], "code = 'output alone'"), ("skip", [], "not\n\n## this"))))
    assert [(cell.source, cell.metadata.get("slideshow", {}).get("slide_type")) for cell in cells] == [
        ("# Title", "slide"), ("beside it, [far](https://a.org)\n\n", None), ("## New idea\n\n", "slide"), ("![a](b.png)\n\ntext", "slide"), ("code = 'output alone'", "slide")]


@needs_packages
def test_a_cell_with_the_tag_shows_its_output_alone(tmp_path):
    path = tmp_path / "01_x.ipynb"
    nbformat.write(lesson(("slide", [], "# Dogs & cats"), ("slide", [], "code = 'seen'"), ("slide", ["slide-without-code"], "code = 'unseen'")), path)
    html = export.deck(path)
    title, seen, unseen = slides_of(html)
    assert "seen" in seen and "shown" in seen and "unseen" not in unseen and "shown" in unseen
    assert "<title>Dogs &amp; cats</title>" in html


def test_no_exercise_is_on_a_slide():
    """Their cells come from the solutions notebook, which knows nothing of slides."""
    notebook = lesson(("slide", [], "# Title"), (None, [], "### Exercise 1"))
    notebook.cells[1].id = "exercise-1"
    assert [cell.source for cell in export.slide_cells(notebook)] == ["# Title"]


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
def test_the_whole_course_is_one_page_with_contents(tmp_path):
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
    (["slides", "99"], "there is no lesson '99'"), (["slides", "01"], "pip install -e"), (["print"], "pip install -e"),
    ([], "python tools/export.py slides"), (["slide"], "python tools/export.py slides")])
def test_what_is_missing_is_said_in_one_sentence(monkeypatch, words, said):
    monkeypatch.setattr(export, "CARRIED", {"mathjax": ("no_such_package", "a.js")})
    answer = export.main(words)
    assert said in answer and ("\n" not in answer or answer == export.__doc__)


@needs_packages
def test_a_folder_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setattr(export, "EXPORTS", tmp_path / "file")
    answer = export.main(["slides", "01"])
    assert "file" in answer and "\n" not in answer


def test_a_lesson_without_slides_is_refused(tmp_path):
    path = tmp_path / "02_x.ipynb"
    nbformat.write(lesson((None, [], "# Title")), path)
    with pytest.raises(ValueError, match="02_x.ipynb has no slides"):
        export.deck(path)


def test_the_commands_are_one_to_type_and_one_for_python():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    page = (ROOT / "notebooks" / "adopting.md").read_text(encoding="utf-8")
    for command in "slides", "print":
        assert f"python tools/export.py {command}" in page and f"make {command}" in page
        assert re.search(rf"^{command}:.*\n\t\$\(IN\) tools/export\.py {command}", makefile, re.MULTILINE)
