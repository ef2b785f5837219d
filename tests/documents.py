"""What must hold of a saved notebook as a document: a rule takes a `Document` and yields a sentence for each fault."""
import copy
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from store import MACHINE, normalised, unfit, with_exercises

ROOT = Path(__file__).parents[1]
LARGEST, LONGEST_CELL, LONGEST_SOLUTION = 600_000, 20, 30      # bytes of a notebook, lines of a cell
FORBIDDEN = re.compile(r"\b(simply|obviously|just)\b", re.IGNORECASE)
UNFIT_CODE = {
    r"^\s*[%!]": "no magics and no shell lines", r"^\s*from .* import \*": "import names, not *",
    r"\bfilterwarnings|simplefilter|rcParams|\bstyle\.use|\bpip\b": "no installs, warning filters or styling in a lesson",
    r"NBVAL|PYTEST_VALIDATE": "mark it with a tag, not with a comment"}


@dataclass
class Document:
    """A notebook, where it lies, and (for a lesson) the notebook of its solutions."""
    path: Path
    notebook: nbformat.NotebookNode
    solutions: nbformat.NotebookNode | None = None

    @classmethod
    def read(cls, path):
        solutions = path.parent / "solutions" / path.name
        return cls(path, nbformat.read(path, as_version=4),
                   nbformat.read(solutions, as_version=4) if solutions.exists() else None)

    def __post_init__(self):
        self.cells, self.lesson = self.notebook.cells, int(self.path.stem[:2])
        self.is_solutions = self.path.parent.name == "solutions"
        self.is_full_lesson = 1 <= self.lesson <= 11 and not self.is_solutions
        self.code = [cell for cell in self.cells if cell.cell_type == "code"]

    @cached_property
    def markdown(self):
        """(cell id, source without code) of each Markdown cell."""
        return [(cell.id, without_code(cell.source)) for cell in self.cells if cell.cell_type == "markdown"]

    @cached_property
    def headings(self):
        """(cell id, level, text) of each heading."""
        return [(cell, len(marks), text.strip()) for cell, source in self.markdown
                for marks, text in re.findall(r"^(#+)[ \t]+(.+)$", source, re.MULTILINE)]


