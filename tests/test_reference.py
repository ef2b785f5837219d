"""The reference page: each number and formula of its answers is computed, each link leads to its section."""

import re

import pytest
import sympy
from documents import ROOT, Document
from reference_answers import ANSWERS, k, m, p
from spelled import formula

from helpers.memory import BITS
from helpers.planning import ASSUMED_SHARE
from helpers.published import ACCELERATORS, MODELS

PAGE = (ROOT / "notebooks/reference.md").read_text(encoding="utf-8")
WORDS, _, SECTION = PAGE.partition("\n## Questions and where they are answered")
ROWS = re.findall(r"^\| (.+?) \| (.+) \| \[(\d\d)\]\((\d\d_\w+\.ipynb)\) (.+) \|$", SECTION, re.MULTILINE)
LESSONS = {path.name: Document.read(path) for path in (ROOT / "notebooks").glob("[01]*.ipynb")}
TERMS = ("speculative decoding, MFU, HFU, LSH, GiB, fp16, memory-bound, compute-bound, bottleneck, gradient checkpointing, "
         "quantisation, latency, throughput, sliding window").split(", ")
# GPT-2, fp8, 16-bit, 6ND and the like are names; a number stands alone.
NAMES = re.compile("|".join(map(re.escape, sorted({*MODELS, *ACCELERATORS}, key=len, reverse=True)))
                   + r"|Gemma 3|table A4|lesson \d\d|O\(.*?\)|`.*?`")
NUMBER = re.compile(r"(?<![\w-])\d+(?:[.,]\d+)*(?:·10[⁰¹²³⁴-⁹]+)?(?![\w·-]|[.,]\d)")


@pytest.mark.parametrize("question, answer", [row[:2] for row in ROWS])
def test_every_number_and_every_formula_follows_from_its_expression(question, answer):
    [key] = [key for key in ANSWERS if question.startswith(key)]
    said, expected = f"{question} {answer}", [*ANSWERS[key]()]
    text = NAMES.sub("", re.sub(r"\$.*?\$", "", said))
    numbers = [value for value in expected if isinstance(value, str)]
    assert NUMBER.findall(text) == NUMBER.findall(" ".join(numbers)) and all(value in text for value in numbers)
    found = [parsed for latex in re.findall(r"\$(.*?)\$", said) if not (parsed := formula(latex, k=k, m=m, p=p)).is_Symbol]
    pairs = zip(found, [value for value in expected if not isinstance(value, str)], strict=True)
    assert all(sympy.simplify(one - two) == 0 for one, two in pairs), (found, expected)


def test_each_question_stands_once_and_leads_to_a_section_that_is_there():
    questions = [line for line in SECTION.splitlines() if re.match(r"\| (?!question)", line)]
    assert len(questions) == len(ROWS) == len({row[0] for row in ROWS}) == len(ANSWERS) >= 60
    assert [f"{file}: {heading}" for *_, lesson, file, heading in ROWS if file[:2] != lesson
            or heading not in [text for *_, text in LESSONS[file].headings]] == []
    anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)]
    assert set(re.findall(r"\]\(#(.+?)\)", PAGE)) == {*anchors[1:]}


def test_what_stands_outside_the_answers_has_no_number_but_four():
    prose = "".join(line for line in SECTION.splitlines(keepends=True) if line[:1] != "|")
    text = NAMES.sub("", re.sub(r"\[.*?\]\(.*?\)|\$.*?\$", "", WORDS + prose))
    assert NUMBER.findall(text) == ["2", str(max(BITS.values()) // 8), "1", f"{100 * ASSUMED_SHARE:.0f}"]


@pytest.mark.parametrize("term", TERMS)
def test_words_that_people_search_for_stand_on_the_page_and_in_a_lesson(term):
    word = re.compile(rf"\b{term}\b", 0 if term[1:] != term[1:].lower() else re.IGNORECASE)
    assert word.search(SECTION)
    assert any(word.search(source) for lesson in LESSONS.values() for _, source in lesson.markdown)
