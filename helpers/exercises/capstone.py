"""Lesson 15, the capstone: one model in guided steps, then one of four others as a whole.

15.toml has the models with their jobs, and for each entry what is right and its slips, as formulas
of a case's `_facts`. A slip is also the entry's own formula where a line of the file is misread.
"""

from collections import namedtuple
from dataclasses import replace
from functools import lru_cache, partial
from math import inf
from numbers import Real
from pathlib import Path
from tomllib import loads

from helpers.exercises.engine import (
    NOT_ATTEMPTED, Exercise, Verdict, describe, exact, names, not_yet, read, same,
    untouched, value)
from helpers.published import ACCELERATORS
from helpers.roofline import decode
from helpers.transformer import Transformer
from helpers.words import listed

FILE = loads(Path(__file__).with_name("15.toml").read_text(encoding="utf-8"))
Case = namedtuple("Case", "shape tokens train_n train_on accelerators utilisation serve_n serve_on")
CASES = {name: Case(Transformer(**case["shape"]), **case["job"])
         for name, case in FILE["cases"].items()}
PRICE = "price, USD an hour"


@lru_cache
def _facts(case):
    """What the formulas of the entries name; FLOPs are those of a token."""
    shape, n = case.shape, case.train_n
    part, chat = shape.flops_by_part(1), shape.kv_cache_bytes(case.serve_n)
    train, serve = ACCELERATORS[case.train_on], ACCELERATORS[case.serve_on]
    writing = partial(decode, shape, serve, case.serve_n)
    return names(
        n=n, L=shape.n_layers, d=shape.d_model, tokens=case.tokens, used=case.utilisation,
        many=case.accelerators, held=shape.parameters(), met=shape.active_parameters(),
        table=shape.vocab_size * shape.d_model, norms=shape.parameters_by_part()["norms"],
        forward=shape.forward_flops(n) / n, causal=shape.forward_flops(n, causal=True) / n,
        project=part["attention projections"], feed=part["feed-forward"] + part["router"],
        pair=part["scores and weighted sum"], one=shape.kv_cache_bytes(1), chat=chat,
        kept=shape.activation_bytes(n, recompute="full"), read=writing(1).bytes_moved - chat,
        room=train.memory_bytes, memory=serve.memory_bytes, bandwidth=serve.bytes_per_second,
        named_room=train.marketed_bytes, named_memory=serve.marketed_bytes,
        rate=case.accelerators * train.flops_per_second * case.utilisation,
        limit=lambda batch: writing(batch).limit)


def _misread(case):
    """(the case with one line of the file or of the job misread, hint)."""
    fields = vars(case.shape) | case._asdict()
    for wrong, hint in FILE["misread"].items():
        changed = value(f"dict({wrong})", names(dict=dict, **fields))
        shape = {name: changed.pop(name) for name in [*changed] if name not in Case._fields}
        yield case._replace(shape=replace(case.shape, **shape), **changed), hint


@lru_cache
def quantity(name, case, price=None):
    """The Exercise of an entry; `price`, in USD an hour, is the reader's, and only for the cost."""
    entry = FILE["quantities"][name]
    found = read(entry, _facts(case) | {"price": price})
    others = _misread(case) if "unit" in entry and price is None else ()    # counts agree by chance
    return replace(found, slips=found.slips + tuple(
        (wrong, hint) for one, hint in others
        if not same(wrong := value(entry["right"], _facts(one)), found.right)))


def _crossing(case, answer):
    """The Verdict on a number of tokens, or "never" where a window ends before it."""
    plain, window = quantity("crossover, tokens", case), case.shape.window
    never = (answer.strip(" .!").lower() == "never" if isinstance(answer, str)
             else isinstance(answer, Real) and answer == inf)
    if isinstance(answer, str) and not never:
        return not_yet('a number of tokens, or "never" where it does not happen')
    if exact(answer) is None and not never:
        return plain(answer)
    if window is None or plain.right <= window:
        return plain(answer) if not never else not_yet(
            "no window ends it: each token brings more pairs, and one day they lead")
    return Verdict("correct") if never else not_yet(
        (plain(answer).text or "right without a window") + "; then look at sliding_window")


def _cost(case, price, answer):
    return quantity("cost of training, USD", case, float(exact(price)))(answer) if quantity(
        PRICE, case)(price) else not_yet("give your price first")


def group(entries, case, price=None):
    """{entry: its check for a case}; the cost depends on the reader's price."""
    own = {"crossover, tokens": Exercise(lambda _, answer: _crossing(case, answer)),
           "cost of training, USD": Exercise(lambda _, answer: _cost(case, price, answer))}
    return {name: own.get(name) or quantity(name, case) for name in entries}


def judge(exercise, answer, model):
    """The Verdict on a table: for the model of the exercise, or for that which the answer names."""
    if not isinstance(answer, dict):
        return Exercise(entries=exercise.entries)(answer)
    answer, unseen = dict(answer), [*CASES][1:]
    if not model:
        model = answer.pop("model", None)
        if not untouched(answer) and not (isinstance(model, str) and model in unseen):
            return not_yet(f"'model': choose {listed(map(repr, unseen), 'or')}; "
                           f"this is {describe(model)}")
    return NOT_ATTEMPTED if untouched(answer) else replace(exercise, judge=None, entries=group(
        exercise.entries, CASES[model], answer.get(PRICE)))(answer)
