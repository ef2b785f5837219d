"""Arithmetic on sizes that are whole numbers or SymPy expressions, exact in both cases."""

from functools import lru_cache
from math import prod

from helpers.notation import text


def is_symbolic(size):
    """True for a SymPy expression, False for a number (found without importing SymPy)."""
    return hasattr(size, "free_symbols")


def check_size(size, name):
    """`size` as an int or SymPy expression; ValueError that names the argument if it cannot be a size."""
    def refuse(why):
        raise ValueError(f"{name}: {size!r} {why}; a size is a whole number of at least 1 or a SymPy symbol")
    if isinstance(size, bool):
        refuse("is a truth value")
    if is_symbolic(size):
        if size.is_Integer:
            size = int(size)
        elif size.is_number or not size.is_commutative:
            refuse("is not a whole number")
        elif size.is_positive is False or size.is_integer is False:
            refuse("is a symbol that cannot be a positive whole number")
        else:
            return size
    if not hasattr(size, "__index__"):
        refuse(f"is a {type(size).__name__}, not a whole number")
    size = int(size)
    if size < 1:
        refuse("is below 1")
    return size


def whole(expression):
    """A SymPy integer as a Python int; everything else unchanged."""
    return int(expression) if is_symbolic(expression) and expression.is_Integer else expression


@lru_cache(maxsize=None)
def product(sizes):
    """The number of elements of an array of these sizes: a tuple of ints and expressions."""
    return prod(sizes)


@lru_cache(maxsize=None)
def equal(a, b):
    """True if the two sizes can be shown to be equal for all values of their symbols."""
    if a == b:
        return True
    if not (is_symbolic(a) or is_symbolic(b)):
        return False
    difference = (a - b).expand()
    return bool(difference == 0 or difference.simplify() == 0)


def equal_shapes(a, b):
    return len(a) == len(b) and all(map(equal, a, b))


def shape_text(shape):
    """A shape as it is printed in messages and tables: `(n, d)`, `(100, 512)`."""
    return "(" + ", ".join(text(size) for size in shape) + (",)" if len(shape) == 1 else ")")


def misfit(operation, *shapes):
    """The ValueError for shapes that do not fit one another, with every shape in its message."""
    shown = " and ".join(shape_text(shape) for shape in shapes)
    symbols = {symbol for shape in shapes for size in shape if is_symbolic(size) for symbol in size.free_symbols}
    twice = sorted({s.name for s in symbols if sum(s.name == other.name for other in symbols) > 1})
    hint = f" (there are two symbols called {', '.join(twice)} with different assumptions: take both from helpers.notation)"
    return ValueError(f"{operation}: the shapes {shown} do not fit: "
                      f"their sizes cannot be shown to be equal{hint if twice else ''}")


def broadcast(operation, *shapes):
    """The shape that NumPy's broadcasting gives: sizes are equal, or one of them is 1."""
    result = []
    for place in range(-max(map(len, shapes), default=0), 0):
        sizes = [shape[place] for shape in shapes if len(shape) >= -place]
        size = next((s for s in sizes if s != 1), 1)
        if not all(s == 1 or equal(s, size) for s in sizes):
            raise misfit(operation, *shapes)
        result.append(size)
    return tuple(result)


def at_most(a, b):
    """True if a ≤ b can be shown for whole numbers and positive symbols."""
    if not (is_symbolic(a) or is_symbolic(b)):
        return a <= b
    difference = (b - a).expand()
    if difference.is_nonnegative:
        return True
    terms = difference.args if difference.is_Add else (difference,)
    return all(term.as_coeff_Mul()[0] >= 0 for term in terms)


def quotient(total, known, operation, shape):
    """The size that -1 stands for in a reshape; symbolic sizes are taken to divide."""
    if is_symbolic(total) or is_symbolic(known):
        return whole((total / known).cancel() if is_symbolic(total / known) else total // known)
    if known == 0 or total % known:
        raise ValueError(f"{operation}: {total:,} elements cannot be divided into rows of {known:,} for {shape}")
    return total // known


def largest(candidates):
    """The largest of some sizes; a SymPy Max of those that cannot be ordered."""
    kept = []
    for candidate in sorted(set(candidates), key=str):
        if not any(at_most(candidate, other) for other in kept):
            kept = [other for other in kept if not at_most(other, candidate)] + [candidate]
    if len(kept) < 2:
        return kept[0] if kept else 0
    from sympy import Max
    return Max(*kept)
