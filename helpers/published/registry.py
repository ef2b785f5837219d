"""A dict by name whose KeyError says which names are near."""

from difflib import SequenceMatcher


class Registry(dict):
    """A dict of published things; an unknown name raises KeyError that lists the names nearest to it.

    kind: what its values are, for the message. Names that contain the one asked for come first; capitals,
    spaces and hyphens do not count in the search.

    >>> Registry("model", {"GPT-2": 1, "GPT-3 175B": 2, "PaLM 540B": 3})["gpt3"]
    Traceback (most recent call last):
        ...
    KeyError: "no model 'gpt3'; near: 'GPT-3 175B', 'GPT-2'"
    """

    def __init__(self, kind, entries):
        super().__init__(entries)
        self.kind = kind

    def __missing__(self, name):
        def nearness(known):
            likeness = SequenceMatcher(None, _letters(name), _letters(known)).ratio()
            return likeness + (_letters(name) in _letters(known))

        near = sorted((known for known in self if nearness(known) >= 0.5), key=nearness, reverse=True)[:3]
        raise KeyError(f"no {self.kind} {name!r}; {'near' if near else 'there are'}: {', '.join(map(repr, near or self))}")


def _letters(name):
    return "".join(filter(str.isalnum, str(name).casefold()))
