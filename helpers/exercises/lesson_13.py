"""Lesson 13: six sheets and a view, from the explorers of lessons 05 to 09."""

from helpers.exercises import EXERCISES, Exercise, Row, Verdict, not_yet, sheet


def _vocabulary(V=128_256, L=32, tables=2):
    """Percent of Llama-3 8B: 2V / (2V + L·(2·d_h·(h + h_kv) + 3·d_ff)), since d cancels."""
    return 100 * tables * V / (tables * V + L * (2 * 128 * (32 + 8) + 3 * 14_336))


before = {_vocabulary(): "that is the share before the change: reset, and then move the slider"}
EXERCISES["13.1"] = sheet({
    "width d halved, to 2,048": (_vocabulary(), {
        2 * _vocabulary(): "look again at the shares beside both hollow bars: do they change?"}),
    "layers L halved, to 16": (_vocabulary(L=16), before),
    "vocabulary V cut to 50,000": (_vocabulary(V=50_000), before),
    "output head tied to the embedding": (_vocabulary(tables=1), before | {
        _vocabulary() / 2: "the other parts have a larger share of a smaller model: read the bar"}),
}, slips=lambda value: {value / 2: "that is one bar: token table and output head have V rows each"},
    why="each matrix has one side d, so d cancels out of every share, and L does not")

# 6 + 12·L·h·d_h·n/N FLOPs for each weight and token; N of Llama-3 8B is what a token meets
weights = 7_504_658_432
short, long, causal = (6 + 12 * 32 * 4_096 * n / weights for n in (8_192, 131_072, 65_536))
again = long + 2 * 6_979_321_856 / weights + (long - 6) / 3     # the layers run forward once more
EXERCISES["13.2"] = sheet({
    "n = 8,192, whole square": (short, {short / 2 + 3: "that is the causal half"}),
    "n = 131,072, whole square": (long, {
        causal: "that is the causal half", short: "that is for n = 8,192: move n as well"}),
    "n = 131,072, causal n²/2": (causal, {
        (long, long / 2): "the whole square, or half of all; asked is half of the n² part alone"}),
    "n = 131,072, whole square, all layers once more": Row(again, {
        long: "recomputation is still switched off",
        long * 4 / 3: "one pass more makes 4 for the layers, but the logits keep their 3"},
        within=0.001),
    "n = 131,072, whole square, GPT-3 175B": (
        6 + 12 * 96 * 12_288 * 131_072 / 174_563_733_504, {long: "that is still Llama-3 8B"}),
}, within=0.005, slips=lambda value: {
    6: "6.00 is the rule of thumb: switch the products with n² on"},
    why="what the rule of thumb leaves out grows with n, and at 131,072 tokens it is most of the "
        "cost")

