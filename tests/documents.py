"""What must hold of a saved notebook as a document; each rule is a function that yields faults.

A rule takes a `Document` and yields sentences, one for each fault; none means all is well.
STYLE.md's rules stand here once, and test_notebooks.py applies them to every notebook.
"""
import ast
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from store import METADATA, exercise_cells, unfit

ROOT = Path(__file__).parents[1]
SECTIONS = ("Predict", "Check by counting", "Play", "Where this model stops", "Spot the bug",
            "Exercises", "Recap")
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(home|Users|root|tmp|work|opt|var/folders)/\w|\b[A-Z]:\\\w"
                          r"|\b0x[0-9a-f]{6,}")
# Written so that this file does not hold the names either.
REGISTRIES = re.compile(r"py[p]i\.org|files\.python[h]osted|conda\.anacond[a]|registry\.np[m]js"
                        r"|proxy\.golan[g]|index-ur[l]")
FORBIDDEN = re.compile(r"\b(simply|obviously|just)\b", re.IGNORECASE)
NAMES = {"English", "Chinese", "Transformer", "Transformers", "Python"}      # capitals in any heading
RULES = []


def rule(function):
    RULES.append(function)
    return function


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

    @property
    def cells(self):
        return self.notebook.cells

    @property
    def is_solutions(self):
        return self.path.parent.name == "solutions"

    @property
    def lesson(self):
        """The number in the file's name; 1 to 11 are full lessons."""
        return int(self.path.stem[:2])

    @property
    def is_full_lesson(self):
        return 1 <= self.lesson <= 11 and not self.is_solutions

    @cached_property
    def markdown(self):
        """(cell id, source without code) of each Markdown cell."""
        return [(cell.id, without_code(cell.source))
                for cell in self.cells if cell.cell_type == "markdown"]

    @cached_property
    def code(self):
        return [cell for cell in self.cells if cell.cell_type == "code"]

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


@rule
def one_title(document):
    titles = [cell for cell, level, _ in document.headings if level == 1]
    if titles != [document.cells[0].id] or document.cells[0].cell_type != "markdown":
        yield f"one title (# …), in the first cell, a Markdown cell; titles found in {titles}"


@rule
def levels_in_order(document):
    before = 0
    for cell, level, text in document.headings:
        copied = document.is_solutions and re.fullmatch(r"exercise-\d+", cell)   # as the lesson has it
        if level > before + 1 and not copied:
            yield f"cell {cell}: heading {text!r} of level {level} follows level {before}"
        before = level


@rule
def sentence_case(document):
    """A heading with three or more capitalised words after the first, and most of them."""
    for cell, _, text in document.headings:
        words = re.findall(r"(?<![\w$`“\"])[A-Za-z][a-z]{3,}", re.sub(r"\$.*?\$|“.*?”|\".*?\"", "",
                                                                     plain(text)))[1:]
        capitals = [word for word in words if word[0].isupper() and word not in NAMES]
        if len(capitals) >= 2 and len(capitals) * 2 > len(words):
            yield f"cell {cell}: heading {text!r} in sentence case, please"


@rule
def opening(document):
    text = plain(document.cells[0].source)
    if document.is_solutions:
        if not text.startswith("# Solutions: "):
            yield "the title of a solutions notebook begins '# Solutions: '"
        return
    if not re.search(r"\bTime:? .{0,12}?\d+.{0,12}minutes", text):
        yield "the first cell says 'Time: N minutes'"
    if document.lesson in (12, 13, 14) or document.is_full_lesson:
        after = text.partition("By the end you can")[2]
        if not after:
            yield "the first cell says 'By the end you can'"
        points = re.findall(r"^[ \t]*(?:-|\d\.)[ \t]+\w", after, re.MULTILINE)
        if document.is_full_lesson and len(points) != 3:
            yield f"'By the end you can' has three points (lines that begin '- '), not {len(points)}"
    if document.is_full_lesson:
        if "?" not in text.partition("By the end")[0]:
            yield "the first cell asks the lesson's question (…?)"
        if not re.search(r"You need.*\]\(", text, re.DOTALL):
            yield "the first cell says 'You need', with a link"


@rule
def imports_come_second(document):
    if document.is_full_lesson or document.is_solutions:
        second = document.cells[1] if len(document.cells) > 1 else None
        if not second or second.cell_type != "code" or not re.match(
                r"(#.*\n)*(import|from) ", second.source):
            yield "the second cell is code and begins with the imports"


@rule
def sections(document):
    if not document.is_full_lesson:
        return
    titles = [text for _, level, text in document.headings if level == 2]
    found = [next((index for index, title in enumerate(titles) if title.startswith(section)), None)
             for section in SECTIONS]
    for section, index in zip(SECTIONS, found):
        if index is None:
            yield f"a section (## …) whose title begins {section!r}"
    order = [index for index in found if index is not None]
    if order != sorted(order):
        yield f"the sections come in the order {', '.join(SECTIONS)}"


