"""What stands in the answers of notebooks/reference.md: expressions for its numbers and formulas."""

from functools import cache

import numpy as np
import sympy

from helpers import layers, planning
from helpers.explorers.bets import flops
from helpers.explorers.conventions import published_flops
from helpers.memory import fits, training_state_bytes, weight_bytes
from helpers.notation import D, L, N, V, b, d, d_h, h, n, r, w
from helpers.published import ACCELERATORS, MODELS, rows
from helpers.roofline import decode, prefill, ridge_point
from helpers.tiles import tiled_attention_elements
from helpers.tracing import trace
from helpers.transformer import Transformer
from helpers.transformer.sheet import crossover
from helpers.words import money, power

PAIRS, LONG, (m, k, p) = "scores and weighted sum", 131_072, sympy.symbols("m k p", positive=True, integer=True)
eight, seven, seventy, gpt2, gpt3, v3, gemma, xl, mixtral, hybrid = map(MODELS.get, (
    "Llama-3 8B", "Llama-2 7B", "Llama-3 70B", "GPT-2", "GPT-3 175B", "DeepSeek-V3", "Gemma 3 27B", "GPT-2 XL", "Mixtral 8x7B", "Qwen3-Next 80B-A3B"))
h100, h200, a100, b200, rtx = map(ACCELERATORS.get, ("H100 SXM", "H200", "A100 80GB", "B200", "RTX 4090"))
all_full = Transformer.of_layers([(62, gemma.layers[-1][1])], gemma.vocab_size)
week, laws = 8 * 7 * 86_400 * 0.4 * h100.flops_per_second, rows("chinchilla_laws")
best, trained = planning.optimal_split("refitted", week), {run.name: run for run in rows("trained_models")}["Llama-3 8B"]
fit, spent = planning.LAWS["refitted"], 6 * trained.parameters * trained.tokens
serve = cache(lambda users: planning.serve(eight, h100, 2_048, 512, users))
num, gb, billion = lambda x: f"{x:,}", lambda x, digits=1: f"{x / 1e9:,.{digits}f} GB", lambda x: f"{x / 1e9:,.1f} billion"
pc, tera = lambda x, digits=1: f"{100 * x:.{digits}f} %", lambda x: f"{x / 1e12:,.0f} TFLOP/s"
block = lambda n, d: 24 * n * d**2 + 4 * n**2 * d
attention = lambda n, d, layer=layers.self_attention, **more: trace(layer, x=(n, d), **dict.fromkeys(("w_q", "w_k", "w_v", "w_o"), (d, d)), **more)
pairs = lambda model, n: model.flops_by_part(n)[PAIRS]
MET = eight.active_parameters(input_embedding=False)
v3_mfu = lambda peak: pc(v3.training_flops(4_096, causal=True) / 4_096 * 14.8e12 / (2.664e6 * 3600 * peak))
served = lambda chip: f"{decode(eight, chip, 4_096).tokens_per_second:.0f}"
usd = lambda users: f"{serve(users).usd_per_million_written:.2f} USD"
ms = lambda phase, digits, **more: f"{1e3 * phase(eight, h100, 8_192, **more).seconds:.{digits}f} ms"
per_byte = lambda model: f"{model.flops_by_part(8_192, last=True)[PAIRS] / model.kv_cache_bytes(8_192):.0f}"
budget_for = lambda loss: week * ((best.loss - fit.E) / (loss - fit.E)) ** ((fit.alpha + fit.beta) / (fit.alpha * fit.beta))
enough = budget_for(planning.predicted_loss("refitted", trained.parameters, trained.tokens))
plain = Transformer.symbolic(n_kv_heads=None, d_head=None)
today, megatron = Transformer.symbolic(gated=True, attention_bias=False), Transformer(96, 12288, 96, 4 * 12288, 51200)
windows = sum(count for count, layer in gemma.layers if layer.window)
small, head = MODELS["Chinchilla 73M"], dict(n=8_192, d_h=128, budget=256)
built = planning.buildable_shape(best.parameters, "Llama-2", 4_096)
days, shares = 7 * built.training_flops(4_096) / 4_096 * best.tokens / week, {run.model: run for run in rows("utilisations")}
standard, flash = rows("flash_attention_runs")
zero = lambda stage: f"{7.5 * ((16, 4, 2, 0)[stage] + (16 - (16, 4, 2, 0)[stage]) / 64):.1f}"

