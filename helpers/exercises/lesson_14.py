"""Lesson 14: three sheets, a function and a plan handed in."""

from helpers.exercises import EXERCISES, Exercise, Row, Verdict, not_yet, sheet


def _best(devices=8, A=482.01, B=2085.43, a=0.3478, b=0.3658):
    """Compute-optimal N in 10⁹: (aA/(bB))^(1/(a + b))·(C/6)^(b/(a + b)), C of a week."""
    flops = devices * 7 * 86_400 * 989e12 * 0.4
    return (a * A / (b * B))**(1 / (a + b)) * (flops / 6)**(b / (a + b)) / 1e9


published = 406.4, 410.7, 0.34, 0.28
best, old = _best(800), _best(800, *published)
law = "that is under the published law: press reset, which brings the refitted one back"
start = {8.04: "that is the plan before the change; reset, and then move the control"}
eight, billions = "that is N of the eight; is the slider at 800?", "write billions, not parameters"
EXERCISES["14.1"] = sheet({      # the days are 7·FLOPs of the shape over 6ND
    "800 accelerators: best N (10⁹)": (best, {_best(): eight, 1e9 * best: billions,
        100 * _best(): "that puts all of a hundred times into the model; text takes its half"}),
    "800, published law: best N (10⁹)": (old, {
        best: "that is the refitted law", 1e9 * old: billions, _best(8, *published): eight}),
    "model size 316 %: nats worse": Row(0.0374, {
        2.289: "that is the loss itself; how much more than the best is it?",
        0.1573: "that is ten times the best size, not 3.16"}, within=0.03),
    "full recomputation: days": (10.66, start | {
        8.49: "that is selective recomputation", 11.09: law,
        9.33: "a third more than 7 days; the shape's own FLOPs are 1.15 times the budget before"}),
    "n = 32,768 tokens: days": (17.35, start | {
        19.01: law, 23.07: "that is with full recomputation: switch it off"}),
}, why="the budget is shared by model and text, and what 6ND leaves out is paid in days")


def _step(weights=15.01e9, cache=131_072, prompt=2_048, devices=1):
    """Seconds of a step for 16 users: bytes over 60 % of the H100s' bandwidth."""
    return (weights + 16 * cache * (prompt + 256)) / (devices * 0.6 * 3_350e9)


def _price(devices=1, **choices):
    """USD for a million tokens written, at 2.5 USD an hour and accelerator."""
    return 2.5 / 3600 * 1e6 * devices * _step(devices=devices, **choices) / 16


same, one = "is the control where the row says?", "that is one user: choose the preset, with its 16"
everyone, read = "that is all users together", "that is the price of a token read"
EXERCISES["14.2"] = sheet({
    "4 accelerators: price": (_price(4), {5.29: one, (_price() / 4, 4 * _price()):
        "an hour costs four times as much, and they are four times as fast"}),
    "4 accelerators: speed": (1 / _step(devices=4), {
        525: one, 1 / _step(): same, 16 / _step(devices=4): everyone}),
    "weights 4 bit: speed": (1 / _step(weights=15.01e9 / 4), {
        496: one, 1 / _step(): same, 16 / _step(weights=15.01e9 / 4): everyone,
        4 / _step(): "the weights are a quarter, but the cache keeps its 16 bits"}),
    "prompts of 16,384 tokens: price": (_price(prompt=16_384), {
        5.94: one, _price(): same, 0.023: read}),
    "Llama-2 7B: price": (_price(weights=13.21e9, cache=524_288), {
        4.98: one, _price(): same, 0.016: read,
        _price() * 13.48 / 16.06: "fewer parameters, but look at the bytes of the cache"}),
}, why="the price is hours of accelerator for each token: the weights divided by the users, and "
       "each user's cache")

