"""What the prose says in figures is held: each number of a lesson, of the front page and of the forty minutes; the minutes.

A number stands in an output or the code near it (a long one anywhere in the lesson; one or two digits in a line that shares a
word with the sentence), or in an equation of numbers that is true, or in HELD, under the reason why nothing else holds it.
The formulas of a recap are held by test_recaps.py, the reference page by test_reference.py.
"""
import re
from functools import cache, cached_property

import nbformat
import pytest
from documents import ROOT
from held import HELD, NAMED, TIMES
from spelled import NAME, NUMBER, SCALES, Ground, equations, flat, joined, masked, recap, shown, stems, terms, value

from helpers.published import ACCELERATORS, MODELS

LESSONS = {path.name[:2]: path for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb"))}
PAGES = {ROOT / "README.md": "00 01 02 03 06 12", ROOT / "notebooks/forty_minutes.md": "00 01 02 03"}
MINUTES = dict(re.findall(r"^\| (\d\d) \|.*\| (\d+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
MENTIONED = r"(?<=[Ll]esson )\d\d\b|(?<=[Ll]essons )\d\d(?:(?:, | and )\d\d)+|(?<=\()0\d(?:, 0\d)*(?=\))|\(14(?=\))|(?<![\w.,\[])0\d(?=,? )"
PART = r"(?m)(?:(?<=^\*)|(?<=^\*Lesson \d\d, ))\d+(?= minutes\.\*)"
SIMPLE = {("", (("n", "2"),)), ("", (("d", "2"),)), ("", (("d", ""), ("n", "2")))}
PHRASES = [flat(phrase) for phrases in HELD.values() for phrase in phrases.replace("\n", "").split(" ¦ ")]


class Prose:
    """A lesson with its solutions, or a page with the lessons that hold it."""

    def __init__(self, path):
        lesson = path.suffix == ".ipynb"
        self.name, self.cells = path.name[:2], nbformat.read(path, 4).cells if lesson else [
            nbformat.v4.new_markdown_cell(path.read_text(encoding="utf-8"), id="page")]
        more = [path.parent / "solutions" / path.name] if lesson else [LESSONS[name] for name in PAGES[path].split()]
        self.more = Ground(*(shown(cell) for one in more if one.exists() for cell in nbformat.read(one, 4).cells))
        self.code = [place for place, cell in enumerate(self.cells) if cell.cell_type == "code"]
        self.all = Ground(*(shown(self.cells[place]) for place in self.code))
        self.long = Ground()
        self.long.numbers = self.all.numbers
        self.linked = {self.name, *re.findall(r"\]\((?:\w+/)?(\d\d)_", "".join(cell.source for cell in self.cells))}
        self.names = "\n".join([*MODELS, *ACCELERATORS, self.all.text, self.more.text])
        self.formulas = joined(flat(" ; ".join(recap(self.cells))))
        self.written = "\n".join(cell.source for cell in self.cells)

    @cached_property
    def grounds(self):
        """{place of a Markdown cell: what holds it}: the code near it, for openings, exercises and recaps the whole."""
        found = {}
        for place, cell in enumerate(self.cells):
            near = [one for one in self.code if one < place][-3:] + [one for one in self.code if one > place][:1]
            last = [Ground(shown(self.cells[place - 1]), short=1)] if place - 1 in self.code else []
            whole = place in (0, len(self.cells) - 1) or "## Recap" in cell.source or cell.id[:8] == "exercise"
            if cell.cell_type == "markdown":
                found[place] = [] if "Sources" in cell.source else [Ground(*(shown(self.cells[one]) for one in near), short=2), *last,
                                *((self.all, self.more) if whole or not self.code else (self.long,))]
        return found

    def text(self, place, source):
        """The flat text, with ~ for each digit of what names itself (links, headings, lists, lessons, names), ¿ if wrongly."""
        written = self.written.replace(self.cells[place].source, source)

        def own(pattern, right, text):
            return re.sub(pattern, lambda found: masked(found[0], right(found)), text)
        for formula in recap(self.cells):
            source = source.replace(f"${formula}$", masked(f"${formula}$"))
        text = "\n".join(re.sub(r"\b20(\d\d)\b", lambda year: masked(year[0]) if f"arxiv.org/abs/{year[1]}" in line else year[0], line)
                         for line in source.split("\n"))
        text = own(r"(?<=\[)(?:[Ll]essons? |[Nn]ext: )?(\d\d)\b(?=[^\]]*\]\((?:notebooks/)?(\d\d)_)", lambda found: found[1] == found[2], text)
        text = re.sub(r"(\]\((\d\d)_[^\n]*?)(\d+)(?= minutes\))", lambda found: found[1] + masked(found[3], MINUTES[found[2]] == found[3]), text)
        text = re.sub(r"(?m)^\| (\d\d)( \| \[.*\]\(notebooks/(\d\d)_.*\| )(\d+)(?= \|$)", lambda found: "| " + masked(
            found[1], found[1] == found[3]) + found[2] + masked(found[4], MINUTES[found[3]] == found[4]), text)
        text = re.sub(r"(\[[^\]]*)\]\(([^)]*)\)", lambda link: re.sub(r"\d[\d.]*", lambda one: masked(one[0]) if re.search(
            rf"(?<!\d){one[0]}(?!\d)", link[2]) else one[0], link[1]) + "]", text)
        text = own(r"^#+ Exercise (\d+)", lambda found: self.cells[place].id == f"exercise-{found[1]}", text)
        text = own(PART, lambda found: str(sum(map(int, re.findall(PART, written)))) == MINUTES[self.name], text)
        heads = re.findall(r"(?m)^## (\d) ", written)
        text = own(r"(?m)(?<=^## )\d(?= )|(?<=\b[Pp]art )\d", lambda found: found[0] in heads and heads == [*map(str, range(1, 1 + len(heads)))], text) if heads else text
        text = own(r"(?<=exercise )\d+", lambda found: f"### Exercise {found[0]}:" in self.written, text)
        text = re.sub(r"\b(?:19|20)\d\d\b", lambda year: masked(year[0]) if place + 1 < len(self.cells) and year[0] in self.cells[-1].source else year[0], text)
        counted = iter(range(1, 99))
        text = own(r"(?m)^(\d+)\. ", lambda found: int(found[1]) == next(counted), text)
        text = own(MENTIONED, lambda found: all(one in NAMED.get(self.name, "") for one in re.findall(r"\d\d", found[0])), text)
        text = own(r"(?m)^\| (\d+)–(\d+) \|", lambda found: (found[1] == "0" or f"–{found[1]} |" in source) and (
            found[2] == "40" or f"| {found[2]}–" in source), text)
        text = re.sub(r"(?<![\w*])\*+(?=\S)|(?<=[^\s*])\*+(?![\w*])", "", text)
        text = own(r"Time: .*", self.fair, text)
        text = flat(text)
        for phrase in PHRASES:
            text = text.replace(phrase, masked(phrase))
        return own(NAME, lambda name: re.search(rf"(?<![\w.]){re.escape(name[0])}(?!\d)", self.names), equations(text))

    @cached_property
    def known(self):
        """The products with letters that its code, its outputs and the recaps have."""
        return SIMPLE | self.all.terms | {term for _, term in terms(self.formulas)}

    @cached_property
    def near(self):
        """The formulas of its recap and of those of the lessons that it links to."""
        return " ; ".join(read(LESSONS[name]).formulas for name in self.linked if name in LESSONS).replace(" ", "")

    def fair(self, found):
        """The lesson's minutes as the front page has them, those of its exercises and parts as in TIMES."""
        return re.findall(r"\d+", found[0]) == [MINUTES[self.name], *TIMES[self.name].split()]

    def unheld(self, place, source=None):
        """(number, where) for each number of a Markdown cell that nothing holds."""
        grounds, text = self.grounds[place], self.text(place, self.cells[place].source if source is None else source)
        maths = re.split(r"(\$+[^$]+\$+)", text)
        text = "".join(joined(part) if at % 2 else part for at, part in enumerate(maths))
        known = self.known | (self.more.terms if self.more in grounds else set())
        for found, term in list(terms(text)):
            if re.search(r"\d", found[0]):
                text = text[:found.start()] + masked(found[0], term in known) + text[found.end():]
        for found in NUMBER.finditer(text):
            number, around = found[0].rstrip(","), stems(text[max(0, found.start() - 30):found.end() + 30])
            unit = re.match(r"[ -]?([A-Za-z]+|%)", text[found.start() + len(number):])
            before = grounds and value(number) >= 1000 and any(value(number) in read(LESSONS[name]).all.numbers for name in self.linked if name in LESSONS)
            signs = (text[:found.start()].rstrip()[-1:] + text[found.start() + len(number):].lstrip()[:1])
            inside = len(number) < 3 and text[:found.start()].count("$") % 2 and re.search(r"[-+*/^(=<>)]", signs)
            if not before and not self.tied(text, found) and (inside or not any(
                    ground.holds(number, SCALES.get(unit and unit[1], 1), around) for ground in grounds)):
                yield number, text[max(0, found.start() - 45):found.end() + 30]
        yield from (("¿", text[max(0, found.start() - 45):found.end() + 30]) for found in re.finditer("¿+", text))

    def tied(self, text, found):
        """A digit of a formula that stands between the same signs in code, an output or the recap: the 1 of w − 1."""
        before, after = (re.sub(r"[\s$]", "", part) for part in (text[max(0, found.start() - 5):found.start()], text[found.end():found.end() + 5]))
        return len(found[0]) < 3 and re.search(r"[-+*/^(=]", before[-1:] + after[:1]) and any(one in self.all.tight + self.near for one in (
            before[-2:] + found[0] + after[:1], before[-1:] + found[0] + after[:2]) if len(one) > 2)


@cache
def read(path):
    return Prose(path)


@pytest.mark.parametrize("path", [*LESSONS.values(), *PAGES], ids=lambda path: path.stem)
def test_each_number_of_the_prose_is_held(path):
    prose = read(path)
    faults = [f"cell {prose.cells[place].id}: {number} in …{where!r}…" for place in prose.grounds for number, where in prose.unheld(place)]
    assert not faults, "print or assert it above, write the equation, or give tests/held.py a reason:\n" + "\n".join(faults)


def test_a_held_phrase_still_stands_somewhere():
    said = "\n".join(flat(re.sub(r"(?<![\w*])\*+(?=\S)|(?<=[^\s*])\*+(?![\w*])", "", re.sub(r"\]\([^)]*\)", "]", read(path).written)))
                     for path in [*LESSONS.values(), *PAGES])
    assert [phrase for phrase in PHRASES if phrase not in said] == []


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
    (ROOT / "README.md", "5,120,000 comparisons", "5,210,000 comparisons"), (ROOT / "notebooks/forty_minutes.md", "which is 8.9 %", "which is 9.8 %"),
    (LESSONS["02"], r"3 \cdot 2 = 24$", r"3 \cdot 2 = 25$"), (LESSONS["03"], "8,053,063,680", "8,053,063,860"),
    (LESSONS["05"], "124,439,808", "124,439,880"), (LESSONS["03"], "*Time*: 60", "*Time*: 55"), (LESSONS["04"], "[03 Attention", "[02 Attention"),
    (LESSONS["10"], "### Exercise 2", "### Exercise 3"), (LESSONS["12"], "## 2 Is", "## 4 Is")])
def test_a_slip_is_seen(path, right, slip):
    prose = read(path)
    place = next(place for place in prose.grounds if right in prose.cells[place].source)
    assert any(prose.unheld(place, prose.cells[place].source.replace(right, slip)))
