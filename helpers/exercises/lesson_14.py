"""The checks of lesson 14: three sheets, a function and a plan handed in."""

from helpers.exercises import correct, describe, exercise, function, not_yet
from helpers.exercises.sheets import reading, sheet

CLOSE = 0.02   # relative: what can be read off an explorer


@exercise("14.1")
def train_sheet(answer):
    """Best N is (αA/(βB))^(1/(α + β))·(C/6)^(β/(α + β)); the days are 7·FLOPs of the shape over 6ND."""
    def best(devices=8, E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658):
        flops = devices * 7 * 86_400 * 989e12 * 0.4
        return (alpha * A / (beta * B)) ** (1 / (alpha + beta)) * (flops / 6) ** (beta / (alpha + beta)) / 1e9

    def row(value, *mistakes, tolerance=CLOSE):
        return reading(value, tolerance=tolerance, mistakes=list(mistakes))

    published = 1.69, 406.4, 410.7, 0.34, 0.28
    law = "that is under the published law: press reset, which brings the refitted one back"
    start = ("that is the plan before the change; did you press reset and forget to move the control?", 8.04)
    return sheet(answer, {
        "800 accelerators: best N (10⁹)": row(
            best(800), ("that puts a hundred times the FLOPs into the model alone; text takes its half", 100 * best()),
            ("that is N of the eight; is the slider at 800?", best()), ("write billions, not parameters", 1e9 * best(800)),
            ("that is D, the tokens", 777)),
        "800, published law: best N (10⁹)": row(
            best(800, *published), ("that is the refitted law", best(800)), ("that is N of the eight; is the slider at 800?", best(8, *published)),
            ("write billions, not parameters", 1e9 * best(800, *published))),
        "model size 316 %: nats worse": row(
            0.0374, ("that is the loss itself; how much more than the best is it?", 2.289),
            ("that is ten times the best size, not 3.16", 0.1573), tolerance=0.03),
        "full recomputation: days": row(10.66, start, ("that is selective recomputation", 8.49), (law, 11.09),
                                        ("a third more than 7 days; the shape's own FLOPs are 1.15 times the budget before", 9.33)),
        "n = 32,768 tokens: days": row(17.35, start, (law, 19.01), ("that is with full recomputation: switch it off", 23.07)),
    }, why="the budget is shared by model and text, and what 6ND leaves out is paid in days")


@exercise("14.2")
def serve_sheet(answer):
    """(W/b + c)/R: W bytes of weights, c of a user's cache, R bytes a second; the price is 2.5 USD an hour of that."""
    def seconds(weights=15.01e9, cache=131_072, prompt=2_048, devices=1, users=16):
        return (weights + users * cache * (prompt + 256)) / (devices * 0.6 * 3_350e9)

    def price(devices=1, **choices):
        return 2.5 / 3600 * 1e6 * devices * seconds(devices=devices, **choices) / 16

    def row(value, *mistakes):
        return reading(value, tolerance=CLOSE, mistakes=[*mistakes])

    same = "the same as before? Is the control where the row says?"
    one = "that is one user: reset goes back to where the cell began; choose the preset, with its 16"
    seven = dict(weights=13.21e9, cache=524_288)
    return sheet(answer, {
        "4 accelerators: price": row(price(4), (one, 5.29), ("four times as fast, but an hour of four costs four times as much", price() / 4),
                                     ("an hour of four costs four times as much, but they are four times as fast", 4 * price())),
        "4 accelerators: speed": row(1 / seconds(devices=4), (one, 525), (same, 1 / seconds()), ("that is all users together", 16 / seconds(devices=4))),
        "weights 4 bit: speed": row(1 / seconds(weights=15.01e9 / 4), (one, 496), (same, 1 / seconds()),
                                    ("the weights are a quarter, but the cache keeps its 16 bits", 4 / seconds()),
                                    ("that is all users together", 16 / seconds(weights=15.01e9 / 4))),
        "prompts of 16,384 tokens: price": row(price(prompt=16_384), (one, 5.94), (same, price()), ("that is the price of a token read", 0.023)),
        "Llama-2 7B: price": row(price(**seven), (one, 4.98), (same, price()), ("that is the price of a token read", 0.016),
                                 ("fewer parameters, but look at the bytes of the cache", price() * 13.48 / 16.06)),
    }, why="the price is hours of accelerator for each token: the weights divided by the users, and each user's cache")


