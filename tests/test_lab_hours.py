"""Lessons 12 to 14 as lab hours: the minutes add up, and what a student drags or writes breaks no later cell."""
import ast
import re

import nbformat
import pytest
from documents import ROOT

from helpers import explorers
from helpers.explorers import Explorer, GrowthExplorer

PAGE = (ROOT / "notebooks" / "lab_hours.md").read_text(encoding="utf-8")
LABS = {path.name[:2]: nbformat.read(path, 4).cells for path in sorted(ROOT.glob("notebooks/1[2-4]_*.ipynb"))}


@pytest.mark.parametrize("number", LABS)
def test_the_parts_add_up_to_the_minutes_of_the_lesson(number):
    parts = dict(re.findall(rf"^\| {number}, ([^|]*) \| (\d+) \|", PAGE, re.MULTILINE))
    whole = int(re.search(r"\*Time\*: (\d+) minutes", LABS[number][0].source)[1])
    assert len(parts) >= 3 and sum(map(int, parts.values())) == whole, (parts, whole)
    for cell in LABS[number]:
        title, said = re.match(r"## (\d .*)", cell.source), re.search(r"\*(?:Lesson \d+, )?(\d+) minutes\.\*", cell.source)
        assert not (title and said) or parts[title[1]] == said[1], title


@pytest.mark.parametrize("number", ["12", "13"])
def test_each_part_has_its_explorer_before_its_sheet(number):
    """Nobody is asked to predict what stands on the screen already."""
    parts = "\0".join(f"[{cell['id']}]{cell.source}" for cell in LABS[number]).split("]## ")[1:]
    for part in (part for part in parts if part[0].isdigit()):
        explorer, sheet = part.find("Explorer("), part.find("[None, None]")
        if (number, part[0]) == ("13", "2"):    # there the start's curves answer the sheet, so it stands first
            explorer, sheet = sheet, explorer
        assert 0 < explorer < sheet, part[:40]


@pytest.mark.parametrize("number, name, answer", [("12", "the-explorer", r"2\.18|3\.82|8\.9 %"), ("13", "roofline", r"4\.87")])
def test_the_starts_give_no_answer_away(number, name, answer):
    cell = next(cell for cell in LABS[number] if cell["id"] == name)
    start = eval(ast.unparse(ast.parse(cell.source).body[0].value), {one: getattr(explorers, one) for one in explorers.__all__})
    assert not re.search(answer, start.text())


@pytest.mark.parametrize("number, moves, answers", [
    ("12", {"curves": ("walk",), "axes": "linear"}, {}), ("12", {"n": 10**7, "d": 16}, {}),
    ("13", {}, {"times": {"training FLOPs, all tokens": [22, 0.372], "bytes to train on one sequence": [22, None],
                          "cache bytes of one token": [None, None], "seconds to decode a token": [22, 22.3]}}),
    ("14", {}, {"my_parameters": 7, "train_sheet": None, "serve_sheet": {"x": 1}, "my_service": "x", "shrink_sheet": [1]})])
def test_what_is_dragged_and_written_breaks_no_later_cell(number, moves, answers, capsys):
    """Before each next cell `moves` are made in lesson 12's GrowthExplorer, or each explorer is at its last preset."""
    space = {"__name__": "__main__"}
    for cell in LABS[number]:
        if cell.cell_type == "code":
            exec(compile(cell.source, cell["id"], "exec"), space)
            space |= {name: answers[name] for name in answers if name in space}
            for explorer in [value for value in space.values() if isinstance(value, Explorer)]:
                if not moves:
                    explorer.load([*explorer.presets][-1])
                elif isinstance(explorer, GrowthExplorer):
                    explorer.change(**moves)
    assert answers or "not yet" not in capsys.readouterr().out
