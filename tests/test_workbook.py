"""The student's copies: no outputs, every link lands, and what a student has written is never lost."""
import re

import nbformat
import pytest
import workbook
from documents import ROOT


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "WORKBOOK", tmp_path / "workbook")
    return workbook.make()


def test_each_lesson_has_a_copy_without_outputs_and_with_the_same_code(made):
    assert made == ["workbook/: 16 lessons copied without outputs"]
    for path in workbook.lessons().values():
        course, copy = (nbformat.read(each, as_version=4) for each in (path, workbook.WORKBOOK / path.name))
        nbformat.validate(copy)
        code = [[cell.source for cell in notebook.cells if cell.cell_type == "code"] for notebook in (course, copy)]
        assert code[0] == code[1] and not any(cell.get("outputs") or cell.get("execution_count") for cell in copy.cells)


def test_each_link_and_each_file_that_a_cell_opens_is_there(made):
    for path in workbook.WORKBOOK.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            code = cell.cell_type == "code"
            for file in re.findall(r'"(data/[\w.]+)"', cell.source) if code else ():
                assert (path.parent / file).exists(), file
            for link in re.findall(r"\]\(((?!https?:|#)[^)\s]+)\)", cell.source) if not code else ():
                places = [ROOT / "workbook" / link] if link.startswith("../") else [path.parent / link, ROOT / "notebooks" / link]
                assert any(place.resolve().exists() for place in places), link
                assert not re.match(r"(pictures|solutions|README|reference)", link), f"{path.name}: {link}"


def test_nothing_that_is_there_is_overwritten(made):
    mine = workbook.WORKBOOK / workbook.lessons()["03"].name
    mine.write_text(mine.read_text(encoding="utf-8").replace("share = None", "share = 40"), encoding="utf-8")
    assert workbook.make() == [] and "share = 40" in mine.read_text(encoding="utf-8")
    [said] = workbook.make(["03"])
    assert "share = 40" not in mine.read_text(encoding="utf-8")
    kept = mine.with_name(f"{mine.stem} (mine 1).ipynb")
    assert kept.name in said and "share = 40" in kept.read_text(encoding="utf-8")
    workbook.make(["03"])
    assert mine.with_name(f"{mine.stem} (mine 2).ipynb").exists() and "share = 40" in kept.read_text(encoding="utf-8")


def test_a_copy_of_an_older_lesson_is_named_with_the_command_that_renews_it(made):
    mine = workbook.WORKBOOK / workbook.lessons()["07"].name
    notebook = nbformat.read(mine, as_version=4)
    notebook.metadata["lesson"] = "of last year"
    nbformat.write(notebook, mine)
    [said] = workbook.make()
    assert mine.name in said and "python tools/workbook.py 07" in said


def test_an_unknown_lesson_is_refused_in_a_sentence(made):
    with pytest.raises(SystemExit, match="there is no lesson '3'; give numbers such as 03"):
        workbook.make(["3"])
