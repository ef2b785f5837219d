"""What a hand does to a live explorer, and the states that its controls can reach."""

import random
from html import unescape
from math import exp, log

from helpers import explorers
from helpers.explorers.base import Explorer
from helpers.explorers.controls import Choice, MultiChoice, Number, Slider
from helpers.explorers.fields import exact, number_text

EXPLORERS = [getattr(explorers, name) for name in explorers.__all__ if name != "Explorer"]
EXPLORERS = [cls for cls in EXPLORERS if issubclass(cls, Explorer)]


def live(explorer):
    """The widgets of an explorer."""
    explorer.widget()
    return explorer._live


def line(explorer, control):
    """The widgets of one control: the part that is moved first, then the field beside it."""
    return control.observed(next(widget for one, widget in live(explorer)._controls if one is control))


def message(explorer):
    """What the page says to a wrong value; "" if nothing."""
    return unescape(live(explorer).message.value)


def seen(explorer):
    """The picture and the text that a reader sees."""
    return bytes(live(explorer).image.value), live(explorer).text.value


def nudge(explorer, control):
    """Move a control once, as a hand does."""
    first, *others = line(explorer, control)
    if isinstance(control, Number):
        now = getattr(explorer.state, control.name)
        others = (now / 2, now * 2, control.low, control.high)
        first.value = number_text(next(round(new) if control.whole else new for new in others
                                       if control.low <= new <= control.high and exact(new) != now))
    elif isinstance(control, MultiChoice):
        full = sum(tick.value for tick in (first, *others)) == control.most
        tick = next((tick for tick in (first, *others) if tick.value == full), first)
        tick.value = not tick.value
    else:
        first.index = (first.index + 1) % len(first.options)


def some_value(control, chance):
    """Some value of a control; its ends are as likely as all that lies between."""
    if isinstance(control, MultiChoice):
        chosen = chance.sample(list(control.options), chance.randint(1, min(control.most, len(control.options))))
        return tuple(key for key in control.options if key in chosen)
    if isinstance(control, Number):
        low, high = control.low, control.high
        between = exp(chance.uniform(log(low), log(high))) if low > 0 else chance.uniform(low, high)
        value = min(max(float(f"{between:.3g}"), low), high)
        return exact(chance.choice((low, high, round(value) if control.whole else value)))
    values = list(control.values if isinstance(control, Slider) else control.options)
    return chance.choice((values[0], values[-1], chance.choice(values)))


def some_states(cls, count, seed=""):
    """The start of an explorer, then states that its controls reach, the same in each run."""
    chance, explorer, found = random.Random(cls.__name__ + seed), cls(), []
    while len(found) < count:
        try:
            found.append(explorer.state)
            explorer.change(**{control.name: some_value(control, chance) for control in cls.controls})
        except ValueError:  # fields that contradict each other
            found.pop()
    return found


def wrong_values(control):
    """Values that a control refuses."""
    if isinstance(control, Choice):
        return "no such", None, 3, ["log"]
    if isinstance(control, MultiChoice):
        return "no such", (), ("no such",), None, tuple(control.options)[:1] * 2
    low, high = (control.values[0], control.values[-1]) if isinstance(control, Slider) else (control.low, control.high)
    return None, "12", True, float("nan"), float("inf"), low - 1, high + 1, [low], 10**400
