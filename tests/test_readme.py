"""The front page: its table is what the notebooks say, its commands exist, its picture is fresh."""

import re
import runpy
from pathlib import Path

import nbformat
import pytest
import yaml
from PIL import Image
from pictures import compare

from helpers.figures import png
from store import DRAWN_BY

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SYLLABUS = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
PICTURE = ROOT / "notebooks" / "pictures" / "banner.png"
PICTURES = runpy.run_path(str(ROOT / "tools" / "draw_pictures.py"))["PICTURES"]
LESSONS = {path.stem[:2]: path for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}


def opening(path):
    """Title, question and minutes, as the first cell of a lesson states them."""
    text = re.sub(r"[*_]", "", nbformat.read(path, as_version=4).cells[0].source)
    title, _, rest = text.partition("\n")
    sentences = re.split(r"(?<=[.?!])\s+", rest.partition("By the end")[0].strip())
    question = next((sentence for sentence in sentences if sentence.endswith("?")), "")
    minutes = re.search(r"\bTime:? .{0,12}?(\d+).{0,12}minutes", text)
    return title.removeprefix("# ").strip(), question, minutes[1] if minutes else ""


def table(text, first):
    """The rows of the Markdown table whose head begins with the cell `first`."""
    rows = [[cell.strip() for cell in line.strip("| \n").split("|")]
            for line in text[text.index(f"| {first} |"):].split("\n\n")[0].splitlines()]
    return rows[2:]


def row_of(number):
    rows = [row for row in table(README, "lesson") if row[0] == number]
    assert len(rows) == 1, f"README's table has {len(rows)} rows for lesson {number}"
    return rows[0]


def test_the_table_has_every_lesson_in_order():
    assert [row[0] for row in table(README, "lesson")] == [f"{i:02}" for i in range(16)]


@pytest.mark.parametrize("number", list(LESSONS))
def test_a_lesson_stands_in_the_table_as_it_says_itself(number):
    title, question, minutes = opening(LESSONS[number])
    assert question, f"{LESSONS[number].name}: the first cell asks a question"
    link = f"[{title}](notebooks/{LESSONS[number].name})"
    assert row_of(number) == [number, link, question, minutes]


@pytest.mark.parametrize("number", list(LESSONS))
def test_the_syllabus_names_it_as_it_names_itself(number):
    title, _, minutes = opening(LESSONS[number])
    rows = [row for row in table(SYLLABUS, "lesson") if row[0] == f"[{number} {title}]({LESSONS[number].name})"]
    assert len(rows) == 1 and rows[0][1] == minutes, f"notebooks/README.md's table: {rows}"


@pytest.mark.parametrize("number", [number for number in LESSONS if number != "00"])
def test_the_start_sends_readers_to_it(number):
    title, _, minutes = opening(LESSONS[number])
    start = "\n".join(cell.source for cell in nbformat.read(LESSONS["00"], as_version=4).cells)
    line = rf"^- \[{number} {re.escape(title)}\]\({re.escape(LESSONS[number].name)}\): .*\({minutes} minutes\)$"
    assert re.search(line, start, re.MULTILINE), f"00's list: - [{number} {title}]({LESSONS[number].name}): … ({minutes} minutes)"


def test_the_syllabus_names_the_lessons_that_measure():
    measuring = [number for number, path in LESSONS.items()
                 if any("nbval-ignore-output" in cell.metadata.get("tags", [])
                        for cell in nbformat.read(path, as_version=4).cells)]
    assert f"Lessons with such cells today: {', '.join(measuring)}." in SYLLABUS


@pytest.mark.parametrize("text", [README, SYLLABUS], ids=["README.md", "notebooks/README.md"])
def test_its_make_commands_exist(text):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in set(re.findall(r"\bmake ([a-z][a-z-]*)", text)):
        assert re.search(rf"^{name}:", makefile, re.MULTILINE), f"make {name} is not in the Makefile"
    assert re.search(r"\bmake lab\b", text)


def test_the_two_commands_come_first():
    assert re.findall(r"^make (\w+)", README, re.MULTILINE)[:2] == ["lab", "test"]


def test_the_lines_for_conda_are_those_of_its_file():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert "conda env create -f environment.yml" in README
    assert f"conda activate {environment['name']}" in README
    assert "jupyter lab --ServerApp.root_dir=. notebooks/00_start_here.ipynb" in README


def test_jupyterlab_shows_the_whole_folder_so_that_links_to_the_front_page_land():
    starts = [line for text in (README, (ROOT / "Makefile").read_text(encoding="utf-8"))
              for line in text.splitlines() if re.search(r"(jupyter ?lab|-m jupyterlab) .*00_start_here", line)]
    assert len(starts) == 3 and all("--ServerApp.root_dir=. " in line for line in starts), starts


@pytest.mark.parametrize("name", PICTURES)
def test_a_stored_picture_is_the_one_that_the_code_draws(name):
    draw, dpi = PICTURES[name]
    path = ROOT / "notebooks" / "pictures" / name
    same_series = Image.open(path).text["Software"] == DRAWN_BY
    fault, _ = compare(path.read_bytes(), png(draw(), dpi), same_series)
    assert not fault, f"{name}: {fault}. Store it: python tools/draw_pictures.py"


def test_the_picture_is_shown_with_words_for_who_does_not_see_it():
    alt = re.search(r"!\[(.+?)\]\(notebooks/pictures/banner\.png\)", README)
    assert alt and len(alt[1]) > 60
    assert len(PICTURE.read_bytes()) < 200_000


def test_the_reference_has_the_symbols_of_the_code_and_each_word_in_the_lesson_that_it_names():
    from helpers.notation import NOTATION
    text = (ROOT / "notebooks/reference.md").read_text(encoding="utf-8")
    assert sorted(tuple(row) for row in table(text, "symbol")) == sorted(NOTATION)
    for word, _, _, link, meaning in table(text, "English"):
        lesson = (ROOT / "notebooks" / re.search(r"\((.*)\)", link)[1]).read_text(encoding="utf-8")
        assert meaning and re.split(r", \$|, ", word)[0].split()[0].lower() in lesson.lower(), word
