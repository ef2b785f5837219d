"""The checks of lesson 13: six sheets and a view, from the explorers of lessons 05 to 09."""
from dataclasses import replace

from helpers.exercises import correct, describe, exercise, not_yet
from helpers.exercises.sheets import reading, sheet
from helpers.exercises.values import fraction

CLOSE = 0.02   # relative: what can be read off a picture


@exercise("13.1")
def vocabulary_percent(answer):
    """2V / (2V + L·(2·d_h·(h + h_kv) + 3·d_ff)) of Llama-3 8B, in percent: d cancels."""
    def share(V=128_256, L=32, tables=2):
        return 100 * tables * V / (tables * V + L * (2 * 128 * (32 + 8) + 3 * 14_336))

    def row(value, *mistakes, one_bar=True):
        bars = [("that is one bar: token table and output head both have V rows, add the two", value / 2)] * one_bar
        return reading(value, tolerance=CLOSE, unit="percent", mistakes=[*mistakes, *bars])

    start = ("that is the share before the change; did you press reset and forget to move the slider?", share())
    return sheet(answer, {
        "width d halved, to 2,048": row(share(), ("look again at the white bars, both of them: do they move at all?", 2 * share())),
        "layers L halved, to 16": row(share(L=16), start),
        "vocabulary V cut to 50,000": row(share(V=50_000), start),
        "output head tied to the embedding": row(
            share(tables=1), start, ("the other parts have a larger share of a smaller model: read the bar", share() / 2),
            one_bar=False),
    }, why="each matrix has one side d, so d cancels out of every share, and L does not")


@exercise("13.2")
def flops_per_weight(answer):
    """6 + 12·L·h·d_h·n/N of Llama-3 8B and two of its neighbours, FLOPs for each weight and token."""
    weights = 7_504_658_432
    pairs = 12 * 32 * 4_096 / weights   # the whole square, for each token of n
    layers = 6_979_321_856 / weights    # of the weights, those in layers

    def row(value, *mistakes, tolerance=0.005):
        per_token = [("that is FLOPs for each token; the sentence says how many that is for each weight and token", value * weights)]
        return reading(value, tolerance=tolerance, mistakes=[*mistakes, *per_token])

    thumb = ("6.00 is the rule of thumb: switch the products with n² on", 6)
    short, long = 6 + pairs * 8_192, 6 + pairs * 131_072
    return sheet(answer, {
        "n = 8,192, whole square": row(short, thumb, ("that is the causal half", 6 + pairs * 4_096)),
        "n = 131,072, whole square": row(long, thumb, ("that is the causal half", 6 + pairs * 65_536),
                                         ("that is for n = 8,192: move n as well", short)),
        "n = 131,072, causal n²/2": row(6 + pairs * 65_536, thumb, ("that is the whole square", long),
                                        ("half of the products with n², not half of all", long / 2)),
        "n = 131,072, whole square, all layers once more": row(
            long + 2 * layers + pairs * 131_072 / 3, ("recomputation is still switched off", long),
            ("one pass more makes 4 for the layers, but the logits keep their 3", long * 4 / 3), tolerance=0.001),
        "n = 131,072, whole square, GPT-3 175B": row(
            6 + 12 * 96 * 12_288 * 131_072 / 174_563_733_504, thumb, ("that is still Llama-3 8B", long),
            ("that is with all layers once more: switch recomputation off", 22.16)),
    }, why="what the rule of thumb leaves out grows with n, and at 131,072 tokens it is most of the cost")


@exercise("13.3")
def narrower(answer):
    """Learning 16 bytes a parameter both ways; serving 4 times fewer; chats (4M − w)/c against (M − w)/c."""
    memory, weights, cache = 80 * 10**9, 2 * 8_030_261_248, 8_192 * 131_072
    chats = (memory - weights) // cache, (4 * memory - weights) // cache
    wrong_way = "write 2 for half as many too: how many times as many were there before?"
    return sheet(answer, {
        "learning, fp32 to bf16: bytes in all": reading(1, mistakes=[
            ("that holds for the weights alone; read the row 'all (bytes)' before and after", 2), (wrong_way, 0.5),
            ("compare with fp32 where the model learns, not where it serves", 4)]),
        "serving one chat, bf16 to int4: bytes in all": reading(4, tolerance=CLOSE, mistakes=[
            (wrong_way, 0.25), ("from 16 bits to 4, not from 32", 8), ("that is fp8 in place of int4", 2)]),
        "serving, bf16 to int4: largest batch that fits an H100": reading(chats[1] / chats[0], tolerance=0.01, mistakes=[
            ("the caches shrink to a quarter, and the weights give back room too: read both batches and divide", 4),
            ("those are the chats; how many times the 16-bit number is that?", chats[1]), (wrong_way, chats[0] / chats[1])]),
    }, why="Adam's copy in 32 bits takes what narrow weights give, and serving has no such copy")