@rule
def closing(document):
    if document.is_solutions:
        return
    last = document.cells[-1]
    if last.cell_type != "markdown" or not any(
            " · " in line and "](" in line for line in last.source.splitlines()):
        yield "the last cell has the line 'previous · contents · next' with links"
    elif document.lesson and not re.search(r"\]\((README\.md|00_start_here\.ipynb)\)", last.source):
        yield "the last cell links to the contents: README.md or 00_start_here.ipynb"
    if document.is_full_lesson and "Sources" not in last.source:
        yield "the last cell names its sources ('Sources')"


@rule
def names_of_cells(document):
    for cell in document.cells:
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", cell.get("id", "")) or re.fullmatch(
                r"[0-9a-f]{8}(-[0-9a-f]{4}.*)?", cell.id) or cell.id.isdigit():
            yield f"cell {cell.get('id')!r}: an id of words, such as 'the-win'"
    ids = [cell.get("id") for cell in document.cells]
    if len(set(ids)) < len(ids):
        yield f"the ids are different from each other; twice: {sorted(i for i in set(ids) if ids.count(i) > 1)}"


@rule
def stored_by_command(document):
    """What tools/store.py leaves: the kernel, the counts, no metadata of the moment."""
    if document.notebook.metadata != METADATA or document.notebook.nbformat_minor != 5:
        yield f"metadata {dict(document.notebook.metadata)}: store it with `make notebooks`"
    counts = [cell.execution_count for cell in document.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts 1, 2, … in order, not {counts}: store it with `make notebooks`"
    for cell in document.cells:
        if set(cell.metadata) - {"tags", "measured"}:
            yield f"cell {cell.id}: metadata {sorted(cell.metadata)}: store it with `make notebooks`"
        if cell.get("attachments"):
            yield f"cell {cell.id}: an attachment, which GitHub does not show"


@rule
def code_cells(document):
    for cell in document.code:
        lines = cell.source.count("\n") + 1
        if not cell.source.strip():
            yield f"cell {cell.id} is empty"
        if lines > (30 if document.is_solutions else 20):
            yield f"cell {cell.id} has {lines} lines, more than 20"
        if re.search(r"^\s*[%!]", cell.source, re.MULTILINE):
            yield f"cell {cell.id}: no magics and no shell lines"
            continue
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
                yield f"cell {cell.id}: import names, not *"
        if re.search(r"\bfilterwarnings|simplefilter|rcParams|\bstyle\.use|\bpip\b", cell.source):
            yield f"cell {cell.id}: no installs, warning filters or styling in a lesson"
        tags = cell.metadata.get("tags", [])
        if "nbval-ignore-output" in tags and not any(
                isinstance(node, ast.Assert) for node in ast.walk(tree)):
            yield f"cell {cell.id}: its output is not compared, so it asserts what must hold"
        for tag in {"nbval-skip", "raises-exception", "nbval-raises-exception"} & set(tags):
            yield f"cell {cell.id}: tag {tag}: every cell runs, and without an error"
        if re.search(r"NBVAL|PYTEST_VALIDATE", cell.source):
            yield f"cell {cell.id}: mark it with a tag, not with a comment"


@rule
def outputs(document):
    for cell in document.code:
        for output in cell.outputs:
            if fault := unfit(output):
                yield f"cell {cell.id} {fault}"
            data = output.get("data", {})
            for kind in data:
                if kind == "image/png":
                    alt = output.metadata.get("image/png", {}).get("alt", "")
                    if len(alt.strip()) < 30:
                        yield f"cell {cell.id}: a picture without alternative text: end with show()"
                elif kind not in ("text/plain", "text/latex", "text/html", "text/markdown"):
                    yield f"cell {cell.id}: output {kind}, which GitHub does not show"
            html = re.sub(r"""style=["'](text-align: ?\w+|color: var\(--jp-[\w-]+\));?["']""", "",
                          data.get("text/html", ""))
            if re.search(r"<(style|script|iframe|svg)\b|\bstyle=|javascript:", html, re.IGNORECASE):
                yield f"cell {cell.id}: HTML with style or script, which GitHub removes"


@rule
def size(document):
    if document.path.exists() and document.path.stat().st_size > 500_000:
        yield f"{document.path.stat().st_size:,} bytes, more than 500 KB"


@rule
def words(document):
    for cell, source in document.markdown:
        yield from text_faults(source, f"cell {cell}: ")
        if "<details" in source or "<style" in source or "<script" in source:
            yield f"cell {cell}: HTML that GitHub's notebooks do not show"


@rule
def links(document):
    for cell, source in document.markdown:
        yield from link_faults(source, document.path.parent, f"cell {cell}: ")


@rule
def mathematics(document):
    for cell, source in document.markdown:
        yield from maths_faults(source, f"cell {cell}: ")


@rule
def exercises_as_derived(document):
    """The lesson holds what the solutions derive, and says "not attempted"."""
    checks = [cell for cell in document.code if "check(" in cell.source
              and re.search(r"^\s*check\(\s*['\"]", cell.source, re.MULTILINE)]
    if document.is_full_lesson and not checks:
        yield "exercises: cells exercise-1, exercise-1-answer, exercise-1-check, …"
    handed_out = not (document.path.parent / "solutions").exists()  # a class without solutions
    if checks and not document.is_solutions and document.solutions is None and not handed_out:
        yield f"no solutions: make solutions/{document.path.name}"
    for cell in document.code:
        if re.fullmatch(r"exercise-\d+-answer", cell.id):
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef) and not ast.get_docstring(node) and all(
                        isinstance(line, ast.Pass | ast.Expr) for line in node.body):
                    yield f"cell {cell.id}: {node.name} has a docstring that says what it returns"
    expected = "correct" if document.is_solutions else "not attempted"
    for cell in checks:
        if not re.fullmatch(r"exercise-\d+-check", cell.id):
            yield f"cell {cell.id}: a check stands in a cell called exercise-N-check"
        shown = "".join(output.get("data", {}).get("text/plain", output.get("text", ""))
                        for output in cell.outputs)
        if not (shown == expected or shown.startswith(f"{expected}: ")):
            yield f"cell {cell.id}: its check says {shown!r}, expected {expected!r}"
    if document.solutions is not None:
        derived = exercise_cells(document.solutions)
        own = {cell.id: cell for cell in document.cells if cell.id.startswith("exercise-")}
        if list(own) != list(derived):
            yield f"exercises {list(own)}, in the solutions {list(derived)}"
        for name in own.keys() & derived.keys():
            if own[name].source != derived[name].source:
                yield f"cell {name} is not what the solutions give: store it with `make notebooks`"


