"""Usual wrong answers to lesson 13 and a word of the hint that each must earn."""

from helpers.explorers import RooflineExplorer

LONGEST = "Llama-3 8B: longest n of the slider at which some batch reaches an H200's 206"
RIGHT = {
    "13.1": {"width d halved, to 2,048": [26, 13.1], "layers L halved, to 16": [26, 23.1],
             "vocabulary V cut to 50,000": [5, 5.5], "output head tied to the embedding": [6, 7]},
    "13.2": {"n = 8,192, whole square": [7, 7.72], "n = 131,072, whole square": [9, 33.47],
             "n = 131,072, causal n²/2": [8, 19.74], "n = 131,072, whole square, all layers once more": [9, 44.49],
             "n = 131,072, whole square, GPT-3 175B": [99, 16.63]},
    "13.3": {"learning, fp32 to bf16: bytes in all": [2, 1], "serving one chat, bf16 to int4: bytes in all": [4, 4],
             "serving, bf16 to int4: largest batch that fits an H100": [4, 4.8]},
    "13.4": {"GPT-3 175B": [300, 1.56], "Llama-3 8B": [300, 4.87], "Llama-3 405B": [300, 27.9], "DeepSeek-V3": [9, 241], LONGEST: [8_192, 512]},
    "13.6": {"columns doubled, to 128": [126, 63], "head width halved, to 64": [31, 63], "rows doubled, to 128": [126, 124],
             "fewest rows on the slider that reach an H100's 295": [256, 512]},
    "13.7": {"training FLOPs, all tokens": [22, 0.372], "bytes to learn one sequence": [22, 9.77],
             "cache bytes of one token": [22, 36], "seconds to write a token": [22, 22.3]},
}


def seen(right, *slips):
    """The sheet `right` with one row wrong, by its place: (row, what was seen, words of the hint)."""
    return [(right | {[*right][row]: [1, value]}, words) for row, value, words in slips]


def view(**values):
    return RooflineExplorer(**{"model": "DeepSeek-V3", "accelerator": "H200", "batch": 1_024, "n": 131_072} | values)


WRONG = {
    "13.1": seen(RIGHT["13.1"], (0, 26.2, "do they change"), (0, 6.5, "one bar"), (1, 13.1, "before"), (1, 11.6, "one bar"),
        (2, 2.8, "one bar"), (3, 6.54, "smaller"), (1, None, "now look")) + [
        (RIGHT["13.1"] | {"layers L halved, to 16": 23.1}, "two places"),
        (RIGHT["13.1"] | {"layers L halved, to 16": [None, 23.1]}, "predict first"),
        (RIGHT["13.1"] | {"layers L halved, to 16": ["more", 23.1]}, "a number")],
    "13.2": seen(RIGHT["13.2"], (0, 7.65, "one digit more"), (0, 6.86, "causal"), (1, 7.72, "move n"), (2, 16.73, "n² part alone"),
        (2, 33.47, "whole square"), (3, 44.63, "keep their 3"), (4, 33.47, "Llama")),
    "13.3": seen(RIGHT["13.3"], (2, 283, "how many times")),
    "13.4": seen(RIGHT["13.4"], (1, 17.9, "131,072"), (1, 2.6, "one chat"), (1, 738, "131,072"))
        + [(RIGHT["13.4"] | {LONGEST: [2, 133, 512]}, "12_345")],
    "13.5": [(view(model="Llama-3 8B"), "another model"), (view(accelerator="H100 SXM"), "ridge point is at 295"),
        (view(phase="prefill"), "let it write"), (view(n=8_192), "131,072 tokens"), (view(batch=64), "arger batch")],
    "13.6": seen(RIGHT["13.6"], (0, 126, "proportion"), (1, 31.5, "proportion"), (3, 455, "rows")),
    "13.7": seen(RIGHT["13.7"], (0, 18.6, "numbers of them"), (0, 2.69, "other way"), (3, 21.74, "parameters"), (1, 21.74, "parameters"),
        (2, 1 / 36, "other way")),
}