# Each question by how it begins -> what stands in it and in its answer: numbers as text, formulas in letters.
ANSWERS = {
    "Is a multiply-add": lambda: (billion(block(1024, 768)), billion(block(1024, 768) / 2 + 10 * 1024 * 768)),
    "FLOPs, FLOPS": lambda: (f"{h100.flops_per_second / 1e12:.0f}·10¹²",),
    "How many FLOPs is": lambda: (trace(layers.matrix_product, a=(m, k), b=(k, p)).flops, m * k, k * p, m * p),
    "How do I calculate the FLOPs": lambda: (8 * n * d**2, 4 * n**2 * d, attention(n, d).flops - 8 * n * d**2 - 4 * n**2 * d),
    "Does multi-head": lambda: (num(attention(1024, 768, layers.multi_head_attention, n_heads=12).matmul_flops), "1", str(gpt2.n_heads)),
    "Does the embedding": lambda: (pc(gpt2.flops_by_part(1024)["logits"] / gpt2.forward_flops(1024)),),
    "Should I halve": lambda: (3 * plain.flops_by_part(n)[PAIRS] / n, 3 * plain.flops_by_part(n)[PAIRS] / n / 2, "1,024", pc(1 - gpt2.forward_flops(1024, causal=True) / gpt2.forward_flops(1024))),
    "My FLOP counter": lambda: (n**2, "1,024", "2,048", f"{block(2048, 768) / block(1024, 768):.2f}"),
    "What does cross": lambda: (n * m, n**2),
    "Why is self": lambda: (f"{200**2 // 100**2}", f"{1024 // 512}"),
    "It is O": lambda: ("70", "512", pc(4 * 70**2 * 512 / attention(70, 512).matmul_flops)),
    "How much of attention": lambda: (n / (n + 2 * d), pc(4 * 100**2 * 512 / attention(100, 512).matmul_flops), "100", "512"),
    "From which context": lambda: [*(sympy.solve(4 * n * d - 8 * d**2 - 8 * i * d**2, n)[0] for i in (0, 2, 3)), 4 * d],
    "And in a whole": lambda: [num(crossover(model)) for model in (gpt2, eight, gpt3)],
    "Will half": lambda: ("8,192", "4,096", f"{100 - 100 * block(4096, 4096) / block(8192, 4096)} %", f"{100 - 100 * block(8192, 2048) / block(8192, 4096)} %"),
    "Is attention cheaper": lambda: (2 * d, trace(layers.rnn, x=(n, d), w_x=(d, d), w_h=(d, d)).matmul_flops),
    "Why is attention faster": lambda: ("32", "32", "1"),
    "Why is softmax": lambda: (f"{float(sympy.limit(trace(layers.softmax, x=(n, n)).flops / trace(layers.softmax, x=(n, n)).bytes_moved, n, sympy.oo)):.2f}", f"{ridge_point(h100):.0f}"),
    "I measured": lambda: (str(next(i for i in range(1, 999) if prefill(eight, h100, i).limit == "arithmetic") - 1),),
    "How do I count": lambda: (12 * L * d**2, V * d, num(gpt2.parameters())),
    "Why is Mixtral": lambda: (f"{8 * 7} billion", str(mixtral.n_experts), billion(mixtral.parameters())),
    "MoE: do": lambda: (billion(v3.parameters()), billion(v3.active_parameters())),
    "Is head_dim": lambda: (str(gemma.d_model // gemma.n_heads), str(gemma.head_width)),
    "Does grouped": lambda: (str(eight.n_heads // eight.kv_heads),),
    "Do tied": lambda: (num(gpt2.vocab_size * gpt2.d_model),),
    "What does multi-head latent": lambda: (num(v3.kv_lora_rank + v3.qk_rope_head_dim), num(2 * v3.n_heads * v3.v_head_dim), f"{32768 / v3.layers[0][1].cache_elements(1):.0f}"),
    "My count": lambda: (num((v3.n_layers - v3.n_dense_layers) * v3.n_experts),),
    "How do I get": lambda: (num(gemma.parameters()),),
    "How much of a small": lambda: [pc(model.vocab_size * model.d_model / model.parameters()) for model in (MODELS["Gemma 3 270M"], gemma)],
    "Why does training": lambda: ("6", 2 * N * D, 4 * N * D),
    "What does C": lambda: ("8,192", pc(3 * pairs(eight, 8192) / 6 / MET / 8192), pc(3 * pairs(eight, 8192) / 6 / eight.parameters() / 8192),
                            pc(1 - MET / eight.parameters()), pc(eight.training_flops(8192) / 8192 / 6 / eight.parameters() - 1, 0)),
    "Is N with": lambda: (f"{6 * v3.parameters() / (v3.training_flops(4096) / 4096):.0f}", "4,096"),
    "How expensive": lambda: (str(gpt2.training_flops(1024) // gpt2.forward_flops(1024) - 1), f"{2 + (gpt2.training_flops(1024, fused=True) - gpt2.training_flops(1024)) / pairs(gpt2, 1024)}"),
    "Which formula": lambda: (str(len(published_flops("GPT-2", 1024))), f"{max(published_flops('GPT-2', 1024).values()) / min(published_flops('GPT-2', 1024).values()):.2f}"),
    "How much slower": lambda: (8 * N * D, 6 * N * D, pc(8 / 6 - 1, 0)),
    "Why doesn't LoRA": lambda: (),
    "How long would": lambda: (power(gpt3.training_flops(2048) / 2048 * 300e9), f"{gpt3.training_flops(2048) / 2048 * 300e9 / h100.flops_per_second / 365.25 / 86400:.1f}"),
    "How many tokens for": lambda: ("8", "40 %", billion(best.parameters), billion(best.tokens)),
    "How bad": lambda: (pc(1 - budget_for(planning.split_at("refitted", week, 2 * best.parameters).loss) / week, 0),),
    "Why was Llama": lambda: (f"{trained.tokens / 1e12:.0f} trillion", f"{spent / enough:.1f}", billion(planning.optimal_split("refitted", enough).parameters)),
    "How much memory do I": lambda: (str(sum(training_state_bytes(1).values())), gb(16 * seven.parameters()), str(16 // 2), ),
    "Why keep": lambda: ("1", f"{1 + np.spacing(np.float16(1)):.4f}"),
    "Why does bf16": lambda: [str(sum(training_state_bytes(1, "adam", bits, bits).values())) for bits in ("fp32", "bf16")],
    "CUDA out": lambda: (gb(2 * xl.parameters(), 0), gb(h100.marketed_bytes, 0), "8", "1,024", gb(fits(xl, h100, 1024, 8, training=True).total_bytes), gb(2 * xl.parameters())),
    "How much do I save": lambda: ("7.5 billion", zero(0) + " GB", "64", zero(1), zero(2), zero(3) + " GB", "1", "2", "3"),
    "How do I estimate": lambda: (Transformer(1, d, h, 4 * d, 1).activation_bytes(n, b), "2", "4"),
    "And with Flash": lambda: ((today.activation_bytes(n, b, dropout=False, fused=True) / (L * b) - 4 * h * n).subs(h * d_h, d), 41 * n * d),
    "Why did long": lambda: (num(LONG), *(gb(eight.n_layers * size) for size in (41 * LONG * 4096 + 2 * 32 * LONG**2, 41 * LONG * 4096))),
    "How much VRAM": lambda: (gb(weight_bytes(eight)), "16", gb(weight_bytes(eight, "int8")), gb(weight_bytes(eight, "int4"))),
    "How many concurrent": lambda: (str(serve(1).largest_batch), num(2_048 + 512)),
    "What does it cost": lambda: (billion(built.parameters()), "8", "40 %", f"{days:.1f} days", f"{money(days * 24 * 8 * planning.ASSUMED_USD_PER_HOUR)} USD", f"{planning.ASSUMED_USD_PER_HOUR} USD"),
    "How much memory does": lambda: (gb(xl.activation_bytes(1024, 8)), gb(xl.activation_bytes(1024, 8, "full")), pc(xl.training_flops(1024, recompute="full") / xl.training_flops(1024) - 1)),
    "How do I calculate the KV": lambda: (today.kv_cache_bytes(1, bytes_per_element=1), num(eight.kv_cache_bytes(1)), "16"),
    "My KV": lambda: (str(eight.n_heads // eight.kv_heads), str(eight.n_heads), str(eight.kv_heads)),
    "When is the KV": lambda: [f"{2 * model.parameters() / model.kv_cache_bytes(1):,.0f}" for model in (seven, eight)],
    "How much cache": lambda: (gb(gemma.kv_cache_bytes(LONG)), num(LONG), gb(all_full.kv_cache_bytes(LONG)), str(gemma.layers[-1][0]), str(gemma.n_layers)),
    "Does Llama-3 70B": lambda: ("16", gb(2 * seventy.parameters()), gb(h200.memory_bytes), num((h200.memory_bytes - 2 * seventy.parameters()) // seventy.kv_cache_bytes(1))),
    "GB or": lambda: (gb(h100.marketed_bytes, 0), f"{h100.memory_bytes / 2**20:,.0f} MiB", f"{h100.memory_bytes / 2**30:.1f} GiB", gb(h100.memory_bytes)),
    "How many GPUs": lambda: (str(-(-16 * seventy.parameters() // h100.memory_bytes)),),
    "Why is prefill": lambda: (f"{prefill(eight, h100, 8192).tokens_per_second:,.0f}", f"{decode(eight, h100, 8192).tokens_per_second:.0f}", "8,192"),
    "Why is GPU": lambda: ("1", ms(decode, 2), f"{1e3 * decode(eight, h100, 8192).arithmetic_seconds:.2f} ms", pc(decode(eight, h100, 8192).arithmetic_seconds / decode(eight, h100, 8192).seconds)),
    "How many tokens per": lambda: (served(rtx), served(h100), "4,096"),
    "How large a batch": lambda: (f"{ridge_point(h100):.0f}", num(int(2 * eight.active_parameters(input_embedding=False) / eight.kv_cache_bytes(1) / (ridge_point(h100) - 4)))),
    "Does quant": lambda: (ms(decode, 2, precision="int8"), ms(decode, 2), "8,192", ms(prefill, 0, precision="int8")),
    "Why does spec": lambda: ("16", "1", "15", "0.8", f"{(1 - 0.8**16) / (1 - 0.8):.2f}"),
    "Latency": lambda: ("16", "1", f"{serve(1).usd_per_million_written / serve(16).usd_per_million_written:.0f}", pc(1 - serve(16).tokens_per_second_per_user / serve(1).tokens_per_second_per_user, 0)),
    "What does a million": lambda: (f"{planning.ASSUMED_USD_PER_HOUR} USD", usd(1), usd(16), "16", usd(207), str(serve(1).largest_batch)),
    "Why are output": lambda: (f"{serve(16).usd_per_million_read:.3f} USD", usd(16), "16"),
    "How long until": lambda: (f"{serve(1).first_token_seconds:.2f} s", "2,048", f"{serve(207).first_token_seconds:.1f} s", "207"),
    "Why is Llama-2": lambda: (num(seven.kv_cache_bytes(1)), num(eight.kv_cache_bytes(1))),
    "Why do mix": lambda: (gb(decode(v3, h100, 1, 1).bytes_moved, 0), "1", gb(decode(v3, h100, 1, 16).bytes_moved, 0), "16"),
    "Is a MoE": lambda: (gb(2 * mixtral.parameters()), "16", billion(mixtral.active_parameters()), billion(mixtral.parameters())),
    "What are MFU": lambda: [f"{share} %" for share in (shares["PaLM"].model_flops, shares["PaLM"].hardware_flops)],
    "My MFU": lambda: ("100 %", "104 %", tera(a100.flops_per_second), tera(h100.flops_per_second), pc(1.04 * a100.flops_per_second / h100.flops_per_second)),
    "Which peak": lambda: ("989", "1,979", tera(h100.flops_per_second), "16", tera(h100.fp8_flops_per_second)),
    "Why is MFU": lambda: (v3_mfu(h100.flops_per_second), v3_mfu(h100.fp8_flops_per_second)),
    "When is an op": lambda: (f"{ridge_point(h100):.0f}", f"{ridge_point(rtx):.0f}"),
    "How much faster": lambda: (f"{h100.flops_per_second / rtx.flops_per_second:.1f}", f"{h100.bytes_per_second / rtx.bytes_per_second:.1f}"),
    "Which kind": lambda: (per_byte(seven), per_byte(eight), per_byte(v3)),
    "Does Flash": lambda: (4 * n**2 * d, f"{(2 + 5) / (2 + 4):.3f}"),
    "Is FlashAttention lin": lambda: ("1,024", "2,048", f"{2048**2 // 1024**2}"),
    "Is FlashAttention an": lambda: (),
    "Then why is it": lambda: (n**2, "64", "1,024", *(gb(2 * 64 * 16 * moved) for moved in (tiled_attention_elements(1024, 64, 128, 64), 4 * 1024**2 + 4 * 1024 * 64)), "128"),
    "Does a causal": lambda: ("128", pc(9 / 16, 2), "1,024", pc(65 / 128, 2), "8,192"),
    "What limits": lambda: (4 * d, f"{b200.flops_per_second / (16 * 148 * 1.85e9):.0f}", "128", str(4 * 128)),
    "How do today": lambda: (num(LONG), *(pc(pairs(model, LONG) / model.forward_flops(LONG), 0) for model in (gemma, all_full))),
    "Can a token": lambda: (1 + L * (w - 1), num(1 + windows * (gemma.layers[0][1].window - 1)), str(windows), num(gemma.layers[0][1].window)),
    "Is linear": lambda: (4 * n * d_h**2, d_h**2),
    "Then why isn't": lambda: (num(64**2), "16", num(64**2 * 16 // 6), str(2**6)),
    "How large is": lambda: (f"{hybrid.layers[0][1].cache_elements(1) / hybrid.layers[1][1].cache_elements(1):.0f}", "16", str(hybrid.layers[0][0]), str(hybrid.n_layers)),
    "When do Lin": lambda: (2 * r, 8 * n * r * d_h),
    "Is hashing": lambda: (f"{flops('all', **head) / flops('hashing', **head):.1f}", num(head["n"]), str(head["budget"])),
    "Does MLA": lambda: (f"{2 * (2 * v3.kv_lora_rank + v3.qk_rope_head_dim) / (2 * (v3.head_width + v3.v_head_dim)):.1f}",),
    "Can exact": lambda: (),
    "Are there": lambda: (str(MODELS["GPT-3 XL"].n_heads), str(rows("gpt3_shapes")[3].n_heads), num(MODELS["GPT-3 13B"].d_model), num(rows("gpt3_shapes")[6].d_model)),
    "Why do Chin": lambda: ("70 billion", *(billion(planning.optimal_split(laws[place], 5.76e23).parameters) for place in (0, 2, 1))),
    "Does Chin": lambda: (f"{(small.forward_flops(2048) - small.flops_by_part(2048)['logits'] + 3 * 10 * 10 * 2048**2) / (2 * 2048 * (small.parameters() + 10 * 640**2)):.2f}",),
    "How are 66": lambda: (str(standard.gflops), f"{64 * 16 * 6 * 2 * 1024**2 * 64 / 1e9:.0f} GFLOPs", f"{flash.gflops / standard.gflops:.2f}", f"{(2 + 5) / (2 + 4):.3f}"),
    "Is the HFU": lambda: (f"{shares['175B'].hardware_flops} %", "175 billion", f"{shares['175B'].model_flops * megatron.training_flops(2048, recompute='selective') / megatron.training_flops(2048):.1f} %"),
    "How much do pub": lambda: (f"{max(published_flops('GPT-3 175B', 2048).values()) / min(published_flops('GPT-3 175B', 2048).values()):.2f}",),
}
