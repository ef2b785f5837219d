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


def but(number, row, seen, predicted=1):
    return RIGHT[number] | {row: [predicted, seen]}


def service(**values):
    return ServingExplorer(**{"model": "Llama-3 70B", "accelerator": "H100 SXM", "devices": 8, "prompt": 4_096, "written": 1_024,
                              "batch": 128, "precision": "16 bit", "share": 60, "price": 2.5} | values)


WRONG = {
    "14.1": [(but("14.1", "800 accelerators: best N (10⁹)", 388), "text takes its half"),
             (but("14.1", "800 accelerators: best N (10⁹)", 3.88), "slider at 800"),
             (but("14.1", "800 accelerators: best N (10⁹)", 41.1e9), "billions"),
             (but("14.1", "800, published law: best N (10⁹)", 41.1), "refitted"),
             (but("14.1", "800, published law: best N (10⁹)", 2.45), "slider at 800"),
             (but("14.1", "full recomputation: days", 11.09), "published law"), (but("14.1", "n = 32,768 tokens: days", 19.0), "press reset"),
             (but("14.1", "model size 316 %: nats worse", 2.289), "loss itself"),
             (but("14.1", "model size 316 %: nats worse", 0.157), "ten times"),
             (but("14.1", "full recomputation: days", 8.0), "before the change"),
             (but("14.1", "full recomputation: days", 8.49), "selective"), (but("14.1", "full recomputation: days", 9.33), "a third more than 7 days"),
             (but("14.1", "n = 32,768 tokens: days", 8.04), "before the change"),
             (but("14.1", "n = 32,768 tokens: days", 23.1), "switch it off"),
             (but("14.1", "n = 32,768 tokens: days", 17.4, None), "predict first"), ({"800, published law: best N (10⁹)": [3.9, 19.6]}, "no answer"), ([41.1], "dict")],
    "14.2": [(but("14.2", "4 accelerators: price", 0.107), "costs four times"), (but("14.2", "4 accelerators: price", 1.71), "four times as fast"),
             (but("14.2", "4 accelerators: price", 5.29), "one user"), (but("14.2", "4 accelerators: speed", 525), "one user"),
             (but("14.2", "weights 4 bit: speed", 496), "one user"), (but("14.2", "prompts of 16,384 tokens: price", 5.94), "one user"),
             (but("14.2", "Llama-2 7B: price", 4.98), "one user"), (but("14.2", "4 accelerators: speed", 101), "where the row says"), (but("14.2", "4 accelerators: speed", 6_480), "all users"),
             (but("14.2", "weights 4 bit: speed", 405), "keeps its 16 bits"), (but("14.2", "prompts of 16,384 tokens: price", 0.43), "where the row says"),
             (but("14.2", "prompts of 16,384 tokens: price", 0.023), "read"), (but("14.2", "Llama-2 7B: price", 0.36), "bytes of the cache")],
    "14.3": [(lambda extra_flops, small, large: extra_flops / (6 * (large - small)), "forward pass"),
             (lambda extra_flops, small, large: extra_flops / (large - small), "multiply and an add"),
             (lambda extra_flops, small, large: extra_flops / (2 * small), "difference"),
             (lambda extra_flops, small, large: extra_flops / (2 * large), "not free"),
             (lambda extra_flops, small, large: extra_flops / 2 * (large - small), "brackets"),
             (lambda extra_flops, small, large: extra_flops / (2 * (small - large)), "sign")],
    "14.4": [(service(devices=4, batch=64), "too slow and too dear"), (service(devices=6, batch=106), "too dear"),
             (service(batch=64), "among whom"), (service(batch=192), "faster"), (service(devices=4, batch=128), "does not fit"),
             (service(precision="weights 4 bit"), "precision"), (service(price=1), "price"), (service(written=512), "written"),
             ("eight", "print")],
    "14.5": [(but("14.5", "n = 8,192: elasticity of n", 0.517), "start"), (but("14.5", "n = 8,192: elasticity of n", 0.0323), "weights stay"),
             (but("14.5", "n = 8,192, batch 16: elasticity of n", 0.063), "batch at 16"),
             (but("14.5", "n = 8,192, forward pass: elasticity of n", 2), "alone"), (but("14.5", "n = 8,192, forward pass: elasticity of n", 1.7), "131,072"),
             (but("14.5", "n = 8,192, forward pass: elasticity of groups", 0.09), "what is counted"),
             (but("14.5", "n = 8,192, forward pass: elasticity of groups", 0.011), "131,072"),
             (but("14.5", "batch 16, writing one token: elasticity of n", 0.53), "batch at 16"),
             (but("14.5", "batch 16, writing one token: elasticity of n", 1.696), "choose writing")],
}
