"""What a check answers: a `Verdict`, shown as one sentence."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The answer of a check: a state, and the sentence that explains it.

    Parameters: `state`, one of "not attempted", "not yet", "correct"; `text`, the
    hint or the reason why the result matters. True in a condition when correct.

    >>> Verdict("not yet", "a multiply-add is 2 FLOPs")
    not yet: a multiply-add is 2 FLOPs
    >>> bool(Verdict("correct", "this is the pocket calculator of the field"))
    True
    """
    state: str
    text: str = ""

    def __post_init__(self):
        if self.state not in ("not attempted", "not yet", "correct"):
            raise ValueError(f"state = {self.state!r}: choose 'not attempted', 'not yet' "
                             "or 'correct'")

    def __bool__(self):
        return self.state == "correct"

    def __repr__(self):
        return f"{self.state}: {self.text}" if self.text else self.state


NOT_ATTEMPTED = Verdict("not attempted")


def correct(why):
    """The Verdict "correct", with one sentence on why the result matters."""
    return Verdict("correct", why)


def not_yet(hint):
    """The Verdict "not yet", with a hint that names what was wrong."""
    return Verdict("not yet", hint)
