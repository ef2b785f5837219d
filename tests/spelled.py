"""How numbers and formulas are spelled in prose, in code and in outputs, and what holds a number."""
import re
from functools import cache, cached_property

HIGH = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
NUMBER = re.compile(r"(?<![\w.^])(?:\d+\^-?\d+|\d[\d,]*(?:\.\d+)?(?:\*10\^-?\d+|e[+-]?\d+)?)")
LETTER, WORD = r"[A-Za-z](?:_[a-z]+)?", r"[A-Za-z]+(?:_[a-z]+)*"      # a factor of a formula, in prose and in code
COMMON = set("the and with for that this from are was its his one two each all how many than then has have had but not".split())
SPELLINGS = {
    f"[{''.join(map(chr, HIGH))}]+": lambda found: "^" + found[0].translate(HIGH),
    r"\*\*": "^", r"\{,\}": ",", r"(?<=\d)_(?=\d)": ",", "[−–]": "-",
    r"\\(?:approx|to|ldots|qquad|quad|ln|sum|max|min)\b|\\[,;! ]|\\\\": " ", r"\\(?:le|ge)\b": "<",
    r"\\(?:cdot|times)\b ?|[·×]": "*",
    r"([_^])\{(-?\w+)\}": r"\1\2 ",
    r"\\frac\{([^{}]*)\}\{([^{}]*)\}": r"(\1)/(\2)",
    r"\\(?:text|mathcal|mathrm|left|right)\b|\\(?=\w|%)|[{}]": "",
    r" *([*^]) *| +": lambda found: found[1] or " "}


def flat(text):
    """One spelling: 2³⁰, 2**30, 2^{30} are 2^30; 4·n²·d and 4 * n**2 * d are 4*n^2*d; 1_024 is 1,024."""
    for written, spelled in SPELLINGS.items():
        text = re.sub(written, spelled, text)
    return text


def undecorated(text):
    """Prose without the targets of its links and without emphasis."""
    return re.sub(r"(?<![\w*])\*+(?=\S)|(?<=[^\s*])\*+(?![\w*])", "", re.sub(r"\]\([^)]*\)", "]", text))


def masked(text, right=True):
    return re.sub(r"\d", "~" if right else "¿", text)


def value(text):
    mantissa, _, exponent = text.strip(",").replace(",", "").replace("*10^", "e").partition("^")
    return float(mantissa) ** float(exponent) if exponent else float(mantissa)


def stems(text):
    return {word[:5].lower().rstrip("s") for word in re.findall(r"[A-Za-z]{3,}", text.replace("_", " "))} - COMMON


def shown(cell):
    return "\n".join([cell.source, *(out.get("text") or out.data.get("text/plain", "") for out in cell.get("outputs", ()))])


def formula(latex, **more):
    """A formula as SymPy has it: what stands right of =, < or >; `more` are letters that the notation does not have."""
    from helpers import notation      # SymPy, for whom it reads formulas
    parts = re.findall(r"\d+|[A-NP-Za-z](?:_[a-z]+)?|[-+*/^()]", re.split("[=<>]", flat(latex))[-1])
    times = ["*" if re.match(r"[\w)]", one) and re.match(r"[\w(]", next) else "" for one, next in zip(parts, parts[1:] + [""])]
    return eval("".join(map("".join, zip(parts, times))).replace("^", "**"), vars(notation) | more)


def recap(cells):
    """The formulas of a recap that are more than letters, n² or a letter with an index."""
    text = next((cell.source for cell in cells if cell.source.startswith("## Recap")), "")
    return {found for found in re.findall(r"\$([^$]+)\$", text) if not re.fullmatch(r"[A-Za-z]+(_\w|_\{\w+\})?|n\^2", found)}


def products(text, factor=LETTER):
    """The products with a letter in a flat text: where, and (coefficient, powers)."""
    for found in re.finditer(rf"(?<![\w.^])(\d[\d,.]*\*?)?((?:{factor}(?:\^-?\d+)?\*?)+)(?!\w)", text):
        yield found, ((found[1] or "").strip("*"), tuple(sorted(re.findall(rf"({factor})(?:\^(-?\d+))?", found[2]))))


def terms(formula):
    """The products of a flat formula in which letters stand side by side with a space."""
    return {term for _, term in products(re.sub(r"(?<=[\w)]) (?=[A-Za-z(])", "*", formula))}


def checked(formula, known):
    """The formula, with ~ for the digits of products that are known, ¿ for others."""
    formula = re.sub(r"(?<=[\w)]) (?=[A-Za-z(])", "*", formula)
    for found, term in list(products(formula)):
        if re.search(r"\d", found[0]):
            formula = formula[:found.start()] + masked(found[0], term in known) + formula[found.end():]
    return formula


def equations(text):
    """The text, with ~ for the digits of equations of numbers that are true to the last digit printed."""
    def true(found):
        sides = [side.strip(" .,$" + ")" * (side.count(")") > side.count("("))) for side in re.split("[=≈]", found[0])]
        try:
            values = [eval(re.sub(r"\b0+(?=\d)", "", side.replace(",", "").replace("^", "**"))) for side in sides]
        except (ArithmeticError, SyntaxError, TypeError):
            return found[0]
        places = len(sides[-1].partition(".")[2])
        equal = all(abs(round(one, places) - values[-1]) <= 1e-9 * abs(one) for one in values)
        return masked(found[0]) if equal else found[0]
    side = r"[\d(][\d,.*^/+() -]*[\d)]|\d"
    return re.sub(rf"(?<![.^*/+-] )(?<![\w.^*/+-])(?:{side})(?:\$? [=≈] \$?(?:{side}))+", true, text)


@cache
def lines(text):
    """The numbers and the words of each line."""
    return [({value(found) for found in NUMBER.findall(line)}, stems(line)) for line in flat(text).splitlines()]


@cache
def coded(text):
    """The products with letters in code and outputs."""
    return {term for factor in (LETTER, WORD) for _, term in products(flat(text), factor)}


class Ground:
    """Lines of code and output: they hold a number of more digits than `short`, others in a line that shares a word."""

    def __init__(self, *parts, short=3):
        self.parts, self.short = parts, short
        self.lines = [line for part in parts for line in lines(part)]
        self.numbers = set().union(*(numbers for numbers, _ in self.lines))

    @cached_property
    def text(self):
        return "\n".join(map(flat, self.parts))

    @cached_property
    def terms(self):
        return set().union(*map(coded, self.parts))

    def holds(self, text, around):
        number, words = value(text), stems(around)
        if len(re.sub(r"\D", "", text).strip("0")) > self.short and number in self.numbers:
            return True
        return any(number in numbers and said & words for numbers, said in self.lines)
