"""What serving a model takes: memory, seconds to the first token and for each further one, and what tokens cost. Lesson 14.

Seconds are those of `helpers.roofline`, bytes those of `helpers.memory`; here they are added up over an answer, divided
over accelerators and multiplied by a price. Nothing is known here about prices: the reader gives one.
"""

from dataclasses import dataclass

from helpers.memory import Footprint, inference_footprint
from helpers.notation import Table
from helpers.published import ACCELERATORS, Accelerator
from helpers.roofline import Work, decode, prefill
from helpers.sizes import check_size

__all__ = ["ASSUMED_ON", "ASSUMED_SHARE", "ASSUMED_USD_PER_HOUR", "Answer", "Serving", "answer", "largest_batch", "pool",
           "serve"]

ASSUMED_USD_PER_HOUR = 2.5  # of one accelerator: an assumption of this course, no offer of anybody. Put in your own
ASSUMED_ON = "November 2026"
ASSUMED_SHARE = 0.6  # of both roofs; an assumption too


@dataclass(frozen=True)
class Answer:
    """The decode steps of an answer, added up over the growing cache."""

    seconds: float
    flops: int
    bytes_moved: int
    steps: int
    memory_steps: int  # those in which memory is the limit

    @property
    def limit(self):
        """"arithmetic" or "memory": what limits at least half of the steps."""
        return "memory" if 2 * self.memory_steps >= self.steps else "arithmetic"


@dataclass(frozen=True)
class Serving:
    """What `batch` users wait, and what their tokens cost. `reading` is a roofline `Work`, `writing` an `Answer`."""

    prompt: int
    written: int
    batch: int
    footprint: Footprint
    largest_batch: int
    reading: Work
    writing: Answer
    usd_per_hour: float  # of all accelerators together

    @property
    def fits(self):
        """True if weights and cache are no more than the accelerators' memory."""
        return self.footprint.fits

    @property
    def first_token_seconds(self):
        """All prompts are read together, and the last position of each gives its first token."""
        return self.reading.seconds

    @property
    def seconds_per_token(self):
        """Mean over the steps of the answer."""
        return self.writing.seconds / self.writing.steps

    @property
    def tokens_per_second_per_user(self):
        """What one user sees once the answer runs."""
        return 1 / self.seconds_per_token

    @property
    def tokens_per_second(self):
        """Of all users together."""
        return self.batch / self.seconds_per_token

    @property
    def seconds(self):
        """From the prompts to the last token."""
        return self.reading.seconds + self.writing.seconds

    @property
    def usd_per_million_read(self):
        """Price of the reading, divided over the prompts' tokens."""
        return 1e6 * self._usd(self.reading.seconds) / (self.batch * self.prompt)

    @property
    def usd_per_million_written(self):
        """Price of the decode steps, divided over the tokens that they write."""
        return 1e6 * self._usd(self.writing.seconds) / (self.batch * self.writing.steps)

    @property
    def usd_per_request(self):
        """One user's part of the whole: prompt · (USD per token read) + (written − 1) · (USD per token written)."""
        return self._usd(self.seconds) / self.batch

    def table(self):
        """One row for each of what there is to say."""
        return Table([
            ("memory needed, GB", f"{self.footprint.total_bytes / 1e9:,.1f}"),
            ("memory there, GB", f"{self.footprint.memory_bytes / 1e9:,.1f}"), ("it fits", "yes" if self.fits else "no"),
            ("largest batch that fits", self.largest_batch), ("first token after, s", f"{self.first_token_seconds:,.3f}"),
            ("a written token, ms", f"{1e3 * self.seconds_per_token:,.2f}"),
            ("tokens/s for each user", f"{self.tokens_per_second_per_user:,.1f}"),
            ("tokens/s in all", f"{self.tokens_per_second:,.0f}"), ("limit of reading", self.reading.limit),
            ("limit of writing", self.writing.limit), ("USD per million tokens read", f"{self.usd_per_million_read:.4f}"),
            ("USD per million tokens written", f"{self.usd_per_million_written:.4f}")], ("serving", "value"))

    def _usd(self, seconds):
        return self.usd_per_hour * seconds / 3600


