"""Real arrays under watch: what each NumPy call reads and writes, and which memory is alive. Shares no code with tracing.

`watch(function, arrays…)` runs the code on arrays of 8-byte numbers whose calls are seen. What is a view and what a
copy is not decided here: NumPy runs, and memory shared with an input is a view. Lifetimes are CPython's own.
"""
import weakref

import numpy as np

MADE = ("full", "zeros", "ones", "arange")      # with like=x: made from nothing


class Watch:
    """Elements alive now and at most, and (name, bytes moved) of each call."""

    def __init__(self):
        self.alive, self.peak, self.calls = 0, 0, []
        self.known = {}  # id of a memory's owner -> its elements

    def adopt(self, array):
        """A plain array as a watched one; its owner is counted until it dies."""
        watched = owner = array.view(Watched)
        watched.watch = self
        while getattr(owner, "base", None) is not None:
            owner = owner.base
        if id(owner) not in self.known:
            self.known[id(owner)] = owner.size
            self.alive += owner.size
            self.peak = max(self.peak, self.alive)
            weakref.finalize(owner, self.drop, id(owner))
        return watched

    def drop(self, owner):
        self.alive -= self.known.pop(owner)

    def move(self, name, reads, writes):
        moved = sum(cells(array) * array.itemsize for array in (*reads, *writes))
        self.calls += [(name, moved)] if moved else []

    @property
    def bytes_moved(self):
        return sum(moved for _, moved in self.calls)


def cells(array):
    """How many elements of memory an array covers: those that several of its places share count once."""
    places = np.zeros((), dtype=np.int64)
    for size, stride in zip(array.shape, array.strides):
        places = np.add.outer(places, np.arange(size) * stride)
    return np.unique(places).size


def mapped(function, value):
    """The function applied to what is inside nested tuples, lists and dicts."""
    if isinstance(value, dict):
        return {key: mapped(function, part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(function, part) for part in value)
    return function(value)


def flat(value):
    found = []
    mapped(found.append, value)
    return found


def plain(value):
    return mapped(lambda one: one.view(np.ndarray) if isinstance(one, np.ndarray) else one, value)


class Watched(np.ndarray):
    """An ndarray that reports every call on it to its watch."""

    watch = None

    def __array_finalize__(self, origin):
        self.watch = getattr(origin, "watch", None)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        return self.call(ufunc.__name__, getattr(ufunc, method), inputs, kwargs | ({"out": out} if out else {}))

    def __array_function__(self, function, types, args, kwargs):
        return self.call(function.__name__, function, args, kwargs)

    def call(self, name, function, args, kwargs):
        """Run on plain arrays; what shares memory with an argument is a view, everything else has been moved."""
        watch = next(one.watch for one in flat((args, kwargs, self)) if isinstance(one, Watched))
        kwargs = {key: value for key, value in kwargs.items() if key != "like" or name not in MADE}
        given = [plain(one) for one in flat((args, kwargs | {"out": None})) if isinstance(one, np.ndarray)]
        target = plain(flat(kwargs.get("out", ())))
        result = function(*plain(args), **plain(kwargs))
        made = [one for one in map(np.asarray, flat(result)) if not any(np.shares_memory(one, each) for each in (*given, *target))]
        if name == "sliding_window_view" or (made == [] and not target):
            assert not made
        elif name not in ("shape", "ndim", "size"):
            read = [] if name.endswith("_like") or name in MADE else given
            watch.move(name, [one for one in read if one.ndim], made or target)
        return mapped(lambda one: watch.adopt(np.asarray(one)) if isinstance(one, (np.ndarray, np.generic)) else one, result)

    def __getitem__(self, index):
        found = np.asarray(plain(self)[plain(index)])
        if any(isinstance(i, (np.ndarray, list)) for i in flat(index)):
            self.watch.move("take", [found, *(plain(i) for i in flat(index) if isinstance(i, Watched))], [found])
        elif not np.shares_memory(found, plain(self)):  # one element: NumPy makes a scalar; stay with the view of it
            found = plain(self)[(*index, ...) if isinstance(index, tuple) else (index, ...)]
        return self.watch.adopt(found)

    def __setitem__(self, index, value):
        target = plain(self)[index]
        plain(self)[index] = plain(value)
        value = np.asarray(value)
        self.watch.move("assign", [value] if value.ndim else [], [np.asarray(target)])


for _name in ("reshape", "copy", "astype", "flatten", "ravel", "sum", "mean", "max", "min", "var", "std", "prod", "cumsum",
              "swapaxes", "transpose", "squeeze", "repeat", "take", "dot", "clip"):
    setattr(Watched, _name, lambda self, *args, _name=_name, **kwargs: self.call(
        _name, getattr(np.ndarray, _name), (self, *args), kwargs))


def watch(function, **arguments):
    """Run `function`; arguments that are shapes become arrays, all of them alive until the end. Returns the `Watch`."""
    found, rng = Watch(), np.random.default_rng(0)
    values = {name: rng.uniform(0.1, 1, value) if isinstance(value, tuple) else value for name, value in arguments.items()}
    found.result = function(**{name: found.adopt(value.copy()) if isinstance(value, np.ndarray) else value
                               for name, value in values.items()})
    return found
