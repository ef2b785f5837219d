"""The checks of lesson 08: narrow weights, an answer's time, a full house, and a log's peak."""
from helpers.exercises import entries, exercise, function, number


@exercise("08.1")
def narrow_weights(answer):
    """4-bit weights: writing waits for bytes and gains 4, reading waits for arithmetic and gains nothing."""
    return entries(answer, {
        "writing": lambda value: number(value, 4, "", mistakes=[
            ("one chat waits for its weights: the bytes shrink, and with them the time", 1),
            ("16 bits are four times 4 bits", 2), ("a quarter of the bytes: how many times as fast is that?", 0.25),
            ("the weights shrink from 16 bits, not from 32", 8)]),
        "reading": lambda value: number(value, 1, "", mistakes=[
            ("a long prompt waits for the arithmetic, and that stays in 16 bits", 4),
            ("a long prompt waits for the arithmetic, and nothing makes it faster here", 2),
            ("the number of FLOPs does not change", 0.25)]),
    }, why="only the slower clock counts: the memory's while it writes, the arithmetic's while it reads")


@exercise("08.2")
def answer_seconds(answer):
    """max(prompt's two clocks) + answer · max(one token's two clocks)."""
    def right(prompt, answer, weights, peak, bandwidth):
        memory = 2 * weights / bandwidth
        return max(prompt * 2 * weights / peak, memory) + answer * max(2 * weights / peak, memory)

    def once(prompt, answer, weights, peak, bandwidth):
        return max((prompt + answer) * 2 * weights / peak, (1 + answer) * 2 * weights / bandwidth)

    return function(
        answer, right, tolerance=1e-9,
        inputs=[(1000, 10, 10**9, 10**12, 10**12), (8192, 500, 8 * 10**9, 989 * 10**12, 3350 * 10**9),
                (20, 100, 7 * 10**9, 312 * 10**12, 2 * 10**12), (50, 7, 10**6, 10**9, 10**10)],
        why="each phase has its own slower clock, and one comes after the other", mistakes=[
            ("the answer starts when the prompt is read: take the slower clock of each phase, then add", once),
            ("the prompt is missing", lambda prompt, answer, weights, peak, bandwidth:
             answer * max(2 * weights / peak, 2 * weights / bandwidth)),
            ("the answer is missing", lambda prompt, answer, weights, peak, bandwidth:
             max(prompt * 2 * weights / peak, 2 * weights / bandwidth)),
            ("the prompt is read at once: its weights come once, not once a token", lambda prompt, answer, weights, peak, bandwidth:
             (prompt + answer) * max(2 * weights / peak, 2 * weights / bandwidth)),
            ("both clocks run at the same time: the slower one counts, not their sum", lambda prompt, answer, weights, peak, bandwidth:
             (prompt + answer) * 2 * weights / peak + (1 + answer) * 2 * weights / bandwidth),
            ("on a slow chip even one token may wait for the arithmetic", lambda prompt, answer, weights, peak, bandwidth:
             max(prompt * 2 * weights / peak, 2 * weights / bandwidth) + answer * 2 * weights / bandwidth),
            ("that is the arithmetic's clock alone", lambda prompt, answer, weights, peak, bandwidth:
             (prompt + answer) * 2 * weights / peak),
            ("that is the memory's clock alone", lambda prompt, answer, weights, peak, bandwidth:
             (1 + answer) * 2 * weights / bandwidth),
            ("a multiply-add is 2 FLOPs", lambda prompt, answer, weights, peak, bandwidth:
             max(prompt * weights / peak, 2 * weights / bandwidth) + answer * max(weights / peak, 2 * weights / bandwidth)),
            ("each weight is 2 bytes", lambda prompt, answer, weights, peak, bandwidth:
             max(prompt * 2 * weights / peak, weights / bandwidth) + answer * max(2 * weights / peak, weights / bandwidth)),
        ])


def _longest(name, chip, shared=None, sparse=1):
    from helpers.published import ACCELERATORS, MODELS

    model, chip = MODELS[name], ACCELERATORS[chip]
    weights = (model.forward_flops(1) - model.flops_by_part(1)["scores and weighted sum"]) // 2
    shared = model.n_heads / model.kv_heads if shared is None else shared
    return 2 * weights / (model.kv_cache_bytes(1) * (sparse * chip.flops_per_second / chip.bytes_per_second - shared))


@exercise("08.3")
def longest_n(answer):
    """The n beyond which no batch of Llama-2 7B is limited by an A100's arithmetic."""
    right = int(_longest("Llama-2 7B", "A100 80GB"))
    h100 = int(_longest("Llama-2 7B", "H100 SXM"))
    return number(answer, right, "every chat brings its cache, and Llama-2 7B shares no keys among its heads",
                  tolerance=0.4 / right, unit="tokens", mistakes=[
                      ("the n must still be on this side of the limit: round down", right + 1),
                      ("that is for an H100; take the A100's peak and bandwidth", h100),
                      ("that is for an H100; take the A100's peak and bandwidth", h100 + 1),
                      ("that is for Llama-3 8B; take Llama-2 7B", int(_longest("Llama-3 8B", "A100 80GB"))),
                      ("that is for the sparse peak of an A100; its dense one is 312", int(_longest("Llama-2 7B", "A100 80GB", sparse=2))),
                      ("that is the number of chats without a cache, the ridge point; asked is n", 156),
                      ("in Llama-2 7B each head has its own keys: nothing is shared by 4",
                       int(_longest("Llama-2 7B", "A100 80GB", shared=4)))])


@exercise("08.4")
def log_of_a_run(answer):
    """Rate over share is the peak that was used; over the dense peak it is the utilisation."""
    return entries(answer, {
        "peak that was used": lambda value: number(value, 1979, "", tolerance=0.005, mistakes=[
            ("989 is the dense peak; 380 is not 19.2 % of it", 989), ("divide the rate by the share; you multiplied", 380 * 0.192),
            ("19.2 % is 0.192, and the rate divided by it is the peak", 380 / 19.2), ("that is the peak of an A100", 312)]),
        "utilisation of the dense peak": lambda value: number(value, 38.4, "", tolerance=0.015, unit="percent", mistakes=[
            ("the dense peak is half of the sparse one: half the divisor, twice the share", 9.6),
            ("that is what the log says; the dense peak is another", 19.2),
            ("the question asks for percent", 0.384), ("an A100's peak is no H200's", 121.8)]),
    }, why="the peak with sparsity is twice the dense one, so the share is half of the true one")