# An H100's bytes without the weights of Llama-3 8B, over a chat's 8,192 · 131,072
chats, narrow = ((80 * 10**9 * k - 2 * 8_030_261_248) // (8_192 * 131_072) for k in (1, 4))
EXERCISES["13.3"] = sheet({
    "learning, fp32 to bf16: bytes in all": (1, {
        2: "that holds for the weights alone; read the row 'all (bytes)' before and after"}),
    "serving one chat, bf16 to int4: bytes in all": (4, {
        (2, 8): "from 16 bits to 4: that is fp8, or from 32 bits"}),
    "serving, bf16 to int4: largest batch that fits an H100": (narrow / chats, {
        4: "the caches shrink to a quarter, and the weights give back room too: read both",
        narrow: "those are the chats; how many times the 16-bit number is that?"}),
}, slips=lambda value: {} if value == 1 else {
    1 / value: "write 2 for half as many too: how many times as many were there before?"},
    why="Adam's copy in 32 bits takes what narrow weights give, and serving has no such copy")


def _intensity(L, d, h, h_kv, d_ff, V, n=131_072, batch=4_096):
    """FLOPs per byte of writing: batch·(2W + pairs) / (2W + batch·cache), as released."""
    met = V * d + L * (2 * d * 128 * (h + h_kv) + 3 * d * d_ff)
    return batch * (2 * met + 4*L*h*128*n) / (2 * met + batch * 4*L*h_kv*128*n)


llama = 32, 4096, 32, 8, 14336, 128256
EXERCISES["13.4"] = sheet({
    "GPT-3 175B": (_intensity(96, 12288, 96, 96, 49152 * 2 / 3, 50257), {     # two matrices
        1: "is the batch at 4,096?"}),
    "Llama-3 8B": (_intensity(*llama), {
        (_intensity(*llama, n=8_192), _intensity(*llama, n=128)): "is n at 131,072?",
        _intensity(*llama, batch=1): "is the batch at 4,096? That is for one chat"}),
    "Llama-3 405B": (_intensity(126, 16384, 128, 8, 53248, 128256), {}),
    "DeepSeek-V3": (241.2, {473: "for this number keep 16 bits for weights and cache"}),
    "Llama-3 8B: longest n of the slider at which some batch reaches an H200's 206": Row(512, {
        (1_000, 1_024): "there the list says that none does: see 'arithmetic is the limit from'",
        256: "the list names a batch there, and one step further on as well",
        (566, 567): "so far it goes, if n is typed; asked is the slider's last step before"}),
}, slips=lambda value: {
    (206, 295): "that is the ridge point of an accelerator; asked is what the model reaches"},
    why="long chats move caches, and a cached number is used once for each query head that shares "
        "it")


def _long_chat_at_the_roof(answer):
    """RooflineExplorer: decode, n of 131,072 or more, arithmetic the limit."""
    if type(answer).__name__ != "RooflineExplorer":
        return not_yet("paste the line that print(roofline) writes, RooflineExplorer(…)")
    state, numbers = answer.state, answer.numbers()
    if state.phase != "decode" or state.n < 131_072:
        return not_yet("reading a prompt and short chats are easy: let it write, in a chat of "
                       f"131,072 tokens or more; here n is {state.n:,}")
    reached, ridge = numbers["FLOPs per byte"], numbers["ridge point (FLOPs per byte)"]
    return Verdict("correct", "one compressed row for all heads is used so often that arithmetic "
                   "becomes the limit") if float(reached.replace(",", "")) > float(
                       ridge.replace(",", "")) else not_yet(
        f"memory is the limit: {reached} FLOPs per byte, and the ridge point is at {ridge}. "
        "A larger batch, another accelerator, another model with a narrower cache?")


EXERCISES["13.5"] = Exercise(_long_chat_at_the_roof)

of_64, of_128 = (1 / (1 / 4_096 + 1 / rows) for rows in (64, 128))  # FLOPs a byte at n = 4,096
EXERCISES["13.6"] = sheet({
    "columns doubled, to 128": (of_64, {}), "head width halved, to 64": (of_64, {}),
    "rows doubled, to 128": (of_128, {}),
    "fewest rows on the slider that reach an H100's 295": Row(512, {
        256: "with 256 rows it is 241: queries and output move as well",
        (318, 320, 400): "the slider has powers of two; which is the first that reaches 295?",
        1_024: "with 1,024 rows the tile does not fit: read the title"}),
}, slips=lambda value: {
    (2 * value, value / 2): "that is a guess by proportion; what does the explorer say?"},
    why="a key that was fetched is used once for each row of the tile, and nothing else counts")

each = (6 * 174_563_733_504 + 12*96*12288*2048) / (6 * weights + 12*32*4096*8192)   # FLOPs a token
EXERCISES["13.7"] = sheet({     # GPT-3 175B over Llama-3 8B
    "training FLOPs, all tokens": (each * 300 / 15_000, {
        each: "that is for each token; the two learned from different numbers of them"}),
    "bytes to learn one sequence": (9.767, {3069.6 / 149.2: "use each model's own n"}),
    "cache bytes of one token": (36, {9: "that is the cache of a whole sequence"}),
    "seconds to write a token": (358_872_195_072 / 16_083_591_168, {}),     # of the bytes that move
}, slips=lambda value: {
    174_604_259_328 / 8_030_261_248: "that is the ratio of the parameters; read the page's row",
    1 / value: "divide GPT-3's number by Llama's, not the other way round"},
    why="each cost has letters of its own, so one ratio of sizes becomes four ratios of costs")
