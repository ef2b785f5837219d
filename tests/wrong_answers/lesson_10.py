"""Usual wrong answers to lesson 10 and a word of the hint that each must earn."""
NAMES = ("FLOPs, all pairs", "FLOPs, window", "FLOPs, linear state", "kept, all pairs", "kept, window", "kept, linear state")


def factors(*values):
    return dict(zip(NAMES, values))


WRONG = {
    "10.1": [(factors(4, 2, 2, 2, 1, 0), "has the factor 1")],
    "10.2": [(lambda n, window: -(-n // window), "itself"), (lambda n, window: -(-(n - 1) // window), "itself"),
        (lambda n, window: -(-n // (window - 1)), "n − 1 steps"), (lambda n, window: (n - 1) // (window - 1), "round up"),
        (lambda n, window: (n - 1) / (window - 1), "round up"), (lambda n, window: round((n - 1) / (window - 1)), "round up")],
    "10.3": [(lambda n, times: n // times, "4·n²·d_h"), (lambda n, times: n // (4 * times), "4·n²·d_h"),
        (lambda n, times: n * times // 2, "fewer features"), (lambda n, times: n / (2 * times), "round down"),
        (lambda n, times: round(n / (2 * times)), "breaks the bound"), (lambda n, times: -(-n // (2 * times)), "breaks the bound"),
        (lambda n, times: max(1, n // (2 * times)), "to 0")],
    "10.4": [(72.66, "what stays"), (75.78, "three layers"), (0.2734, "percent"), (109.4, "four layers")],
}