def without_code(source):
    source = re.sub(r"^(```|~~~).*?^\1[ \t]*$", "", source, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(`+).*?\1", "`code`", source)


def plain(source):
    """The text without emphasis, to look for words in it."""
    return re.sub(r"[*_]", "", source)


def headings(document):
    """One title, in the first cell; levels in order."""
    titles = [cell for cell, level, _ in document.headings if level == 1]
    if titles != [document.cells[0].id]:
        yield f"one title (# …), in the first cell; titles found in {titles}"
    before = 0
    for cell, level, text in document.headings:
        copied = document.is_solutions and re.fullmatch(r"exercise-\d+", cell)   # as the lesson has it
        if level > before + 1 and not copied:
            yield f"cell {cell}: heading {text!r} of level {level} follows level {before}"
        before = level


def imports(document):
    """They stand in the first code cell, and begin it."""
    if document.lesson and not (document.code and re.match(r"(#.*\n)*(import|from) ", document.code[0].source)):
        yield "the first code cell begins with the imports"
    for cell in document.code[1:] if document.lesson else ():
        if cell.id[:8] != "exercise" and re.search(r"^(import|from) ", cell.source, re.MULTILINE):
            yield f"cell {cell.id}: imports stand in the first code cell"


def opening_and_closing(document):
    """The question and the minutes are in test_readme.py, the way on in test_notebooks.py."""
    first, last = plain(document.cells[0].source), document.cells[-1].source
    for asked, found, remedy in (
            (document.is_solutions, first.startswith("# Solutions: "), "a solutions notebook is called '# Solutions: …'"),
            (0 < document.lesson < 15 and not document.is_solutions, "By the end you can" in first, "'By the end you can'"),
            (document.is_full_lesson, re.search(r"(?s)You need.*\]\(", first), "the first cell says 'You need', with a link"),
            (document.is_full_lesson, "Sources" in last, "the last cell names its sources ('Sources')"),
            (document.is_full_lesson, any(text.startswith("Recap") for *_, text in document.headings), "a section 'Recap'")):
        if asked and not found:
            yield remedy


def names_of_cells(document):
    ids = [cell.get("id", "") for cell in document.cells]
    for name in ids:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}.*)?", name):
            yield f"cell {name!r}: an id of words, such as 'the-win'"
        if ids.count(name) > 1:
            yield f"cell {name!r}: two have this id"


def stored_by_command(document):
    """Cells and metadata are what tools/store.py would leave of them; outputs apart, which nbval compares."""
    saved, stored = (copy.deepcopy(document.notebook) for _ in range(2))
    try:
        if document.solutions is not None:
            with_exercises(stored, document.solutions)
        for cell in saved.cells + stored.cells:
            if cell.cell_type == "code":
                cell.outputs = []
        stored = normalised(stored)
    except ValueError as error:
        yield str(error)
    others = [one.id for one, two in zip(saved.cells, stored.cells) if one != two or one.get("attachments")]
    if others or saved != stored:
        yield f"cells {others} or the metadata are not what the command leaves: store it with `make notebooks`"
    if document.path.exists() and document.path.stat().st_size > LARGEST:
        yield f"{document.path.stat().st_size:,} bytes, more than {LARGEST:,}"


def code_cells(document):
    longest = LONGEST_SOLUTION if document.is_solutions else LONGEST_CELL
    for cell in document.code:
        tags = set(cell.metadata.get("tags", []))
        if not cell.source.strip() or cell.source.count("\n") >= longest:
            yield f"cell {cell.id} is empty, or has more than {longest} lines"
        for pattern, remedy in UNFIT_CODE.items():
            if re.search(pattern, cell.source, re.MULTILINE):
                yield f"cell {cell.id}: {remedy}"
        if "nbval-ignore-output" in tags and not re.search(r"^\s*assert ", cell.source, re.MULTILINE):
            yield f"cell {cell.id}: its output is not compared, so it asserts what must hold"
        for tag in {"nbval-skip", "raises-exception", "nbval-raises-exception"} & tags:
            yield f"cell {cell.id}: tag {tag}: every cell runs, and without an error"


def outputs(document):
    for cell in document.code:
        for output in cell.outputs:
            if fault := unfit(output):
                yield f"cell {cell.id} {fault}"
            data = output.get("data", {})
            for kind in data:
                if kind == "image/png":
                    if len(output.metadata.get("image/png", {}).get("alt", "").strip()) < 30:
                        yield f"cell {cell.id}: a picture without alternative text: end with show()"
                elif kind not in ("text/plain", "text/latex", "text/html", "text/markdown"):
                    yield f"cell {cell.id}: output {kind}, which GitHub does not show"
            html = re.sub(r"""style=["'](text-align: ?\w+|color: var\(--jp-[\w-]+\));?["']""", "", data.get("text/html", ""))
            if re.search(r"<(style|script|iframe|svg)\b|\bstyle=|javascript:", html, re.IGNORECASE):
                yield f"cell {cell.id}: HTML with style or script, which GitHub removes"


def prose(document):
    for cell, source in document.markdown:
        yield from (f"cell {cell}: {fault}" for faults in (
            text_faults(source), link_faults(source, document.path.parent), maths_faults(source)) for fault in faults)
        if re.search("<(details|style|script)", source):
            yield f"cell {cell}: HTML that GitHub's notebooks do not show"


def exercises(document):
    """A check stands in a cell exercise-N-check; it says "not attempted" here, "correct" in the solutions."""
    checks = [cell for cell in document.code if re.search(r"^\s*check\(\s*['\"]", cell.source, re.MULTILINE)]
    if document.is_full_lesson and not checks:
        yield "exercises: cells exercise-1, exercise-1-answer, exercise-1-check, …"
    if checks and not document.is_solutions and document.solutions is None and (document.path.parent / "solutions").exists():
        yield f"no solutions: make solutions/{document.path.name}"      # a class may be without that folder
    expected = "correct" if document.is_solutions else "not attempted"
    for cell in checks:
        shown = "".join(output.get("data", {}).get("text/plain", output.get("text", "")) for output in cell.outputs)
        if not re.fullmatch(r"exercise-\d+-check", cell.id) or not re.match(rf"\W*{expected}(: |$)", shown):
            yield f"cell {cell.id}, called exercise-N-check: its check says {shown!r}, expected {expected!r}"


RULES = (headings, imports, opening_and_closing, names_of_cells, stored_by_command, code_cells, outputs, prose, exercises)


def text_faults(text):
    """Words that a tired student does not need, and what belongs to one machine."""
    for word in FORBIDDEN.findall(re.sub(r"\]\([^)]*\)", "]", text)):
        yield f"the word {word!r}"
    for found in MACHINE.finditer(text):
        yield f"a path of one machine: {text[found.start():found.start() + 40]!r}"


def link_faults(text, folder):
    """Relative links go to a file that is there; links to the web are https."""
    for target in re.findall(r"\]\(\s*<?([^)>\s]+)[^)]*\)", text) + re.findall(
            r"""(?:href|src)=["']([^"']+)""", text):
        if target.startswith(("https://", "mailto:")):
            continue
        file = target.partition("#")[0]
        if "://" in target:
            yield f"link {target}: https, or a file of this repository"
        elif not file:
            yield f"link {target}: GitHub's notebooks have no anchors"
        elif not (folder / file).exists() and ((folder / "solutions").exists() or not file.startswith("solutions/")):
            yield f"link {target}: no such file"


def maths_faults(text):
    """Dollar signs enclose mathematics that GitHub renders, and nothing else."""
    if "\\(" in text or "\\[" in text:
        yield "mathematics stands between dollar signs"
    bare = text.replace("\\$", "")
    if bare.count("$$") % 2:
        yield "$$ without its counterpart"
        return
    for found in re.finditer(r"\$\$(.*?)\$\$", bare, re.DOTALL):
        before, block, after = bare[:found.start()], found[1], bare[found.end():]
        if any(block.count(opened) != block.count(closed) for opened, closed in ("{}", ("\\begin", "\\end"))):
            yield f"braces or \\begin and \\end do not match in {block.strip()[:40]!r}"
        if not (re.search(r"(^|\n[ \t]*\n)[ \t]*$", before) and re.match(r"[ \t]*(\n[ \t]*(\n|$)|$)", after)):
            yield f"blank lines above and below {found[0][:40]!r}"
    for paragraph in re.split(r"\n\s*\n", re.sub(r"\$\$.*?\$\$", "", bare, flags=re.DOTALL)):
        if paragraph.count("$") % 2:
            yield f"a single dollar sign (money is written USD) in {paragraph[:40]!r}"
        for formula in re.findall(r"\$([^$]*)\$", paragraph):
            if not re.fullmatch(r"\S(.*\S)?", formula) or formula.count("{") != formula.count("}"):
                yield f"a space inside the dollar signs, or a brace without the other, in ${formula}$"
    if found := re.search(r"\\(begin\{(align|equation|eqnarray|gather)\*?\}|newcommand|def\b|label|tag"
                          r"|ref\b|require|operatorname\*)", bare):
        yield f"{found[0]}: GitHub does not render it; write aligned, and no macros"
