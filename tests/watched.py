"""Real arrays under watch: what each NumPy call reads and writes, and which memory is alive. Shares no code with tracing.

`watch(function, arrays…)` runs the code on float64 arrays whose calls are seen. What is a view and what a copy is
not decided here: NumPy runs, and memory shared with an input is a view. Lifetimes are CPython's own.
"""

import weakref

import numpy as np

class Watch:
    """Bytes moved so far, and elements alive now and at most."""

    def __init__(self, width):
        self.width, self.bytes_moved, self.alive, self.peak, self.calls = width, 0, 0, 0, []
        self.known = {}  # id of a memory's owner -> its elements

    def adopt(self, array):
        """A plain array as a watched one; its owner is counted until it dies."""
        watched = array.view(Watched)
        watched.watch = self
        owner = owner_of(watched)
        if id(owner) not in self.known:
            self.known[id(owner)] = owner.size
            self.alive += owner.size
            self.peak = max(self.peak, self.alive)
            weakref.finalize(owner, self.drop, id(owner))
        return watched

    def drop(self, owner):
        self.alive -= self.known.pop(owner)

    def move(self, name, reads, writes):
        moved = sum(cells(a) * (1 if a.dtype == bool else self.width) for a in (*reads, *writes))
        self.bytes_moved += moved
        if moved:
            self.calls.append((name, moved))


def owner_of(array):
    """The array that owns the memory of this one."""
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def cells(array):
    """How many elements of memory an array covers: those that several of its places share count once."""
    places = np.zeros((), dtype=np.int64)
    for size, stride in zip(array.shape, array.strides):
        places = np.add.outer(places, np.arange(size) * stride)
    return np.unique(places).size


class Watched(np.ndarray):
    """An ndarray that reports every call on it to its watch."""

    watch = None

    def __array_finalize__(self, origin):
        self.watch = getattr(origin, "watch", None)

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **kwargs):
        return self.call(ufunc.__name__, lambda *a, **k: getattr(ufunc, method)(*a, **k), inputs,
                         kwargs | ({"out": out} if out else {}))

    def __array_function__(self, function, types, args, kwargs):
        return self.call(function.__name__, function, args, kwargs)

    def call(self, name, function, args, kwargs):
        """Run on plain arrays; what shares memory with an argument is a view, everything else has been moved."""
        kwargs = {key: value for key, value in kwargs.items() if key != "like"} if name in ("full", "zeros", "ones", "arange") else kwargs
        watch = next(a.watch for a in flat((args, kwargs, self)) if isinstance(a, Watched))
        given = [plain(a) for a in flat((args, {k: v for k, v in kwargs.items() if k != "out"})) if isinstance(a, np.ndarray)]
        target = [plain(a) for a in flat(kwargs.get("out", ()))]
        result = function(*plain(args), **plain(kwargs))
        found = [np.asarray(each) for each in flat(result)]
        made = [each for each in found if not any(np.shares_memory(each, a) for a in (*given, *target))]
        if name.endswith("_like") or name in ("full", "zeros", "ones", "arange"):
            given = []
        if name == "sliding_window_view" or (made == [] and not target):
            assert not made
        elif name not in ("shape", "ndim", "size"):
            watch.move(name, [a for a in given if a.ndim], made or target)
        return rebuilt(result, watch)

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


def method(name):
    def run(self, *args, **kwargs):
        return self.call(name, lambda array, *a, **k: getattr(array, name)(*a, **k), (self, *args), kwargs)
    return run


for _name in ("reshape", "copy", "astype", "flatten", "ravel", "sum", "mean", "max", "min", "var", "std", "prod", "cumsum",
              "swapaxes", "transpose", "squeeze", "repeat", "take", "dot", "clip"):
    setattr(Watched, _name, method(_name))


def plain(value):
    """The same without watching: arrays, and arrays inside tuples, lists and dicts."""
    if isinstance(value, np.ndarray):
        return value.view(np.ndarray)
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value))
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def flat(value):
    """What is inside nested tuples, lists and dicts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [each for part in value for each in flat(part)]
    return [value]


def rebuilt(result, watch):
    if isinstance(result, (tuple, list)):
        return type(result)(rebuilt(each, watch) for each in result)
    return watch.adopt(np.asarray(result)) if isinstance(result, (np.ndarray, np.generic)) else result


def watch(function, bytes_per_element=8, **arguments):
    """Run `function`; arguments that are shapes become arrays, all of them alive until the end. Returns the `Watch`."""
    found = Watch(bytes_per_element)
    rng = np.random.default_rng(0)
    values = {name: found.adopt(rng.uniform(0.1, 1, value)) if isinstance(value, tuple) else
              found.adopt(value.copy()) if isinstance(value, np.ndarray) else value for name, value in arguments.items()}
    found.result = function(**values)
    return found
