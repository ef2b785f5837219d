"""How numbers, names and formulas are spelled in prose, in code and in outputs, and what holds a number."""
import re
from functools import cache, cached_property

HIGH = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = re.compile(r"(?<![\w.^])(?:\d+\^-?\d+|\d[\d,]*(?:\.\d+)?(?:\*10\^-?\d+|e[+-]?\d+)?)")
NAME = re.compile(r"\b(?:Gemma|Llama|OLMo|StarCoder) \d(?:\.\d)?\b(?!\.?\d| \d|B)|(?:[A-Z][\w-]+ )?(?:\d\.?\d? )?\b\d[\dx.]*B\b|(?<![\w*])[A-Za-z](?:[A-Za-z][A-Za-z-]*)?\d\w*?(?:\.\d)?(?=s?\b)")
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "%": .01,
          "percent": .01, "ms": 1e-3, "GFLOPs": 1e9, "TFLOP": 1e12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
COMMON = set("the and with for that this from are was its his one two each all how many than then have has had but not".split())


def flat(text):
    """One spelling: 2³⁰, 2**30, 2^{30} are 2^30; 4·n²·d and 4 * n**2 * d are 4*n^2*d; 1_024 is 1,024."""
    text = re.sub(f"[{''.join(map(chr, HIGH))}]+", lambda found: "^" + found[0].translate(HIGH), text).replace("**", "^")
    text = re.sub(r"(?<=\d)_(?=\d)", ",", text.replace("{,}", ",").replace("−", "-").replace("–", "-"))
    text = re.sub(r"\\(?:le|ge)\b", "<", re.sub(r"\\(?:approx|to|ldots|qquad|quad|ln|sum|max|min)\b", " ", text))
    text = re.sub(r"\\(?:cdot|times)\b ?|[·×]", "*", re.sub(r"\\[,;! ]|\\\\", " ", text))
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", re.sub(r"([_^])\{(-?\w+)\}", r"\1\2 ", text))
    return re.sub(r" *([*^]) *| +", lambda found: found[1] or " ", re.sub(r"\\(?:text|mathcal|mathrm|left|right)\b|\\(?=\w|%)|[{}]", "", text))


def terms(text, factor=r"[A-Za-z](?:_[a-z]+)?"):
    """The products with a letter in a flat text: where, and (coefficient, powers)."""
    for found in re.finditer(rf"(?<![\w.^])(\d[\d,.]*\*?)?((?:{factor}(?:\^-?\d+)?\*?)+)(?!\w)", text):
        powers = re.findall(rf"({factor})(?:\^(-?\d+))?", found[2])
        yield found, (found[1].strip("*") if found[1] else "", tuple(sorted(powers)))


def stems(text):
    return {word[:5].lower().rstrip("s") for word in re.findall(r"[A-Za-z]{3,}", text.replace("_", " "))} - COMMON


def value(text):
    mantissa, _, exponent = text.strip(",").replace(",", "").replace("*10^", "e").partition("^")
    return float(mantissa) ** float(exponent) if exponent else float(mantissa)


def masked(text, right=True):
    return re.sub(r"\d", "~" if right else "¿", text)


def shown(cell):
    return "\n".join([cell.source, *(out.get("text") or out.data.get("text/plain", "") for out in cell.get("outputs", ()))])


def joined(formula):
    """A flat formula with * where letters stand side by side with a space."""
    return re.sub(r"(?<=[\w)]) (?=[A-Za-z(])", "*", formula)


def recap(cells):
    """The formulas of a recap that are more than letters, n² or a letter with an index."""
    text = next((cell.source for cell in cells if cell.source.startswith("## Recap")), "")
    return {found for found in re.findall(r"\$([^$]+)\$", text) if not re.fullmatch(r"[A-Za-z]+(_\w|_\{\w+\})?|n\^2", found)}


def equations(text):
    """The text, with ~ for the digits of equations of numbers that are true to the last digit printed."""
    def checked(found):
        sides = [side.strip(" .,$" + ")" * (side.count(")") > side.count("("))).replace(",", "").replace("^", "**") for side in re.split("[=≈]", found[0])]
        try:
            values = [eval(re.sub(r"\b0+(?=\d)", "", side)) for side in sides]
        except (ArithmeticError, SyntaxError, TypeError):
            return found[0]
        places = len(sides[-1].partition(".")[2])
        return masked(found[0]) if all(abs(round(one, places) - values[-1]) <= 1e-9 * abs(one) for one in values) else found[0]
    side = r"[\d(][\d,.*^/+() -]*[\d)]|\d"
    return re.sub(rf"(?<![.^*/+-] )(?<![\w.^*/+-])(?:{side})(?:\$? [=≈] \$?(?:{side}))+", checked, text)


@cache
def lines(text):
    """The numbers and the words of each line."""
    return [({value(found) for found in NUMBER.findall(line)}, stems(line)) for line in flat(text).splitlines()]


class Ground:
    """Lines of code and output, each with its numbers and its words; numbers of more digits than `short` need no word."""

    def __init__(self, *parts, short=3):
        self.parts, self.short = parts, short
        self.lines = [line for part in parts for line in lines(part)]
        self.numbers = set().union(*(numbers for numbers, _ in self.lines))

    @cached_property
    def text(self):
        return "\n".join(map(flat, self.parts))

    @cached_property
    def tight(self):
        return re.sub(r"\s", "", self.text)

    @cached_property
    def terms(self):
        return {term for factor in (r"[A-Za-z](?:_[a-z]+)?", r"[A-Za-z]+(?:_[a-z]+)*") for _, term in terms(self.text, factor)}

    def holds(self, text, unit, words):
        asked, places, digits = value(text), len(text.partition(".")[2]), len(re.sub(r"\D", "", text).strip("0"))
        near = {one for numbers, said in self.lines if said & words for one in numbers}
        if asked in near or asked in self.numbers and (digits > self.short or asked >= 1000 or "^" in text or "." in text and digits > 2):
            return True
        pool = self.numbers if digits > min(self.short, 2) else near if digits > 1 else ()
        return any(round(one / scale, places) == asked != one for one in pool for scale in {1, unit})
