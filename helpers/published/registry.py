"""A dict by name whose KeyError says which names are near."""

from difflib import get_close_matches


class Registry(dict):
    """A dict of published things; an unknown name raises KeyError that lists the names nearest to it.

    kind: what its values are, for the message. Capitals do not count in the search for near names.

    >>> Registry("model", {"GPT-2": 1, "GPT-3 175B": 2})["gpt2"]
    Traceback (most recent call last):
        ...
    KeyError: "no model 'gpt2'; near: 'GPT-2', 'GPT-3 175B'"
    """

    def __init__(self, kind, entries):
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name):
        folded = {known.casefold(): known for known in self}
        near = [folded[match] for match in get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.4)]
        raise KeyError(f"no {self.kind} {name!r}; {'near' if near else 'there are'}: {', '.join(map(repr, near or self))}")