@exercise("14.3")
def break_even_tokens(answer):
    """Extra training FLOPs over 2·(difference of the parameters)."""
    return function(
        answer, lambda extra_flops, small, large: extra_flops / (2 * (large - small)),
        inputs=[(2e21, 1e9, 2e9), (5.92e23, 8.03e9, 33.9e9), (1e20, 3e8, 7e10)], tolerance=1e-6,
        why="every written token gives back 2 FLOPs for each parameter that is not there",
        mistakes=[("6 FLOPs for each parameter and token is training; writing a token is one forward pass",
                   lambda extra_flops, small, large: extra_flops / (6 * (large - small))),
                  ("a weight is met by a multiply and an add, 2 FLOPs", lambda extra_flops, small, large: extra_flops / (large - small)),
                  ("the large model would have written those tokens too: what counts is the difference",
                   lambda extra_flops, small, large: extra_flops / (2 * small)),
                  ("the small model's tokens are not free: what counts is the difference",
                   lambda extra_flops, small, large: extra_flops / (2 * large)),
                  ("both parameters stand below the line: put brackets around 2 * (large - small)",
                   lambda extra_flops, small, large: extra_flops / 2 * (large - small)),
                  ("the sign: large minus small", lambda extra_flops, small, large: extra_flops / (2 * (small - large)))])


@exercise("14.4")
def my_service(answer):
    """A state of ServingExplorer: Llama-3 70B on H100 in 16 bits, 45 tokens/s for each, at most 0.90 USD per million."""
    from helpers.explorers import ServingExplorer

    answer = answer.state if isinstance(answer, ServingExplorer) else answer
    if not isinstance(answer, ServingExplorer.State):
        return not_yet(f"paste the line that print(serve_plan) writes, ServingExplorer(…); this is {describe(answer)}")
    try:
        explorer = ServingExplorer(**vars(answer))
    except ValueError as error:
        return not_yet(f"the explorer refuses this state: {error}")
    state, found = explorer.state, explorer.serving()
    asked = {"model": "Llama-3 70B", "accelerator": "H100 SXM", "precision": "16 bit", "prompt": 4_096, "written": 1_024,
             "share": 60, "price": 2.5}
    for field, value in asked.items():
        if getattr(state, field) != value:
            return not_yet(f"asked is {field} = {value!r}; here it is {getattr(state, field)!r}")
    if not found.fits:
        return not_yet(f"it does not fit: at most {found.largest_batch:,} users have room; more accelerators, or fewer users")
    slow, dear = found.tokens_per_second_per_user < 45, found.usd_per_million_written > 0.90
    if slow and dear:
        return not_yet("too slow and too dear: which control lowers the price, and which raises the speed at the same price?")
    if slow:
        return not_yet(f"each user gets {found.tokens_per_second_per_user:.0f} tokens per second; what makes all of them faster?")
    if dear:
        return not_yet(f"a million tokens cost {found.usd_per_million_written:.2f} USD; among whom are the weights shared?")
    return correct("users share the price, accelerators share the time. All prompts together take "
                   f"{found.first_token_seconds:.1f} s before the first word: would you wait, and what would you change?")


@exercise("14.5")
def shrink_sheet(answer):
    """Shares of the cost that listen: of memory, of a causal forward pass, of the bytes that a step moves."""
    weights, met, products, cache = 2 * 8_030_261_248, 2 * 7_504_924_672, 7_504_658_432, 131_072
    pairs = 2 * 32 * 4_096   # FLOPs: times n(n + 1), over a causal text of n

    def memory(n, batch=1):
        return cache * n * batch / (weights + cache * n * batch)

    def row(value, *mistakes):
        return reading(value, tolerance=0.05, mistakes=list(mistakes))  # two decimals, as picture and sentence show them

    n, short = 131_072, 8_192

    def forward(n):
        return 1 + pairs * n / (2 * products + pairs * (n + 1))

    def keys_and_values(n):
        return 4 * 32 * 4_096 * 1_024 / (2 * products + pairs * (n + 1))
    start = ("that is the start; is the control where the row says?", memory(n))
    return sheet(answer, {
        "n = 8,192: elasticity of n": row(memory(8_192), start, ("in proportion to n, but the weights stay", memory(n) / 16)),
        "n = 8,192, batch 16: elasticity of n": row(memory(8_192, 16), ("is the batch at 16?", memory(8_192))),
        "n = 8,192, forward pass: elasticity of n": row(
            forward(short), start, ("that is at 131,072 tokens", forward(n)), ("2 is the n² part alone; the weights' part has 1", 2),
            ("that is for the memory; what is counted?", memory(short))),
        "n = 8,192, forward pass: elasticity of groups": row(
            keys_and_values(short), ("that is for the memory; what is counted?", 0.094), ("that is at 131,072 tokens", keys_and_values(n)),
            ("that is n", forward(short))),
        "batch 16, writing one token: elasticity of n": row(
            16 * cache * n / (met + 16 * cache * n), ("is the batch at 16?", cache * n / (met + cache * n)),
            ("that is a forward pass; choose writing one token", forward(n))),
    }, why="an elasticity is the share of the cost that listens to the lever, times the power with which it enters")
