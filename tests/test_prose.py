"""What the prose says in figures is held: each number of a lesson, of the front page and of the forty minutes; the minutes.

A number stands in an output or in the code near it, or in an equation of numbers that is true, or in a phrase of held.py.
One that names something (a lesson, an exercise, a model) names what is there; a product with letters is one that the code has.
The formulas of a recap are held by test_recaps.py, the reference page by test_reference.py.
"""
import re
from functools import cache, cached_property

import nbformat
import pytest
from documents import ROOT
from held import HELD, NAMED, TIMES
from spelled import NUMBER, Ground, checked, equations, flat, masked, recap, shown, terms, undecorated

from helpers.published import ACCELERATORS, MODELS

LESSONS = {path.name[:2]: path for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))}
PAGES = {ROOT / "README.md": "00 01 02 03 06 12", ROOT / "notebooks/forty_minutes.md": "00 01 02 03"}
MINUTES = dict(re.findall(r"^\| (\d\d) \|.*\| (\d+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
MINUTES_SAID = r"(?m)^Time: .*|^(?:Lesson .., )?\d+ minutes\.(?=[ \n])"


def named(found, prose, cell):
    """A model, a chip or a size that is published, or that the lesson's code has."""
    return re.search(rf"(?<![\w.]){re.escape(found[0])}(?!\d)", prose.names)


# A number that names something: how it stands in the flat text, and whether a match names what is there.
NAMING = [
    # exercises, parts, lessons, the steps of a list
    (r"^#+ Exercise (\d+)", lambda found, prose, cell: cell.id == f"exercise-{found[1]}"),
    (r"\bexercise (\d+)", lambda found, prose, cell: f"exercise-{found[1]}" in prose.ids),
    (r"(?m)^## (\d)(?= )|\b[Pp]art (\d)", lambda found, prose, cell: (found[1] or found[2]) in prose.parts),
    (r"(?<![\w.,])0\d(?!\.?\d| \|)|(?<=[Ll]esson )1\d", lambda found, prose, cell: found[0] in NAMED.get(prose.name, "")),
    (r"(?m)^(\d+)\. ", lambda found, prose, cell: int(found[1]) == 1 + len(re.findall(found.re, found.string[:found.start()]))),
    # models, chips, sizes
    (r"\b(Gemma|Llama|OLMo|StarCoder) \d(\.\d)?\b(?!\.?\d| \d|B)", named),
    (r"([A-Z][\w-]+ )?(\d\.?\d? )?\b\d[\dx.]*B\b|(?<![\w*])[A-Za-z]([A-Za-z][A-Za-z-]*)?\d\w*?(\.\d)?(?=s?\b)", named),
    # minutes and rows of tables, which the tests of the minutes below and of test_readme.py hold
    (MINUTES_SAID, lambda *_: True),
    (r"(?m)(?<=\()\d+ minutes(?=\))|^\| \d\d(?= \| \[[A-Z])|(?<=\? \| )\d+ \|$|^\| \d+-\d+ \|", lambda *_: True)]


class Prose:
    """A lesson with its solutions, or a page with the lessons that hold it."""

    def __init__(self, path):
        lesson = path.suffix == ".ipynb"
        page = [nbformat.v4.new_markdown_cell(path.read_text(encoding="utf-8"), id="page")]
        self.name, self.cells = path.name[:2], nbformat.read(path, 4).cells if lesson else page
        more = [path.parent / "solutions" / path.name] if lesson else [LESSONS[name] for name in PAGES[path].split()]
        self.more = Ground(*(shown(cell) for one in more if one.exists() for cell in nbformat.read(one, 4).cells))
        self.code = {place: shown(cell) for place, cell in enumerate(self.cells) if cell.cell_type == "code"}
        self.all = Ground(*self.code.values())
        self.names = "\n".join([*MODELS, *ACCELERATORS, self.all.text, self.more.text])
        self.ids = [cell.id for cell in self.cells]

    @cached_property
    def written(self):
        return "\n".join(cell.source for cell in self.cells)

    @cached_property
    def parts(self):
        """The numbers of its parts, if they are in order."""
        found = re.findall(r"(?m)^## (\d) ", self.written)
        return found if found == [*map(str, range(1, 1 + len(found)))] else []

    @cached_property
    def known(self):
        """The products with letters that its code, its outputs, its solutions and its recap have."""
        return terms("n^2 ; d^2 ; n^2*d") | self.all.terms | self.more.terms | terms(flat(" ; ".join(recap(self.cells))))

    def grounds(self, place):
        """What holds a Markdown cell: the code near it; an opening, an exercise and a recap speak of the whole."""
        cell = self.cells[place]
        if "Sources" in cell.source:
            return []
        before, after = [one for one in self.code if one < place], [one for one in self.code if one > place]
        grounds = [Ground(*map(self.code.get, before[-3:] + after[:1]), short=2)]
        if place - 1 in self.code:
            grounds.append(Ground(self.code[place - 1], short=1))
        whole = place == 0 or "## Recap" in cell.source or cell.id[:8] == "exercise" or not self.code
        return grounds + [self.all, self.more] * whole

    def text(self, place):
        """The flat text, with ~ for each digit that is right whatever the code prints, ¿ for what names nothing."""
        cell = self.cells[place]
        text = re.sub(r"(arxiv\.org/abs/(\d\d)[^\n]*?)20\2\b", r"\1~~~~", cell.source)
        for formula in recap(self.cells):
            text = text.replace(f"${formula}$", masked(f"${formula}$"))
        text = re.sub(r"\[(?:[Ll]essons? |[Nn]ext: )?(\d\d)\b(?=[^\]]*\]\((?:notebooks/)?(\d\d)_)",
                      lambda found: masked(found[0], found[1] == found[2]), text)
        text = flat(undecorated(text))
        for phrase in held(self.name):
            text = text.replace(phrase, masked(phrase))
        for pattern, right in NAMING:
            text = re.sub(pattern, lambda found: masked(found[0], right(found, self, cell)), text)
        return equations(text)

    def unheld(self, place):
        """(number, where) for each number of a Markdown cell that nothing holds."""
        grounds, text = self.grounds(place), self.text(place)
        text = re.sub(r"\$+[^$]+\$+", lambda found: checked(found[0], self.known), text)
        for found in re.finditer(rf"{NUMBER.pattern}|¿+", text):
            number, where = found[0].rstrip(","), text[max(0, found.start() - 45):found.end() + 30]
            signs = text[:found.start()].rstrip()[-1:] + text[found.start() + len(number):].lstrip()[:1]
            coefficient = len(number) < 3 and text[:found.start()].count("$") % 2 and re.search(r"[-+*/^(=<>)]", signs)
            if number[0] == "¿" or coefficient or not any(ground.holds(number, where[15:]) for ground in grounds):
                yield number, where


@cache
def held(name):
    """Its phrases and those of several, the longest first."""
    return sorted((flat(phrase) for lesson, phrase in HELD if lesson in (name, "any")), key=len, reverse=True)


@cache
def read(path):
    return Prose(path)


@pytest.mark.parametrize("path", [*LESSONS.values(), *PAGES], ids=lambda path: path.stem)
def test_each_number_of_the_prose_is_held(path):
    prose = read(path)
    faults = [f"cell {cell.id}: {number} in …{where!r}…" for place, cell in enumerate(prose.cells)
              if cell.cell_type == "markdown" for number, where in prose.unheld(place)]
    assert not faults, "print or assert it above, write the equation, or give tests/held.py a phrase:\n" + "\n".join(faults)


def test_a_held_phrase_still_stands_in_its_lesson():
    said = {path.name[:2]: flat(undecorated(read(path).written)) for path in [*LESSONS.values(), *PAGES]}
    said["any"] = "\n".join(said.values())
    assert [(lesson, phrase) for lesson, phrase in HELD if flat(phrase) not in said[lesson]] == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_minutes_of_a_lesson_are_those_of_the_front_page_and_its_parts_those_of_held(lesson):
    said = re.finditer(MINUTES_SAID, undecorated(read(LESSONS[lesson]).written))
    assert re.findall(r"(?<!Lesson )(?<!part )\b\d+", "\n".join(found[0] for found in said)) == [MINUTES[lesson], *TIMES[lesson].split()]


@pytest.mark.parametrize("lesson", list(LESSONS)[1:])
def test_the_minutes_are_at_least_words_cells_and_plays(lesson):
    """A hundred words a minute, one for each code cell, three for each prediction or explorer, up to the exercises."""
    cells = read(LESSONS[lesson]).cells
    end = next((place for place, cell in enumerate(cells) if re.search("^## Exercises", cell.source, re.MULTILINE)), len(cells))
    prose = " ".join(re.sub(r"(?ms)^```.*?^```|\$\$.*?\$\$|^\s*(?:[#|]|!\[)[^\n]*|\]\([^)]*\)", " ", cell.source)
                     for cell in cells[:end] if cell.cell_type == "markdown")
    code = [cell.source for cell in cells[:end] if cell.cell_type == "code"]
    asked = sum(bool(re.search(r'= \{?.*"\?"', source)) + bool(re.search(r"^\w+ = \w+Explorer\(", source, re.MULTILINE)) for source in code)
    least = len(prose.split()) / 100 + len(code) + 3 * asked
    assert int(MINUTES[lesson]) >= 5 * -(-least // 5), (lesson, least)


@pytest.mark.parametrize("path, right, slip", [
    (LESSONS["01"], "Keep the 5,120,000", "Keep the 5,210,000"), (LESSONS["01"], "make 81 pairs", "make 18 pairs"),
    (ROOT / "README.md", "5,120,000 comparisons", "5,210,000 comparisons"),
    (ROOT / "notebooks/forty_minutes.md", "which is 8.9 %", "which is 9.8 %"),
    (LESSONS["02"], r"3 \cdot 2 = 24$", r"3 \cdot 2 = 25$"), (LESSONS["03"], "8,053,063,680", "8,053,063,860"),
    (LESSONS["05"], "124,439,808", "124,439,880"), (LESSONS["04"], "[03 Attention", "[02 Attention"),
    (LESSONS["10"], "### Exercise 2", "### Exercise 3"), (LESSONS["12"], "## 2 Is", "## 4 Is")])
def test_a_slip_is_seen(path, right, slip):
    prose = Prose(path)
    place, cell = next((place, cell) for place, cell in enumerate(prose.cells) if right in cell.source)
    cell.source = cell.source.replace(right, slip)
    assert [*prose.unheld(place)]
