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


def but(number, row, seen, predicted=1):
    return RIGHT[number] | {row: [predicted, seen]}


def view(**values):
    return RooflineExplorer(**{"model": "DeepSeek-V3", "accelerator": "H200", "batch": 1_024, "n": 131_072} | values)


WRONG = {
    "13.1": [(but("13.1", "width d halved, to 2,048", 26.2), "move at all"), (but("13.1", "width d halved, to 2,048", 6.5), "one bar"),
             (but("13.1", "layers L halved, to 16", 13.1), "before"), (but("13.1", "layers L halved, to 16", 11.6), "one bar"),
             (but("13.1", "vocabulary V cut to 50,000", 2.8), "one bar"), (but("13.1", "output head tied to the embedding", 6.54), "smaller"),
             (RIGHT["13.1"] | {"layers L halved, to 16": 23.1}, "two places"), (but("13.1", "layers L halved, to 16", 23.1, None), "predict first"),
             (but("13.1", "layers L halved, to 16", 23.1, "more"), "a number"), (but("13.1", "layers L halved, to 16", None), "now look"),
             ([13.1, 23.1], "dict"), ({"width d halved, to 2,048": [26, 13.1]}, "no answer yet")],
    "13.2": [(but("13.2", "n = 8,192, whole square", 7.65), "one digit more"), (but("13.2", "n = 8,192, whole square", 6), "rule of thumb"), (but("13.2", "n = 8,192, whole square", 6.86), "causal"),
             (but("13.2", "n = 131,072, whole square", 7.72), "move n"), (but("13.2", "n = 131,072, causal n²/2", 16.73), "not half of all"),
             (but("13.2", "n = 131,072, causal n²/2", 33.47), "whole square"),
             (but("13.2", "n = 131,072, whole square, all layers once more", 44.63), "keep their 3"),
             (but("13.2", "n = 131,072, whole square, GPT-3 175B", 33.47), "Llama"),
             (but("13.2", "n = 131,072, whole square", 251_186_380_800), "each token")],
    "13.3": [(but("13.3", "learning, fp32 to bf16: bytes in all", 2), "weights alone"),
             (but("13.3", "serving one chat, bf16 to int4: bytes in all", 0.25), "times as many"),
             (but("13.3", "serving, bf16 to int4: largest batch that fits an H100", 4), "room"),
             (but("13.3", "serving, bf16 to int4: largest batch that fits an H100", 283), "how many times")],
    "13.4": [(but("13.4", "GPT-3 175B", 1), "batch"), (but("13.4", "Llama-3 8B", 17.9), "8,192"), (but("13.4", "Llama-3 8B", 2.6), "one chat"),
             (but("13.4", "DeepSeek-V3", 206), "ridge"), (but("13.4", "Llama-3 405B", 295), "ridge"), (but("13.4", "DeepSeek-V3", 473), "16 bits"),
             (but("13.4", "Llama-3 8B", 738), "128"), (but("13.4", LONGEST, 1_024), "none does"), (but("13.4", LONGEST, 256), "one step further"),
             (but("13.4", LONGEST, 566), "slider"), (but("13.4", LONGEST, 8_192), "too large"), (RIGHT["13.4"] | {LONGEST: [2, 133, 512]}, "12_345")],
    "13.5": [(view(model="Llama-3 8B"), "Another model"), (view(accelerator="H100 SXM"), "ridge point is at 295"),
             (view(phase="prefill"), "let it write"), (view(n=8_192), "too short"), (view(batch=64), "arger batch"),
             ("DeepSeek-V3", "print")],
    "13.6": [(but("13.6", "columns doubled, to 128", 126), "proportion"), (but("13.6", "head width halved, to 64", 31.5), "proportion"),
             (but("13.6", "fewest rows on the slider that reach an H100's 295", 256), "241"),
             (but("13.6", "fewest rows on the slider that reach an H100's 295", 1_024), "does not fit"),
             (but("13.6", "fewest rows on the slider that reach an H100's 295", 400), "powers of two"),
             (but("13.6", "fewest rows on the slider that reach an H100's 295", 455), "rows"),
             (but("13.6", "fewest rows on the slider that reach an H100's 295", 318), "powers of two")],
    "13.7": [(but("13.7", "training FLOPs, all tokens", 18.6), "numbers of them"), (but("13.7", "training FLOPs, all tokens", 2.69), "other way"),
             (but("13.7", "cache bytes of one token", 9), "whole sequence"), (but("13.7", "seconds to write a token", 21.74), "parameters"),
             (but("13.7", "bytes to learn one sequence", 21.74), "parameters"), (but("13.7", "cache bytes of one token", 1 / 36), "other way")],
}
