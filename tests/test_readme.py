"""The front page: its table is what the notebooks say, its commands exist, its pictures are fresh."""
import re
import runpy
import subprocess
import tomllib

import nbformat
import numpy as np
import pytest
import yaml
from documents import ROOT, plain
from PIL import Image
from pictures import compare
from store import DRAWN_BY

from helpers.counting import count
from helpers.figures import png
from helpers.layers import softmax
from helpers.notation import d, n, text
from helpers.tracing import trace

README, SYLLABUS, FORTY, ADOPTING, MAKEFILE = (
    (ROOT / name).read_text(encoding="utf-8") for name in (
        "README.md", *map("notebooks/{}.md".format, ("README", "forty_minutes", "adopting")), "Makefile"))
PICTURES = runpy.run_path(str(ROOT / "tools" / "draw_pictures.py"))["PICTURES"]
LESSONS = {path.name: nbformat.read(path, as_version=4).cells
           for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}


def openings():
    """File name, number, title, question and minutes of each lesson, as its first cell states them."""
    for name, cells in LESSONS.items():
        title, _, text = plain(cells[0].source).partition("\n")
        sentences = re.split(r"(?<=[.?!])\s+", text.partition("By the end")[0].strip())
        question = next(sentence for sentence in sentences if sentence.endswith("?"))
        yield name, name[:2], title.removeprefix("# "), question, re.search(r"\bTime:? .{0,12}?(\d+).{0,12}minutes", text)[1]


def table(text):
    """The rows of the table of lessons."""
    return text[text.index("| lesson |"):].split("\n\n")[0].splitlines()[2:]


def test_the_front_page_the_syllabus_and_the_start_list_the_lessons_as_they_call_themselves():
    start = "\n".join(cell.source for cell in LESSONS["00_start_here.ipynb"])
    links = [(f"[{number} {title}]({name})", minutes) for name, number, title, _, minutes in openings()]
    assert table(README) == [f"| {number} | [{title}](notebooks/{name}) | {question} | {minutes} |"
                             for name, number, title, question, minutes in openings()]
    assert ["|".join(row.split("|")[:3]) for row in table(SYLLABUS)] == [f"| {link} | {minutes} " for link, minutes in links]
    assert re.findall(r"^- (\[\d\d .*?\]\(.*?\)): .*\((\d+) minutes\)$", start, re.MULTILINE) == links[1:]


def test_the_syllabus_names_the_lessons_that_measure():
    measuring = [name[:2] for name, cells in LESSONS.items()
                 if any("nbval-ignore-output" in cell.metadata.get("tags", []) for cell in cells)]
    assert f"Lessons with such cells today: {', '.join(measuring)}." in ADOPTING


def test_the_commands_exist_and_the_first_two_come_first():
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", README + FORTY + ADOPTING)) <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert re.findall(r"^make (\w+)", README, re.MULTILINE)[:2] == ["lab", "test"] and "make lab" in FORTY


def test_every_way_in_is_the_same_command():
    name = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["name"]
    assert f"conda env create -f environment.yml\nconda activate {name}" in README
    assert len(re.findall(r"(?:py|python|IN\)) tools.workbook\.py --lab", README + MAKEFILE)) == 3
    lab = (ROOT / "tools/workbook.py").read_text(encoding="utf-8")     # the whole folder, so that links to the front page land
    assert "--ServerApp.root_dir=." in lab


@pytest.mark.parametrize("name", PICTURES)
def test_a_stored_picture_is_the_one_that_the_code_draws(name):
    draw, dpi = PICTURES[name]
    path = ROOT / "notebooks" / "pictures" / name
    fault, _ = compare(path.read_bytes(), png(draw(), dpi), Image.open(path).text["Software"] == DRAWN_BY)
    assert not fault, f"{name}: {fault}. Store it: python tools/draw_pictures.py"


def test_the_pictures_are_shown_with_words_for_who_does_not_see_them():
    for alt, name in re.findall(r"!\[(.*?)\]\((notebooks/pictures/\S+)\)", README):
        assert len(alt) > 60 and (ROOT / name).stat().st_size < 600_000
    assert Image.open(ROOT / "notebooks/pictures/dragged.gif").n_frames > 10 and "matrices.png" in README and "dragged.gif" in README


def test_the_opening_s_function_has_the_numbers_that_the_readme_says():
    space = {"np": np, "softmax": softmax}
    exec(re.search(r"```python\n(def attention.*?)```", README, re.DOTALL)[1], space)
    attention, weights = space["attention"], ("w_q", "w_k", "w_v", "w_o")
    exact, formula = (trace(attention, x=(a, b), **dict.fromkeys(weights, (b, b))).flops for a, b in ((100, 512), (n, d)))
    assert f"{exact:,}" in README and text(formula) in README
    assert f"{100**2 * 512:,}" in README
    counted = count(attention, x=np.ones((3, 4)), **dict.fromkeys(weights, np.ones((4, 4))))[1].total()
    assert counted == formula.subs({n: 3, d: 4})


def test_the_forty_minutes_name_headings_of_the_lessons_and_their_numbers():
    headings = {heading for cells in LESSONS.values() for cell in cells for heading in re.findall("^#+ (.*)", cell.source, re.MULTILINE)}
    rows = re.findall(r"^\| (\d+)–(\d+) \|(.*?)\|", FORTY, re.MULTILINE)
    named = {name for *_, what in rows for name in re.findall(r'"([A-Z][^"]*)"', what)}
    assert len(named) == 8 and named <= headings, named - headings
    assert ["0", *(end for _, end, _ in rows)] == [*(start for start, *_ in rows), "40"]
    alone, together = 8 * 100 * 512**2, 4 * 100**2 * 512
    for said in (f"{alone:,}", f"{together:,}", f"{100 * together / (alone + together):.1f} %"):
        assert said in FORTY


def test_the_version_is_one_and_the_top_is_small():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == version and cited["title"] == README.splitlines()[0].removeprefix("# ")
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert len({name.split("/")[0] for name in listed} - {".github", ".gitignore", ".ci"}) <= 12
