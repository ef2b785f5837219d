"""Usual wrong answers to lesson 08 and a word of the hint that each must earn."""


def both(writing, reading):
    return {"writing": writing, "reading": reading}


def log(peak, share):
    return {"peak that was used": peak, "utilisation of the dense peak": share}


WRONG = {
    "08.1": [(both(4, 0.25), "nothing makes")],
    # prompt, answer, weights, FLOPs and bytes per second
    "08.2": [(lambda p, a, w, f, m: max((p + a) * 2 * w / f, (1 + a) * 2 * w / m), "each phase"),
        (lambda p, a, w, f, m: (p + a) * max(2 * w / f, 2 * w / m), "at once"),
        (lambda p, a, w, f, m: (p + a) * 2 * w / f + (1 + a) * 2 * w / m, "not their sum"),
        (lambda p, a, w, f, m: a * max(2 * w / f, 2 * w / m), "prompt is missing"),
        (lambda p, a, w, f, m: max(p * w / f, 2 * w / m) + a * max(w / f, 2 * w / m), "multiply-add"),
        (lambda p, a, w, f, m: max(2 * p * w / f, w / m) + a * max(2 * w / f, w / m), "2 bytes")],
    "08.3": [(156, "number of chats")],
    "08.4": [(log(72.96, 38.4), "multiplied"), (log(19.79, 38.4), "0.192")],
}