@exercise("13.4")
def flops_per_byte(answer):
    """b·(2W + pairs) / (2W + b·cache) at n = 131,072 and b = 4,096, from the released shapes."""
    def grouped(L, d, h, h_kv, d_ff, V, n=131_072, batch=4_096):
        met = V * d + L * (2 * d * 128 * (h + h_kv) + 3 * d * d_ff)
        return batch * (2 * met + 4 * L * h * 128 * n) / (2 * met + batch * 4 * L * h_kv * 128 * n)

    def row(value, *mistakes):
        few = [("that is the ridge point of an accelerator; asked is what the model reaches", ridge) for ridge in (206, 295)]
        return reading(value, tolerance=CLOSE, mistakes=[*mistakes, *few])

    def shorter(n):
        return (f"is n at 131,072? That is for {n:,}", grouped(32, 4096, 32, 8, 14336, 128256, n))

    def longest(seen):
        typed = fraction(seen)
        if typed is not None and 512 < typed < 567:
            return not_yet("so far it goes, if n is typed; asked is the slider's last step before")
        return step(seen)

    never = "there the list says that none does: look at 'arithmetic is the limit from'"
    step = reading(512, unit="tokens", mistakes=[
        (never, 1_000), (never, 1_024), (never, 567), ("the list names a batch there, and one step further on as well", 256),
        ("that is the batch; asked is the length", 267)])
    longest.value = step.value
    alone, eight = ("is the batch at 4,096?", 1), shorter(8_192)
    return sheet(answer, {
        "GPT-3 175B": row(grouped(96, 12288, 96, 96, 49152 * 2 / 3, 50257), alone),   # two matrices, not three
        "Llama-3 8B": row(grouped(32, 4096, 32, 8, 14336, 128256), eight, shorter(128), ("is the batch at 4,096? That is for one chat",
                                                                         grouped(32, 4096, 32, 8, 14336, 128256, batch=1))),
        "Llama-3 405B": row(grouped(126, 16384, 128, 8, 53248, 128256)),
        "DeepSeek-V3": row(241.2, ("for this number keep 16 bits for weights and cache", 473)),
        "Llama-3 8B: longest n of the slider at which some batch reaches an H200's 206": longest,
    }, why="long chats move caches, and a cached number is used once for each query head that shares it")


@exercise("13.5")
def long_chat_at_the_roof(answer):
    """A state of RooflineExplorer: decode, n of 131,072 or more, arithmetic the limit."""
    from helpers.explorers import RooflineExplorer
    from helpers.explorers.roofline import phase_work
    from helpers.roofline import ridge_point

    answer = answer.state if isinstance(answer, RooflineExplorer) else answer
    if not isinstance(answer, RooflineExplorer.State):
        return not_yet(f"paste the line that print(roofline) writes, RooflineExplorer(…); this is {describe(answer)}")
    try:
        state = RooflineExplorer(**vars(answer)).state
    except ValueError as error:
        return not_yet(f"the explorer refuses this state: {error}")
    if state.phase != "decode":
        return not_yet("here it reads a prompt, which is easy; let it write")
    if state.n < 131_072:
        return not_yet(f"a chat of {state.n:,} tokens is too short; asked is 131,072 or more")
    work = phase_work(state)
    if work.limit == "arithmetic":
        return correct("one compressed row for all heads is used so often that arithmetic becomes the limit")
    ridge = ridge_point(state.accelerator)
    most = phase_work(replace(state, batch=4_096)).intensity
    return not_yet(f"memory is the limit: {work.intensity:,.3g} FLOPs per byte, and the ridge point is at {ridge:,.0f}. "
                   + ("No batch gets there. Another model?" if most < 100 else "A larger batch, another accelerator, or a narrower cache?"))


@exercise("13.6")
def tile_intensity(answer):
    """1 / (1/n + 1/r), whatever columns and width; 512 rows are the first of the slider above 295."""
    def row(rows):
        value = 1 / (1 / 4_096 + 1 / rows)
        return reading(value, tolerance=CLOSE, mistakes=[
            ("that is a guess by proportion; what does the explorer say?", 2 * value),
            ("that is a guess by proportion; what does the explorer say?", value / 2)])

    fewest = reading(512, unit="rows", mistakes=[
        ("with 256 rows it is 241: queries and output move as well", 256), ("that is the FLOPs per byte; asked are the rows", 454.7), ("that is the FLOPs per byte; asked are the rows", 455),
        ("with 1,024 rows the tile does not fit: read the title", 1_024)])

    def on_the_slider(seen):
        """The first step of the slider above 295; what lies between two steps is no answer."""
        typed = fraction(seen)
        if typed is not None and typed not in map(fraction, (454.7, 455)) and 256 < typed < 512:
            return not_yet("the slider has powers of two; which is the first that reaches 295?")
        return fewest(seen)

    on_the_slider.value = fewest.value
    return sheet(answer, {
        "columns doubled, to 128": row(64), "head width halved, to 64": row(64), "rows doubled, to 128": row(128),
        "fewest rows on the slider that reach an H100's 295": on_the_slider,
    }, why="a key that was fetched is used once for each row of the tile, and nothing else counts")


@exercise("13.7")
def times(answer):
    """GPT-3 175B over Llama-3 8B, at 2,048 and 8,192 tokens: four ratios, none of them 21.7."""
    turned = "divide GPT-3's number by Llama's, not the other way round"
    parameters = ("that is the ratio of the parameters; read the row of the page", 174_604_259_328 / 8_030_261_248)

    def row(value, *mistakes):
        return reading(value, tolerance=CLOSE, mistakes=[parameters, (turned, 1 / value), *mistakes])

    llama, gpt3 = (6 * N + 12 * L * d * n for N, L, d, n in ((7_504_658_432, 32, 4096, 8192), (174_563_733_504, 96, 12288, 2048)))
    return sheet(answer, {
        "training FLOPs, all tokens": row(gpt3 * 300 / (llama * 15_000),
                                          ("that is for each token; the two learned from different numbers of them", gpt3 / llama)),
        "bytes to learn one sequence": row(9.767, ("use each model's own n", 3069.6 / 149.2)),
        "cache bytes of one token": row(36, ("that is the cache of a whole sequence; divide by its tokens", 9)),
        "seconds to write a token": row(358_872_195_072 / 16_083_591_168),
    }, why="each cost has letters of its own, so one ratio of sizes becomes four ratios of costs")
