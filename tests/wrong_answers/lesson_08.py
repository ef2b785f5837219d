"""Usual wrong answers to lesson 08 and a word of the hint that each must earn."""


def both(writing, reading):
    return {"writing": writing, "reading": reading}


def log(peak, share):
    return {"peak that was used": peak, "utilisation of the dense peak": share}


def clocks(prompt, answer, weights, peak, bandwidth):
    """Seconds of arithmetic a token, and of memory a pass."""
    return 2 * weights / peak, 2 * weights / bandwidth


def once(prompt, answer, weights, peak, bandwidth):
    arithmetic, memory = clocks(prompt, answer, weights, peak, bandwidth)
    return max((prompt + answer) * arithmetic, (1 + answer) * memory)


def by_token(prompt, answer, weights, peak, bandwidth):
    return (prompt + answer) * max(clocks(prompt, answer, weights, peak, bandwidth))


def summed(prompt, answer, weights, peak, bandwidth):
    arithmetic, memory = clocks(prompt, answer, weights, peak, bandwidth)
    return (prompt + answer) * arithmetic + (1 + answer) * memory


def without_prompt(prompt, answer, weights, peak, bandwidth):
    return answer * max(clocks(prompt, answer, weights, peak, bandwidth))


def without_answer(prompt, answer, weights, peak, bandwidth):
    arithmetic, memory = clocks(prompt, answer, weights, peak, bandwidth)
    return max(prompt * arithmetic, memory)


def fast_chip(prompt, answer, weights, peak, bandwidth):
    """Each written token waits for the memory, whatever the chip."""
    arithmetic, memory = clocks(prompt, answer, weights, peak, bandwidth)
    return max(prompt * arithmetic, memory) + answer * memory


def multiply_adds(prompt, answer, weights, peak, bandwidth):
    arithmetic, memory = clocks(prompt, answer, weights, peak, bandwidth)
    return max(prompt * arithmetic / 2, memory) + answer * max(arithmetic / 2, memory)


def one_byte(prompt, answer, weights, peak, bandwidth):
    arithmetic, memory = clocks(prompt, answer, weights, peak, bandwidth)
    return max(prompt * arithmetic, memory / 2) + answer * max(arithmetic, memory / 2)


WRONG = {
    "08.1": [(both(4, 4), "16 bits"), (both(1, 1), "waits for its weights"), (both(2, 1), "four times"), (both(8, 1), "32"),
             (both(0.25, 1), "how many times"), (both(4, 2), "nothing makes"), (both(4, 0.25), "FLOPs"), (both(4, None), "no answer"),
             (4, "dict")],
    "08.2": [(once, "each phase"), (by_token, "at once"), (summed, "not their sum"), (without_prompt, "prompt is missing"),
             (without_answer, "answer is missing"), (multiply_adds, "multiply-add"), (one_byte, "2 bytes"), (fast_chip, "slow chip"),
             (lambda prompt: prompt, "takes (prompt)")],
    "08.3": [(163, "round down"), (162.6, "round down"), (85, "H100"), (86, "H100"), (753, "Llama-3"), (81, "sparse"), (156, "number of chats"), (165, "shared by 4"), (1_620, "power of ten")],
    "08.4": [(log(989, 38.4), "dense"), (log(1979, 19.2), "log says"), (log(1979, 9.6), "half"), (log(1979, 0.384), "percent"),
             (log(72.96, 38.4), "multiplied"), (log(19.79, 38.4), "0.192"), (log(312, 38.4), "A100"), (log(1979, None), "no answer"),
             (38, "dict")],
}