def serve(model, accelerator, prompt, written, batch=1, devices=1, precision="bf16", cache_precision="bf16",
          share=ASSUMED_SHARE, usd_per_hour=ASSUMED_USD_PER_HOUR):
    """`Serving`: `batch` users give prompts of `prompt` tokens, and each gets an answer of `written` tokens.

    Reading is one `roofline.prefill` of all prompts; it yields the first token of each answer. The others take one
    `roofline.decode` each, with prompt + 1, …, prompt + written − 1 tokens in the cache, which keeps room for
    prompt + written. cost = usd_per_hour · devices · seconds / 3600, as if no accelerator ever waited for a user.

    model: a Transformer. accelerator: a name, or an `Accelerator`. devices: accelerators that share weights, cache and
    work evenly; what they say to one another takes time too, and is ignored, as is work that does not divide.
    share: of peak and bandwidth that is reached, above 0, at most 1. usd_per_hour: of one accelerator. The defaults of
    both are assumptions of this course.
    precision, cache_precision: names in `memory.BITS`; the cache has 16 bits unless told otherwise.
    Raises ValueError for sizes that are no whole numbers from 1 on (written: from 2), a share or a price outside its
    range, and KeyError for unknown names.

    >>> from helpers.published import MODELS
    >>> chat = serve(MODELS["Llama-3 8B"], "H100 SXM", prompt=2048, written=512, batch=16)
    >>> chat.fits, chat.largest_batch, chat.writing.limit
    (True, 190, 'memory')
    >>> round(chat.tokens_per_second_per_user), round(chat.usd_per_million_written, 2)
    (101, 0.43)
    """
    chips = pool(accelerator, devices, share)
    written = check_size(written, "written", least=2)
    price = _price(usd_per_hour) * devices
    held = inference_footprint(model, check_size(prompt, "prompt") + written, batch, precision, cache_precision)
    most = largest_batch(model, accelerator, prompt + written, devices, precision, cache_precision)
    return Serving(prompt, written, batch, Footprint(held.parts, chips.memory_bytes, chips.name), most,
                   prefill(model, chips, prompt, batch, precision, cache_precision),
                   answer(model, chips, prompt, written, batch, precision, cache_precision), price)


def answer(model, accelerator, prompt, written, batch=1, precision="bf16", cache_precision="bf16"):
    """`Answer`: Σ decode(n) over n = prompt + 1 … prompt + written − 1, exactly, in a few steps however long it is.

    FLOPs and bytes of a step are linear in the tokens that are seen, min(n, w) with a window of w. So between the
    places where the window fills and where the other clock becomes the slower one, each sum is an arithmetic series.
    Parameters, units and errors as `serve`.

    >>> from helpers.published import MODELS
    >>> answer(MODELS["Llama-3 8B"], "H100 SXM", prompt=2048, written=512).steps
    511
    """
    first, last = check_size(prompt, "prompt") + 1, prompt + check_size(written, "written", least=2) - 1

    def step(n):
        return decode(model, accelerator, n, batch, precision, cache_precision)
    total, flops, moved, by_memory = 0.0, 0, 0, 0
    ends = [last] if model.window is None or not first <= model.window < last else [model.window, last]
    for end in ends:
        while first <= end:
            start, stop = step(first), step(end)
            far = end if start.limit == stop.limit else _last_alike(step, first, end, start.limit)
            stop, count = step(far), far - first + 1
            total += count * (start.seconds + stop.seconds) / 2
            flops += count * (start.flops + stop.flops) // 2
            moved += count * (start.bytes_moved + stop.bytes_moved) // 2
            by_memory += count * (start.limit == "memory")
            first = far + 1
    return Answer(total, flops, moved, written - 1, by_memory)


def largest_batch(model, accelerator, tokens, devices=1, precision="bf16", cache_precision="bf16"):
    """How many sequences of `tokens` tokens have room beside the weights: (devices · memory − weights) / cache, rounded down.

    0 where not even one has. Parameters and errors as `serve`.

    >>> from helpers.published import MODELS
    >>> [largest_batch(MODELS[name], "H100 SXM", 4096) for name in ("Llama-2 7B", "Llama-3 8B", "Llama-3 70B")]
    [30, 119, 0]
    """
    one = inference_footprint(model, tokens, 1, precision, cache_precision).parts
    room = pool(accelerator, devices, 1).memory_bytes - one["weights"]
    return max(0, room // one["KV cache"])


def pool(accelerator, devices=1, share=1):
    """`devices` accelerators as one: their FLOP/s and bytes/s together, times the share that is reached, and their memory.

    Raises KeyError for an unknown name, ValueError for devices below 1 and a share not above 0 and at most 1.

    >>> pool("H100 SXM", devices=4, share=0.5).flops_per_second / 1e12
    1978.0
    """
    chip = ACCELERATORS[accelerator] if isinstance(accelerator, str) else accelerator
    devices = check_size(devices, "devices")
    if isinstance(share, (bool, str)) or not hasattr(share, "__float__") or not 0 < share <= 1:
        raise ValueError(f"share: {share!r} is no share of the roofline; give a number above 0 and at most 1, such as 0.6")
    return Accelerator(f"{devices:,} × {chip.name}", chip.flops_per_second * devices * share,
                       chip.bytes_per_second * devices * share, chip.memory_bytes * devices, chip.source, chip.status)


def _price(usd_per_hour):
    if isinstance(usd_per_hour, (bool, str)) or not hasattr(usd_per_hour, "__float__") or not 0 <= usd_per_hour < float("inf"):
        raise ValueError(f"usd_per_hour: {usd_per_hour!r} is no price; give USD for one accelerator and hour, from 0 on")
    return usd_per_hour


def _last_alike(step, low, high, limit):
    """The last n from low on whose limit is that of low; at high it is the other one."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if step(middle).limit == limit else (low, middle)
    return low
