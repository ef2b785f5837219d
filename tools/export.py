"""The course for a screen and for paper, without the network, in the folder exports/.

    python tools/export.py slides 01 03    these lessons as decks (no number: all that have one)
    python tools/export.py print           the whole course as course.html and course.pdf

What is on a slide is said by the cells (in JupyterLab: the property inspector, Slide Type); the tag
`slide-without-code` shows an output alone. Each page is one file, reveal.js and MathJax inside.
"""
import os
import re
import shutil
import sys
import tomllib
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter, SlidesExporter
from nbformat.v4 import new_markdown_cell, new_notebook
from workbook import COURSE, LINK, ROOT, lessons

EXPORTS = ROOT / "exports"
REVEAL = "sphinx_revealjs/_static/revealjs"
CARRIED = {"mathjax": ("django-static-mathjax", "mathjax/static/mathjax/es5/tex-svg.js"),
           "reveal_js": ("sphinx-revealjs", f"{REVEAL}/dist/reveal.js"),
           "reveal_css": ("sphinx-revealjs", f"{REVEAL}/dist/reveal.css"),
           "notes": ("sphinx-revealjs", f"{REVEAL}/plugin/notes/notes.js")}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FOOTER = """<p style="font: 9px sans-serif; width: 100%; text-align: center">
<span class="pageNumber"></span> / <span class="totalPages"></span></p>"""
FILL = """pages => document.querySelectorAll(".contents li").forEach(line =>
  line.dataset.page = pages["/" + line.firstChild.hash.slice(1)])"""
MISSING = ("the packages for slides and print are missing; once, with the network: "
           'python -m pip install -e ".[export]"')
SECTION = re.compile(r"^(?=##+ |!\[)", re.MULTILINE)     # where a slide begins within a text
HEADING = re.compile(r"<h([12])[^>]*>(.*?)</h\1>", re.DOTALL)


def carried():
    """What the pages would load from the network, as texts; ImportError without the packages."""
    texts = {name: distribution(package).locate_file(file).read_text(encoding="utf-8")
             for name, (package, file) in CARRIED.items()}      # the page's own ends its script:
    return {name: text.replace("</script", r"<\/script") for name, text in texts.items()}


def page(exporter, template, notebook, title):
    """The notebook as one HTML file by a template beside this file, pictures and scripts inside."""
    made = exporter(template_file=template, extra_template_paths=[str(Path(__file__).parent)],
                    embed_images=True, exclude_input_prompt=True, exclude_output_prompt=True,
                    exclude_anchor_links=True)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    resources = carried() | {"title": title, "metadata": {"path": str(COURSE), "name": title}}
    return made.from_notebook_node(notebook, resources)[0]


def slide_cells(notebook):
    """The cells that the deck shows; in a text a heading or a picture begins another slide."""
    for cell in notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind == "skip" or cell.id.startswith("exercise-"):   # these are made from the solutions
            continue
        parts = [cell.source]
        if cell.cell_type == "markdown":
            parts = [part for part in SECTION.split(LINK.sub(r"\1", cell.source)) if part.strip()]
        elif "slide-without-code" in cell.metadata.get("tags", ()):
            cell.metadata["transient"] = {"remove_source": True}    # as nbconvert marks it
        for number, part in enumerate(parts):
            copy = nbformat.from_dict(cell)
            copy.source = part
            if number:
                copy.metadata["slideshow"] = {"slide_type": "slide"}
            yield copy


def deck(path):
    """A lesson as the HTML of a deck; ValueError for one without slides."""
    notebook = nbformat.read(path, as_version=4)
    if not any("slideshow" in cell.metadata for cell in notebook.cells):
        raise ValueError(f"{path.name} has no slides: no cell has a slide type")
    title = notebook.cells[0].source.split("\n")[0].lstrip("# ")
    notebook.cells = list(slide_cells(notebook))
    return page(SlidesExporter, "deck.html.j2", notebook, title)


def chosen(numbers):
    """The lessons with these numbers; without numbers all that have slides."""
    return [path for path in lessons(numbers).values()
            if numbers or '"slide_type"' in path.read_text(encoding="utf-8")]


def book(paths, title):
    """The lessons (and pages) as one HTML, with a contents list that links to all headings."""
    whole, contents, chapters = new_notebook(), [], iter(paths)
    names = {path.name: path.stem for path in paths}
    for path in paths:
        whole.cells += (nbformat.read(path, as_version=4).cells if path.suffix == ".ipynb"
                        else [new_markdown_cell(path.read_text(encoding="utf-8"))])
    for cell in whole.cells:
        if cell.cell_type == "markdown":    # a link leads to a chapter, or is its words alone
            cell.source = LINK.sub(lambda link: f"[{link[1]}](#{names[link[2]]})"
                                   if link[2] in names else link[1], cell.source)

    def listed(heading):
        level, words = heading.groups()
        name = f"section-{len(contents)}"
        if level == "1":
            name = next(chapters).stem
            words = f"{name[:2]} {words}" if name[:2].isdigit() else words
        contents.append(f'<li class="h{level}"><a href="#{name}">{words}</a><span></span></li>')
        return f'<h{level} id="{name}">{words}</h{level}>'

    html = HEADING.sub(listed, page(HTMLExporter, "course.html.j2", whole, title))
    return html.replace("<main>", f'<main><h1>{title}</h1><p>Text and figures: CC BY 4.0. Code: '
                        f'BSD-3-Clause.</p><ul class="contents">{"".join(contents)}</ul>', 1)


def to_pdf(source, target):
    """Print a page with a contents list, whose page numbers the first printing tells the second."""
    from playwright.sync_api import Error, sync_playwright
    from pypdf import PdfReader
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        for place in ({"executable_path": path}, {"channel": "chrome"}, {"channel": "msedge"}):
            with suppress(Error):
                browser = playwright.chromium.launch(**place)
                break
        else:
            raise ValueError("no Chromium, Chrome or Edge was found: set CHROMIUM to its path, or "
                             f"open {source.name} in a browser and print it, without page numbers")
        opened = browser.new_page()
        opened.goto(source.resolve().as_uri())
        opened.wait_for_selector("html[data-typeset]", timeout=300_000)
        for _ in range(2):
            opened.pdf(path=target, prefer_css_page_size=True, outline=True, tagged=True,
                       display_header_footer=True, header_template="<p>", footer_template=FOOTER)
            reader = PdfReader(target)
            opened.evaluate(FILL, {name: reader.get_destination_page_number(place) + 1
                                   for name, place in reader.named_destinations.items()})
        browser.close()
    return len(reader.pages)


def main(words):
    """The exit status, or a sentence that says what is missing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        if words[:1] == ["slides"]:
            for path in chosen(words[1:]):
                print(written(path.name, deck(path)))
        elif words == ["print"]:
            title = f"What a Transformer costs, version {project['version']}"
            source = written("course", book([*lessons().values(), COURSE / "reference.md"], title))
            target = source.with_suffix(".pdf")
            print(source, flush=True)
            print(f"{target}, {to_pdf(source, target)} pages")
        else:
            return __doc__
    except ImportError:
        return MISSING
    except (ValueError, OSError) as error:      # OSError: exports/ can't be written
        return str(error)


def written(name, html):
    EXPORTS.mkdir(exist_ok=True)
    target = (EXPORTS / name).with_suffix(".html")
    target.write_text(html, encoding="utf-8")
    return target


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
