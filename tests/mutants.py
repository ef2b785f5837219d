"""How strong are the tests: seeded small faults in what computes, and which of them no test sees.

    python tests/mutants.py [--count 300] [--seed 1] [--jobs 2] [module …]

A fault is one swapped operator or comparison, one constant plus 1, or one dropped term, in a copy of
the course. The module's own tests run first; a survivor meets the wide suite, without notebooks.
What survives both is printed, to be read. (mutmut and cosmic-ray know one test command for all
faults; with two, most faults cost seconds in place of minutes.)
"""

import argparse
import ast
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

PROCESSES = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
PROCESSES.set_forkserver_preload(["hypothesis", "ipywidgets", "matplotlib.backends.backend_agg", "nbval.plugin", "pytest", "sympy"])
ROOT = Path(__file__).resolve().parents[1]
OWN = {
    "tracing": "test_tracing*.py test_layers.py", "counting": "test_counting.py test_layers.py",
    "layers": "test_layers.py test_layer_values.py test_backward.py test_bets.py",
    "transformer": "test_transformer.py test_config.py test_published.py test_models.py",
    "memory": "test_memory.py test_planning.py", "roofline": "test_roofline.py test_planning.py",
    "planning": "test_planning.py", "notation": "test_notation.py", "tiles": "test_tiles.py",
    "shrinking": "test_shrinking.py"}
NOT_WIDE = "notebooks store stale_notebooks readme environment budget pictures prose export grading ready hub".split()
OPERATORS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.Div: "*", ast.FloorDiv: "*", ast.Mod: "//", ast.Pow: "*"}
COMPARISONS = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
               ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is"}


def faults(text):
    """(start, end, new text) of each small fault of a module, offsets in characters."""
    lines, starts = text.splitlines(keepends=True), [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def span(node):
        return [starts[line - 1] + len(lines[line - 1].encode()[:column].decode()) for line, column in (
            (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))]

    def source(node):
        return "({})".format(text[slice(*span(node))])
    tree = ast.parse(text)
    words = {id(part) for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.Raise)) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in words:
            continue
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            sides = node.left, node.right
            if any(isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str) for side in sides):
                continue
            left, right = map(source, sides)
            yield *span(node), f"{left} {OPERATORS[type(node.op)]} {right}"
            yield from ((*span(node), side) for side in (left, right)[:{ast.Sub: 1, ast.Add: 2}.get(type(node.op), 0)])
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
            yield *span(node), f"{source(node.left)} {COMPARISONS[type(node.ops[0])]} {source(node.comparators[0])}"
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield *span(node), repr(node.value + 1)


def report(folder, tests):
    """Run these tests of this copy, in a process that has imported all but the course."""
    os.chdir(folder)
    os.environ |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.path[:0], sys.dont_write_bytecode = [str(folder)], True
    with open(f"{folder}.txt", "wb") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests]))


def passes(folder, tests, timeout):
    """Do these tests pass in this copy? A fault that makes them run on is seen, too."""
    run = PROCESSES.Process(target=report, args=(folder, tests))
    run.start()
    run.join(timeout)
    run.kill()
    return run.exitcode == 0


def suites(folder):
    """The wide suite without notebooks, and each module's own tests, as files of this copy."""
    def files(*names):
        return [str(test.relative_to(folder)) for name in names for test in sorted((folder / "tests").glob(name))]
    wide = [test for test in files("test_*.py") if Path(test).stem.removeprefix("test_") not in NOT_WIDE]
    return wide, {module: files(*names.split()) for module, names in OWN.items()}


def tried(folder, path, start, end, new):
    """Who saw this fault: "own", "wide", or a line that says what nobody saw."""
    text, target = (ROOT / path).read_text(encoding="utf-8"), folder / path
    wide, own = suites(folder)
    target.write_text(text[:start] + new + text[end:], encoding="utf-8")
    try:
        module = path.parts[1].removesuffix(".py")
        seen = "own" if not passes(folder, own[module], 300) else "wide" if not passes(folder, wide, 900) else ""
    finally:
        target.write_text(text, encoding="utf-8")
    return seen or f"{path}:{text[:start].count(chr(10)) + 1}: {text[start:end]!r} -> {new!r}"


def main():
    ask = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    ask.add_argument("modules", nargs="*", default=[*OWN], metavar="module", help=", ".join(OWN))
    for name, default in (("--count", 300), ("--seed", 1), ("--jobs", 2)):
        ask.add_argument(name, type=int, default=default)
    given = ask.parse_args()
    if unknown := {*given.modules} - {*OWN}:
        ask.error(f"module: {', '.join(sorted(unknown))} is not known; give {', '.join(OWN)}")
    pool = [(path.relative_to(ROOT), *fault) for path in sorted((ROOT / "helpers").rglob("*.py"))
            if path.relative_to(ROOT / "helpers").parts[0].removesuffix(".py") in given.modules
            for fault in faults(path.read_text(encoding="utf-8"))]
    pool = random.Random(given.seed).sample(pool, min(given.count, len(pool)))
    with tempfile.TemporaryDirectory() as base, ThreadPoolExecutor(given.jobs) as threads:
        folders = [shutil.copytree(ROOT, Path(base, str(job)), ignore=shutil.ignore_patterns(".*", "*.egg-info"))
                   for job in range(given.jobs)]
        if not passes(folders[0], suites(folders[0])[0], 900):
            ask.error("without any fault the tests fail, too:\n" + Path(f"{folders[0]}.txt").read_text(encoding="utf-8")[-3000:])

        left, found = iter(pool), []

        def work_off(folder):
            for fault in left:
                found.append(tried(folder, *fault))
                print(len(found), found[-1], flush=True)
        list(threads.map(work_off, folders))
    alive = [one for one in found if one not in ("own", "wide")]
    print(f"{len(found) - len(alive)} of {len(found)} seen, {found.count('wide')} by the wide suite alone", *alive, sep="\n")


if __name__ == "__main__":
    main()
