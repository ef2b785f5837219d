"""Usual wrong answers to lesson 14 and a word of the hint that each must earn."""

from helpers.explorers import ServingExplorer

RIGHT = {
    "14.1": {"800 accelerators: best N (10⁹)": [388, 41.1], "800, published law: best N (10⁹)": [41, 19.6],
             "model size 316 %: nats worse": [0.5, 0.037], "full recomputation: days": [9.3, 10.7],
             "n = 32,768 tokens: days": [8, 17.4]},
    "14.2": {"4 accelerators: price": [0.11, 0.43], "4 accelerators: speed": [101, 405], "weights 4 bit: speed": [405, 234],
             "prompts of 16,384 tokens: price": [0.43, 1.08], "Llama-2 7B: price": [0.38, 0.70]},
    "14.5": {"n = 8,192: elasticity of n": [0.5, 0.063], "n = 8,192, batch 16: elasticity of n": [0.1, 0.517],
             "n = 8,192, forward pass: elasticity of n": [2, 1.125], "n = 8,192, forward pass: elasticity of groups": [0.25, 0.031],
             "batch 16, writing one token: elasticity of n": [0.5, 0.948]},
}


def seen(right, *slips):
    """The sheet `right` with one row wrong, by its place: (row, what was seen, words of the hint)."""
    return [(right | {[*right][row]: [1, value]}, words) for row, value, words in slips]


def service(**values):
    return ServingExplorer(**{"model": "Llama-3 70B", "accelerator": "H100 SXM", "devices": 8, "prompt": 4_096, "written": 1_024,
                              "batch": 128, "precision": "16 bit", "share": 60, "price": 2.5} | values)


WRONG = {
    "14.1": seen(RIGHT["14.1"], (0, 388, "text takes its half"), (0, 3.88, "slider at 800"), (0, 41.1e9, "billions"),
        (1, 41.1, "refitted"), (1, 2.45, "slider at 800"), (4, 19.0, "press reset"), (2, 0.157, "ten times"),
        (3, 8.0, "before the change"), (4, 23.1, "switch it off")) + [
        (RIGHT["14.1"] | {"n = 32,768 tokens: days": [None, 17.4]}, "predict first")],
    "14.2": seen(RIGHT["14.2"], (0, 0.107, "costs four times"), (0, 1.71, "four times as fast"), (1, 101, "where the row says"),
        (1, 6_480, "all users"), (2, 405, "keeps its 16 bits"), (3, 0.43, "where the row says"), (4, 0.36, "bytes of the cache")),
    "14.3": [(lambda extra_flops, small, large: extra_flops / (6 * (large - small)), "forward pass"),
        (lambda extra_flops, small, large: extra_flops / (large - small), "multiply and an add"),
        (lambda extra_flops, small, large: extra_flops / (2 * small), "difference"),
        (lambda extra_flops, small, large: extra_flops / (2 * large), "difference"),
        (lambda extra_flops, small, large: extra_flops / 2 * (large - small), "brackets")],
    "14.4": [(service(devices=4, batch=64), "too slow"), (service(devices=6, batch=106), "too dear"), (service(batch=64), "among whom"),
        (service(batch=192), "faster"), (service(devices=4, batch=128), "does not fit"),
        (service(precision="weights 4 bit"), "precision"), (service(price=1), "price"), (service(written=512), "written")],
    "14.5": seen(RIGHT["14.5"], (0, 0.517, "start"), (0, 0.0323, "weights stay"), (1, 0.063, "batch at 16"), (2, 1.7, "131,072"),
        (3, 0.011, "131,072"), (4, 0.53, "batch at 16"), (4, 1.696, "choose writing")),
}
