"""A small fast memory in front of a large slow one: least recently used goes first, and every transfer is counted.

Lesson 09 writes the simulator in its plain form. Accesses name an array and a block of it: rows times columns.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple


class Access(NamedTuple):
    """One block of an array is read or written, element after element along its rows.

    rows, columns: (first, last + 1). width: the length of the whole array's rows, which are stored one after the other.
    """

    array: str
    rows: tuple
    columns: tuple
    width: int
    write: bool = False

    @property
    def elements(self):
        """How many elements the block has."""
        return (self.rows[1] - self.rows[0]) * (self.columns[1] - self.columns[0])


@dataclass
class Traffic:
    """Elements that went between main memory and the cache, by array: reads to the cache, writes back to memory."""

    reads: dict = field(default_factory=dict)
    writes: dict = field(default_factory=dict)

    @property
    def elements(self):
        """All of them, both ways."""
        return sum(self.reads.values()) + sum(self.writes.values())


class Cache:
    """A cache of M elements in lines, fully associative, least recently used out first, written back when dirty.

    elements: M, its size. line: elements that move together; a partial line of M is not used. A write that does
    not cover its line reads the line first. `traffic` counts; `flush` writes what is still dirty.
    Raises ValueError for sizes below 1 and for a line longer than the cache.

    >>> cache = Cache(elements=2)
    >>> for place in (0, 1, 0, 2, 1):  # 2 pushes out 1, which has waited longest; then 1 is read again
    ...     cache.read("x", place)
    >>> cache.traffic.reads
    {'x': 4}
    """

    def __init__(self, elements, line=1):
        self.elements, self.line = check_whole(elements, "elements"), check_whole(line, "line")
        if line > elements:
            raise ValueError(f"line: {line} elements are more than the cache's {elements}; give a line of at most {elements}")
        self._lines, self._held = self.elements // self.line, OrderedDict()  # (array, line) -> dirty
        self.traffic = Traffic()

    def read(self, array, place):
        """Read one element of an array: the place counts from 0 along its rows."""
        self._touch(array, place, place + 1, False)

    def write(self, array, place):
        """Write one element of an array."""
        self._touch(array, place, place + 1, True)

    def run(self, accesses):
        """Make every `Access`, element after element. Returns the cache, so that `.run(…).flush()` reads on."""
        for array, (first_row, last_row), (first, last), width, write in accesses:
            for row in range(first_row, last_row):
                self._touch(array, row * width + first, row * width + last, write)
        return self

    def flush(self, discard=()):
        """Write back every dirty line and empty the cache. discard: arrays that nobody needs. Returns the traffic."""
        for (array, _), dirty in self._held.items():
            if dirty and array not in discard:
                self._count(self.traffic.writes, array)
        self._held.clear()
        return self.traffic

    def _touch(self, array, start, stop, write):
        """The elements from start to stop: line by line, since all but a line's first element hit."""
        held, size, reads = self._held, self.line, self.traffic.reads
        for number in range(start // size, (stop - 1) // size + 1):
            line = (array, number)
            if line in held:
                held.move_to_end(line)
                if write:
                    held[line] = True
                continue
            if not write or start > number * size or stop < (number + 1) * size:
                reads[array] = reads.get(array, 0) + size
            held[line] = write
            if len(held) > self._lines:
                (old, _), dirty = held.popitem(last=False)
                if dirty:
                    self._count(self.traffic.writes, old)

    def _count(self, counts, array):
        counts[array] = counts.get(array, 0) + self.line


def simulate(accesses, elements, line=1, discard=()):
    """The `Traffic` of a stream of accesses through a cache of M elements, flushed at the end.

    accesses: an iterable of `Access`. discard: arrays whose last contents nobody needs, such as a tile of scores.
    Every element is touched in turn: the slow way, which needs nothing of the stream. `block_traffic` is the quick one.

    >>> from helpers.memory.streams import tiled_attention
    >>> simulate(tiled_attention(n=8, d=2, rows=2, columns=2), elements=24, discard=("tile",)).elements
    176
    """
    return Cache(elements, line).run(accesses).flush(discard)


def block_traffic(accesses, elements, discard=()):
    """What `simulate` gives for lines of one element, block by block: exact, and quick for large blocks.

    All elements of a block hit or all miss: between two touches of one of them lie the rest of its own block and
    every other block touched meanwhile, whatever its place in the block. So whole blocks wait in line.
    This holds where the blocks of an array are the same or disjoint: ValueError where two of them overlap.

    >>> from helpers.memory.streams import tiled_attention
    >>> block_traffic(tiled_attention(n=8, d=2, rows=2, columns=2), elements=24, discard=("tile",)).elements
    176
    """
    room, traffic, edges = check_whole(elements, "elements"), Traffic(), {}
    held, gone, used = OrderedDict(), OrderedDict(), 0  # block -> dirty, the least recently used first
    for access in accesses:
        array, rows, columns, width, write = access
        block = (array, rows, columns)
        if block in held:
            held.move_to_end(block)
            if write:
                held[block] = True
            continue
        _check_grid(edges, access)
        size = _size(block)
        if not write:
            traffic.reads[array] = traffic.reads.get(array, 0) + size
        gone.pop(block, None)
        held[block] = write
        used += size
        while used > room:
            old, gone[old] = held.popitem(last=False)
            used -= _size(old)
            if gone[old]:
                traffic.writes[old[0]] = traffic.writes.get(old[0], 0) + _size(old)
    for block, dirty in held.items():
        if dirty and block[0] not in discard:
            traffic.writes[block[0]] = traffic.writes.get(block[0], 0) + _size(block)
    room -= used
    for block in reversed(gone):  # the end of a block that went last may still be there, and is not written after all
        spared = min(room, _size(block))
        room -= spared
        if gone[block] and block[0] in discard:
            traffic.writes[block[0]] -= spared
    traffic.writes = {array: count for array, count in traffic.writes.items() if count}
    return traffic


def _size(block):
    (_, (first_row, last_row), (first, last)) = block
    return (last_row - first_row) * (last - first)


def _check_grid(edges, access):
    """ValueError unless the row ranges of an array's blocks are the same or disjoint, and its column ranges too."""
    for axis, (start, stop) in (("rows", access.rows), ("columns", access.columns)):
        cuts, inside = edges.setdefault((access.array, axis), ({}, set()))
        if cuts.get(start, stop) != stop or (start not in cuts and not inside.isdisjoint(range(start, stop))):
            raise ValueError(f"accesses: {axis} {start} to {stop} of {access.array!r} overlap another block's; "
                             "give blocks that are the same or disjoint, or use simulate")
        if start not in cuts:
            cuts[start] = stop
            inside.update(range(start, stop))


def check_whole(value, name, least=1):
    """`value` as an int; ValueError that names it if it is no whole number from `least` on."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ValueError(f"{name}: {value!r} is not a whole number of at least {least}")
    return int(value)