EXERCISES["14.3"] = Exercise(
    lambda extra_flops, small, large: extra_flops / (2 * (large - small)), {
        "extra_flops / (6 * (large - small))": "6 FLOPs are training; writing is one forward pass",
        "extra_flops / (large - small)": "a weight is met by a multiply and an add, 2 FLOPs",
        ("extra_flops / (2 * small)", "extra_flops / (2 * large)"):
            "either model would write the tokens: the difference counts",
        "extra_flops / 2 * (large - small)": "brackets around 2 * (large - small), please",
    }, why="every written token gives back 2 FLOPs for each parameter that is not there",
    within=1e-6, at=[(2e21, 1e9, 2e9), (5.92e23, 8.03e9, 33.9e9), (1e20, 3e8, 7e10)])


def _my_service(answer):
    """ServingExplorer: Llama-3 70B, 45 tokens/s for each user, at most 0.90 USD per million."""
    if type(answer).__name__ != "ServingExplorer":
        return not_yet("paste the line that print(serve_plan) writes, ServingExplorer(…)")
    state, numbers = answer.state, answer.numbers()
    for name, value in dict(model="Llama-3 70B", accelerator="H100 SXM", precision="16 bit",
                            prompt=4_096, written=1_024, share=60, price=2.5).items():
        if getattr(state, name) != value:
            return not_yet(f"asked is {name} = {value!r}; here it is {getattr(state, name)!r}")
    if numbers["it fits"] != "yes":
        return not_yet(f"it does not fit: {numbers['largest batch that fits (users)']} users have "
                       "room; more accelerators, or fewer users")
    speed, usd = (numbers[name] for name in ("tokens per second for each user",
                                             "a million tokens written (USD)"))
    missing = ["too slow: what makes all of them faster?"] * (float(speed) < 45) + [
        "too dear: among whom are the weights shared?"] * (float(usd) > 0.90)
    return not_yet(f"{speed} tokens per second for each user, {usd} USD for a million: "
                   + " and ".join(missing)) if missing else Verdict(
        "correct", "users share the price, accelerators share the time. All prompts together take "
        f"{numbers['to the first token']} before the first word: would you wait, and what would "
        "you change?")


EXERCISES["14.4"] = Exercise(_my_service)

n, less, met = 131_072, 8_192, 2 * 7_504_924_672


def _memory(n, batch=1, weights=2 * 8_030_261_248):
    """The share of the bytes that is cache, 131,072 bytes a token."""
    return 131_072 * n * batch / (weights + 131_072 * n * batch)


def _forward(n, part):
    """The share of a causal forward pass with `part` FLOPs."""
    return part / (2 * 7_504_658_432 + 2 * 32 * 4_096 * (n + 1))


pairs, keys = 2 * 32 * 4_096, 4 * 32 * 4_096 * 1_024
moved, sixteen = "that is for the memory; what is counted?", "is the batch at 16?"
begun = {_memory(n): "that is the start; is the control where the row says?"}
EXERCISES["14.5"] = sheet({
    "n = 8,192: elasticity of n": (_memory(less), begun | {
        _memory(n) / 16: "in proportion to n, but the weights stay"}),
    "n = 8,192, batch 16: elasticity of n": (_memory(less, 16), {_memory(less): sixteen}),
    "n = 8,192, forward pass: elasticity of n": (1 + _forward(less, pairs * less), begun | {
        1 + _forward(n, pairs * n): "that is at 131,072 tokens", _memory(less): moved}),
    "n = 8,192, forward pass: elasticity of groups": (_forward(less, keys), {
        0.094: moved, _forward(n, keys): "that is at 131,072 tokens"}),
    "batch 16, writing one token: elasticity of n": (_memory(n, 16, met), {
        _memory(n, 1, met): sixteen,
        1 + _forward(n, pairs * n): "that is a forward pass; choose writing one token"}),
}, within=0.05, why="an elasticity is the share of the cost that listens to the lever, times the "
                    "power with which it enters")       # two decimals, as the picture shows them
