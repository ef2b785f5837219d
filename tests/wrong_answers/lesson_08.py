"""Usual wrong answers to lesson 08 and a word of the hint that each must earn."""


def both(writing, reading):
    return {"writing": writing, "reading": reading}


def log(peak, share):
    return {"peak that was used": peak, "utilisation of the dense peak": share}


WRONG = {
    "08.1": [(both(4, 4), "16 bits"), (both(1, 1), "waits for its weights"), (both(8, 1), "how many times"),
        (both(0.25, 1), "how many times"), (both(4, 2), "nothing makes"), (both(4, 0.25), "nothing makes")],
    "08.2": [       # prompt, answer, weights, FLOPs and bytes per second
        (lambda p, a, w, f, m: max((p + a) * 2 * w / f, (1 + a) * 2 * w / m), "each phase"),
        (lambda p, a, w, f, m: (p + a) * max(2 * w / f, 2 * w / m), "at once"),
        (lambda p, a, w, f, m: (p + a) * 2 * w / f + (1 + a) * 2 * w / m, "not their sum"),
        (lambda p, a, w, f, m: a * max(2 * w / f, 2 * w / m), "prompt is missing"),
        (lambda p, a, w, f, m: max(p * w / f, 2 * w / m) + a * max(w / f, 2 * w / m), "multiply-add"),
        (lambda p, a, w, f, m: max(2 * p * w / f, w / m) + a * max(2 * w / f, w / m), "2 bytes")],
    "08.3": [(163, "round down"), (85, "H100"), (86, "H100"), (753, "Llama-3"), (81, "sparse"),
        (156, "number of chats")],
    "08.4": [(log(989, 38.4), "dense"), (log(1979, 19.2), "log says"), (log(1979, 9.6), "half"), (log(1979, 0.384), "percent"),
        (log(72.96, 38.4), "multiplied"), (log(19.79, 38.4), "0.192")],
}
