"""Lessons 12 to 14 as lab hours: the minutes add up, and what a student drags or writes breaks no later cell."""

import ast
import re
from pathlib import Path

import nbformat
import pytest

from helpers.explorers import GrowthExplorer, RooflineExplorer

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PAGE = (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
MAKERS = {"GrowthExplorer": GrowthExplorer, "RooflineExplorer": RooflineExplorer}
LABS = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("1[2-4]_*.ipynb"))}


def cells(number):
    return nbformat.read(LABS[number], 4).cells


@pytest.mark.parametrize("number", LABS)
def test_the_parts_add_up_to_the_minutes_of_the_lesson(number):
    parts = [int(minutes) for minutes in re.findall(rf"^\| {number}, [^|]*\| (\d+) \|", PAGE, re.MULTILINE)]
    whole = int(re.search(r"\*Time\*: (\d+) minutes", cells(number)[0].source)[1])
    assert len(parts) >= 3 and sum(parts) == whole, (parts, whole)


@pytest.mark.parametrize("number", ["12", "13"])
def test_a_part_says_the_minutes_that_the_page_says(number):
    said = {}
    for cell in cells(number):
        title = re.match(r"## (\d .*)", cell.source)
        if title and cell.cell_type == "markdown":
            said[title[1]] = int(re.search(r"\*(?:Lesson \d+, )?(\d+) minutes\.\*", cell.source)[1])
    assert len(said) >= 3
    for title, minutes in said.items():
        assert f"| {number}, {title} | {minutes} |" in PAGE, title


@pytest.mark.parametrize("number", ["12", "13"])
def test_each_part_has_its_explorer_before_its_sheet(number):
    """Nobody is asked to predict what stands on the screen already, and each part has a sheet that says how it is filled."""
    parts = [part for part in "\0".join(f"[{cell['id']}]{cell.source}" for cell in cells(number)).split("]## ")[1:] if part[0].isdigit()]
    for part in parts:
        assert 0 < part.find("Explorer(") < part.find("[None, None]"), part[:40]
    texts = "\n".join(cell.source for cell in cells(number) if cell.cell_type == "markdown")
    assert texts.find("**sheet**") < texts.find("### Exercise 1") and "Clear Outputs of All Cells" in PAGE


def test_the_starts_give_no_answer_away():
    """12.1's factors and 13.4's FLOPs per byte are not in what the explorers show before the sheet."""
    starts = {}
    for number in ("12", "13"):
        for cell in cells(number):
            if cell.cell_type == "code" and cell["id"] in ("the-explorer", "roofline"):
                starts[cell["id"]] = eval(ast.unparse(ast.parse(cell.source).body[0].value), MAKERS)
    assert set(starts) == {"the-explorer", "roofline"}
    assert not re.search(r"2\.18|3\.82|8\.9 %", starts["the-explorer"].text())
    assert "4.87" not in starts["roofline"].text()


DRAGGED = {"one curve, linear": {"curves": ("walk",), "axes": "linear"}, "no layer": {"curves": ("dance", "products", "projections")},
           "far out": {"n": 10**7, "d": 16}}


def run(number, change=lambda explorer: None, answers={}):
    """Run a lesson's code as a student does; `change` is what is dragged in each named explorer before the next cell."""
    space = {"__name__": "__main__"}
    for cell in cells(number):
        if cell.cell_type != "code":
            continue
        exec(compile(cell.source, cell["id"], "exec"), space)
        space |= {name: answers[name] for name in answers if name in space}
        for explorer in [value for value in space.values() if hasattr(value, "presets") and not isinstance(value, type)]:
            change(explorer)
    return space


@pytest.mark.parametrize("moves", DRAGGED.values(), ids=DRAGGED)
def test_what_is_dragged_in_lesson_12_breaks_no_later_cell(moves, capsys):
    run("12", lambda explorer: isinstance(explorer, GrowthExplorer) and explorer.change(**moves))
    assert "not yet" not in capsys.readouterr().out


def test_what_is_dragged_and_written_in_lesson_13_breaks_no_later_cell(capsys):
    def last_preset(explorer):
        explorer.change(**list(explorer.presets.values())[-1])
    times = {"training FLOPs, all tokens": [22, 0.372], "bytes to learn one sequence": [22, None], "cache bytes of one token": [None, None],
             "seconds to write a token": [22, 22.3]}
    run("13", last_preset, {"times": times})