def text_faults(text, where=""):
    """Words that a tired student does not need, and what belongs to one machine."""
    for word in FORBIDDEN.findall(re.sub(r"\]\([^)]*\)", "]", text)):
        yield f"{where}the word {word!r}"
    for found in MACHINE_PATH.finditer(text):
        yield f"{where}a path of one machine: {text[found.start():found.start() + 40]!r}"
    if REGISTRIES.search(text):
        yield f"{where}the host of a package registry"


def link_faults(text, folder, where=""):
    """Relative links go to a file that is there; links to the web are https."""
    for target in re.findall(r"\]\(\s*<?([^)>\s]+)[^)]*\)", text) + re.findall(
            r"""(?:href|src)=["']([^"']+)""", text):
        if target.startswith(("https://", "mailto:")):
            continue
        file = target.partition("#")[0]
        if "://" in target:
            yield f"{where}link {target}: https, or a file of this repository"
        elif file and not (folder / file).exists():
            if not (target.startswith("solutions/") and not (folder / "solutions").exists()):
                yield f"{where}link {target}: no such file"
        elif not file:
            yield f"{where}link {target}: GitHub's notebooks have no anchors"


def maths_faults(text, where=""):
    """Dollar signs enclose mathematics that GitHub renders, and nothing else."""
    if "\\(" in text or "\\[" in text:
        yield f"{where}mathematics stands between dollar signs"
    bare = text.replace("\\$", "")
    for block in re.findall(r"\$\$(.*?)\$\$", bare, re.DOTALL):
        if block.count("{") != block.count("}"):
            yield f"{where}braces do not match in {block.strip()[:40]!r}"
        if block.count("\\begin") != block.count("\\end"):
            yield f"{where}\\begin without \\end in {block.strip()[:40]!r}"
    if bare.count("$$") % 2:
        yield f"{where}$$ without its counterpart"
        return
    for found in re.finditer(r"\$\$.*?\$\$", bare, re.DOTALL):
        before, after = bare[:found.start()], bare[found.end():]
        if not (re.search(r"(^|\n[ \t]*\n)[ \t]*$", before) and re.match(r"[ \t]*(\n[ \t]*(\n|$)|$)", after)):
            yield f"{where}blank lines above and below {found[0][:40]!r}"
    inline = re.sub(r"\$\$.*?\$\$", "", bare, flags=re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", inline):
        if paragraph.count("$") % 2:
            yield f"{where}a single dollar sign (money is written USD) in {paragraph[:40]!r}"
            continue
        for formula in re.findall(r"\$([^$]*)\$", paragraph):
            if not formula.strip() or formula != formula.strip() or "\n" in formula:
                yield f"{where}no space inside the dollar signs of ${formula}$"
            elif formula.count("{") != formula.count("}"):
                yield f"{where}braces do not match in ${formula}$"
    if found := re.search(r"\\(begin\{(align|equation|eqnarray|gather)\*?\}|newcommand|def\b|label|tag"
                          r"|ref\b|require|operatorname\*)", bare):
        yield f"{where}{found[0]}: GitHub does not render it; write aligned, and no macros"
