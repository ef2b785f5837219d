"""Phrases with the numbers that no cell prints and no equation beside them gives.

One line for each lesson (a second where it grows long), "any" where several say it; a phrase is written as the lesson has it,
links' targets and emphasis left out, with a ¦ between two. RE is the front page, fo the forty minutes.
"""
from helpers.planning import budget_flops, optimal_split, serve
from helpers.published import ACCELERATORS, MODELS

# The lessons that one names in its sentences, links aside.
NAMED = {
    "00": "01 02 03", "01": "02 03 14", "02": "00 01 08", "03": "00 01 05", "04": "10", "05": "03 07", "06": "03 05 07",
    "07": "03 05 06 09", "08": "05 07 09", "09": "06 08", "10": "03 04 05 07 09", "11": "03 06 07", "12": "01 03 04 10",
    "13": "05 06 07 08 09 12 14", "14": "06 07 09 11", "15": "03 04 05 06 07 08 09 10 11 14", "RE": "00", "fo": "00 01 02 03"}
# The minutes of a lesson that are not on the front page: of its exercises, its parts, a short route.
TIMES = {
    "00": "5", "01": "20 15", "02": "25", "03": "25 20", "04": "20", "05": "25", "06": "25", "07": "30", "08": "30", "09": "25",
    "10": "25", "11": "30", "12": "20 40 20 15", "13": "20 1 4 35 15 10 10 20 10 15", "14": "45 27 18", "15": "20 40 30 20 10 40"}

GPT2, XL, GPT3, LLAMA, GEMMA, DEEPSEEK = (MODELS[name] for name in (
    "GPT-2", "GPT-2 XL", "GPT-3 175B", "Llama-3 8B", "Gemma 3 27B", "DeepSeek-V3"))
STATE = MODELS["Qwen3-Next 80B-A3B"].layers[0][1]
H100, RTX = ACCELERATORS["H100 SXM"], ACCELERATORS["RTX 4090"]
WEEK, THEIRS = ([optimal_split(law, flops).parameters for law in ("published", "refitted", "published, unrounded")]
                for flops in (budget_flops(H100, 8, 7, 0.4), 5.76e23))
ALONE, SHARED = (serve(LLAMA, H100, 2_048, 512, users) for users in (1, 16))
RIDGE = H100.flops_per_second / H100.bytes_per_second
SQUARES, REST = 5 * XL.n_heads * 1024, 34 * XL.d_model
ZERO = (f"{round(7.5 * (kept + (16 - kept) / 64), 1):g}" for kept in (16, 4, 2, 0.0))

COMPUTED = {
    "03": [f"width of {GPT3.d_model:,}"],
    "05": [f"with {GEMMA.n_layers - 52} full layers, and 1/{131_072 // 1024} of", f"71 FLOPs in 100 become {71 * .168:.0f} beside {100 - 71}",
           f"in {GEMMA.layers[0][0]} of {GEMMA.n_layers} layers"],
    "06": [f"be {6 * DEEPSEEK.parameters() * 4096 / DEEPSEEK.training_flops(4096):.0f} times too",
           f"and {H100.flops_per_second / 1e12:.0f} in 16."],
    "07": [f"its {XL.parameters() / 1e9:.1f} billion weights", f"than {H100.marketed_bytes / 1e9:.0f}.",
           f"its {DEEPSEEK.parameters() / 1e9:.0f} billion", "parameters: {} GB, and with the three stages {}, {} and {}".format(*ZERO),
           f"or ${12 + 8 * LLAMA.d_ff / LLAMA.d_model + 4 * 8 / 32:.0f}\\,nbd$", f"${LLAMA.d_ff / LLAMA.d_model}d$ wide",
           f"For {100 * XL.training_flops(1024, recompute='selective') / XL.training_flops(1024) - 100:.0f} % more",
           f"shrink by {100 * SQUARES / (SQUARES + REST):.0f} %"],
    "08": [f"about {round(RIDGE, -2):.0f}", f"or {5400 / RIDGE:.0f} times", f"{H100.bytes_per_second / RTX.bytes_per_second:.1f}-fold",
           f"once: {100 * 19.3e9 * 208 / H100.flops_per_second:.1f} %",
           f"weight in {DEEPSEEK.parameters() / DEEPSEEK.active_parameters():.0f}."],
    "10": [f"keeps {STATE.n_heads} states of {STATE.head_width} × {STATE.value_width} numbers"],
    "12": [f"{GEMMA.n_layers} layers, {GEMMA.layers[0][0]} look", f"all {GEMMA.n_layers} grow",
           f"{LLAMA.n_heads} query heads share {LLAMA.n_kv_heads} key"],
    "13": [f"at {RIDGE:.0f} FLOPs", f"norms, {100 * LLAMA.parameters_by_part()['norms'] / LLAMA.parameters():.3f} %",
           f"same {round(GEMMA.vocab_size, -3):,}", f"sold as {H100.marketed_bytes / 1e9:.0f} GB", f"({H100.memory_bytes / 1e9:.2f} GB)",
           f"GPT-3, {GPT3.parameters() / LLAMA.parameters():.0f} times as large, ends at {GPT3.n_heads // GPT3.kv_heads},"],
    "14": [f"factor of {WEEK[1] / WEEK[0]:.1f} at a week's budget and of {THEIRS[1] / THEIRS[0]:.1f} at Chin",
           f"turns {THEIRS[2] / 1e9:.1f} into {THEIRS[0] / 1e9:.1f}", f"about {GPT2.d_model / GPT2.n_layers:.0f}:",
           f"served {100 - 100 * SHARED.tokens_per_second_per_user / ALONE.tokens_per_second_per_user:.0f} % slower",
           f"after {SHARED.first_token_seconds:.2f} seconds in place of {ALONE.first_token_seconds:.2f}.",
           f"its {MODELS['Llama-2 7B'].n_heads} heads"],
    "any": [f"{GPT3.tokens / 1e9:.0f} billion", f"its {DEEPSEEK.n_heads} heads"],
}

# Follows from the numbers and formulas beside it, or is a convention, a name, a guess, a case that the lesson chose.
CHOSEN = r"""
00: why 6 operations ¦ from 02, so ¦ $n = 3$ and $d = 4$ ¦ | 5 | this one ¦ | 20 | [ ¦ twice 45? ¦ guests = 20
01: 4 dancers: 16 pairs, 6 couples drawn, 4 looks ¦ 8 dancers: 64 pairs, 28 couples drawn, 8 looks ¦ 16 dancers: 256 pairs, 120 couples drawn, 16 looks
01: 32 dancers: 1,024 pairs, 496 couples drawn, 32 looks ¦ by 5 multiplies the cost by 25 ¦ between 10 and 100 as between 100 and 1,000 ¦ work as $4d^2$ ¦ tokens, which is 72 % ¦ to 400, which is 52 %
01: root of 2, or ¦ is $2n^2d$. Two ¦ up to 8, and against ¦ 500 is a lot ¦ for 100 million comparisons ¦ $n$ to 200. ¦ from 1,000 to 1,000,000 ¦ 1.41 times ¦ is 20,000 times
02: other 8.9 billion ¦ 512, where it is 1,024 in place of 1,023 ¦ three times 42. ¦ is 20 million, and 60,000 for ¦ $2k - 1$, and ours is $2k$ ¦ counts $2k$ ¦ sqrt d$ | 0 |
02: copying, looking up | 0 FLOPs ¦ | 1 FLOP for ¦ $4d + 6$ FLOPs ¦ lists of 512 numbers ¦ takes two, that is 16 bits ¦ about 5, 10, 20 or 40 million
03: 60,000 FLOPs beside 230 million ¦ makes 10,240,000 FLOPs ¦ hence the 6. ¦ or $2k$ FLOPs ¦ ratio is 1, at ¦ $d*4d$ and $4d*d$ ¦ with a 2 in front ¦ $n = 100$
03: of 100 and 512 ¦ than 90 % of the ¦ 230 million FLOPs ¦ hold 52 times ¦ text of 1,024 tokens, ten
04: mere 6.4 % ¦ every $d/2$ tokens ¦ up to 1,280 tokens ¦ costs $6nd^2$. Att ¦ costs $12d^2$ ¦ width $4 + 2n/d$ ¦ sentence of 70 ¦ $k < 4$ ¦ $k = 9$ and ¦ h_{t-1} ¦ the $k - 1$ before
04: alone have 8 where the whole RNN has 4. ¦ $n = (k - 4)d/2$, so ¦ token 1 to output 8 has 8 hops. Convolution, k = 3: four ¦ every output; 1 hop ¦ between 0 and 1 that ¦ $n = d/2$, $d$
04: text of 32 tokens ¦ looks at 3 tokens ¦ with $w = 3$ on ¦ rivals of 2017 ¦ Each layer of width 3 ¦ (n - 1)/(k - 1)$ layers
05: a lookup, 27.1 % ¦ 66.6 to 11.2 GB ¦ not 56, because ¦ 192 elements ¦ news 1,023 tokens ¦ L(24nd^2 + 4n^2d) ¦ are $4d$ in attention and $4d + d$ after ¦ swapaxes(0, 1) ¦ mean 0 and standard deviation 1 ¦ 7-billion ¦ OLMo 2
05: gives 50,257 scores ¦ a.shape[0], heads, -1) ¦ makes 46.7 billion
06: gradient: 4 FLOPs ¦ $6(12Ld^2 + Vd) ¦ its 6, those ¦ so 7.2 % ¦ token, 2 FLOPs, and ¦ The 2 is the ¦ 16-bit peak did ¦ an 8-bit ¦ H800 ¦ Where 6ND comes ¦ 2·37e9·14.8e12
07: n = 6d$ on (less ¦ optimizer's 12 bytes ¦ 5 is two $n ¦ passes 34 at $n = 6.8\,d/h$, which is 6.8 times ¦ from 6.8 head ¦ them by 4 once ¦ than 34, since ¦ 3.1 GB (1 GB is $10^9$
07: GiB, of $2^{30}$ bytes ¦ 16-bit format ¦ fp16 ¦ for 7.5 billion param ¦ maker's "80 GB" ¦ in it, 4 bytes each ¦ here is `noise < 0.9` ¦ until about 2022 ¦ with 4,096 tokens each
08: is 277 times as fast ¦ h(2d_c + d_{rope}) ¦ $8nd^2$ stands beside $4n^2d$ ¦ ones $8nd^2$ pulls ¦ (1 - p^k+1)/(1 - p) ¦ 2 bytes a number ¦ much with 8 bits as with 16, and with 4 twice ¦ 8 and 4 bits
08: with 16 bits and with weights of 4 bits ¦ above 100 % ¦ from 8 to 64 tokens ¦ from 256 to 2,048 ¦ Reading 256 tokens ¦ as reading 16? ¦ slope at 1, ¦ 0.1 to 60,000 ¦ roof at 3,000 ¦ than 99 % ¦ show no 2,
08: small model of $10^9$
09: is 2,560, and the last 64 are ¦ about $8n^2d^2/M$ ¦ makes 4 passes ¦ at 128 on a B200 ¦ the $4n^2$ of plain ¦ FlashAttention-2 ¦ FlashAttention-3 ¦ FlashAttention-4 ¦ a grid of 8 by 8 ¦ e^{1000}
09: we count 1.167.
10: keeps 300 times ¦ of its 48 layers are ¦ all 48 full, 94 % ¦ in 36 of its ¦ say 23? Of the 94 ¦ other 6. So ¦ at 3.4 times ¦ n = 2r$ ¦ of $4n^2d_h$ ¦ reaches $w - 1$ ¦ the $w - 1$ before ¦ Mamba-2
10:  window of 257 ¦ over 257 is ¦ = 64, and drag the budget from 512 down to 4. ¦ answer of 0? ¦ On 64 tokens ¦ one of 64 values ¦ 300 times tow ¦ a rate of 0.1 or 1, ¦ rule at 0.1 hardly beats the sum, and at 1 it ¦ reads 8,192 tokens that
10: write 1,024 entries ¦ into 4,096 numbers ¦ At 131,072 the twelve ¦ gets 4,096 numbers
11: 5,140 is 5,120 ¦ 45.65 to 45.75 ¦ allows 5 either ¦ is 15 % too ¦ by 86 million ¦ is 40 heads ¦ 2.376 is printed as 2.38 ¦ becomes 0.28. Unr ¦ 72bnLd^2(1 + (n)/(6d) + (V)/(12dL)), 72bnLd^2(1 + (n)/(3d) + (V)/(12dL)
11: is two): 6 for ¦ printed 24 is ¦ (2n)/(9d) ¦ Conv1D ¦ In 13B only ¦ for 175 billion ¦ 30, 50 or 70 billion? ¦ 1.01, 2 or 1,000? ¦ digit of 5,140 ¦ So 51.9 % is right
12: cost 3.00 times ¦ get 6 every ¦ sums to 6. ¦ saves 31 of attention's 34 van ¦ next 4,086 tokens ¦ the 63 neigh ¦ $5nd^2$ in ¦ n = 1.25d$ ¦ curve $16nd^2$ ¦ RNN needs $4nd^2$ ¦ scaling ($6n^2$)
12: are 4 and 2, in ¦ are 2 and 4, and ¦ every 64th ¦ sqrtn/2 ¦ (8nd^2 + 4nwd)/(4nd^2) ¦ = 2 + (w)/(d) ¦ 2s - 1$ tokens ¦ share of 90 % ¦ error is 1, ¦ $d$ = 4,096), reads ¦ look back 1,024 tokens
12: (2s - 1 + (n)/(s))
13: has 23 times the weights but 9 ¦ grows to 23.1 % ¦ = 8$ of its full ¦ (2V)/(2V + L (2 d_h (h + h_kv ) + 3 d_ff ¦ $12 L h d_h n ¦ 16 bits, 4 bits make ¦ (M - w/4)/(c/4) = (4M - w)/(c) > 4*(M - w)/(c)
13: of 512 + 64 num ¦ 64 query heads share 8 key ¦ 2 \cdot 2nd (1 + ¦ (1)/(1/n + 1/r) ¦ multiply-add, 2 FLOPs ¦ fp32 takes 4 bytes, in bf16 it takes 2, ¦ time in 32 bits ¦ fp32 ¦ of parts 1 to 4 on
13: make 13.1 %. ¦ hold at 131,072 tokens ¦ ends at 4, while ¦ so 124;
14: The 16 bytes ¦ $2N$ FLOPs. So ¦ (m^-alpha - 1) + (B)/(D^beta)(m^beta - 1) ¦ large 2 % ¦ spread by 1.5. ¦ than 0.02 nats ¦ about 40 % of the training ¦ reading a 27th ¦ costs 2.5 US ¦ reach 40 %
14: gets 512. Now 16 users ¦ use 24 GB of your card, which is 28 % less ¦ 0.05 nats mean ¦ 0.01 nat higher, the next token gets a probability 1 % lower, on ¦ M, B and T are 10⁶, 10⁹ and 10¹². ¦ (C/6) ¦ needs 17 days ¦ gives 2,048 tokens
14: text of 131,072 tokens takes 33.2 GB
15: makes 15 points ¦ has 2. A param ¦ has 16, for weight ¦ numbers of 2 bytes. 1 GB is ¦ means 1 | ¦ norms=1 ¦ [StarCoder 2] ¦ starcoder2-7b ¦ falcon-7b ¦ gemma-7b ¦ gpt-oss-20b ¦ by 20 %, say
15: they have 80.) ¦ form, 40 minutes ¦ exercises 1 to 5 | 40 | exercises 1, 2 and 4 ¦ exercises 6 to 9 | 30 | exercises 6 and 8 ¦ counts exercises 1, 2, 4, 6 and 8 ¦ 150 to 250 words | 20 |
15: it in 150 to 250 words ¦ | 10 | at home ¦ | 0 points | 1 point | 2 points | 3 points ¦ 10 and 11 help ¦ money (14)
RE: 100 tokens to 100,000 ¦ BSD-3 ¦ 500 MB
fo: not 36: 36 that look one way, 36 the ¦ guessed 90? ¦ ; part 1 of 12 makes
any: 5,120,000 ¦ $d_{ff} = 4d$ ¦ cost $nd^2$ ¦ window of 256" ¦ 100 tokens of width 512 ¦ $d = 512$ ¦ a multiply-add is 2 ¦ counts as 2 ¦ bf16 ¦ Llama 4 ¦ Gemma 3 and gpt-oss ¦ | 15 | [ ¦ 64 wide ¦ answering 0
any: 
"""

# Measured, or said by a source that is named: its numbers, its year, its table or section.
SOURCED = r"""
01: Radford et al. 2019 ¦ Brown et al. 2020 ¦ Grattafiori et al. 2024 ¦ Table 1. Sizes ¦ in Table 1 of Att ¦ paper of 2017 ¦ Vaswani et al. 2017
02: section 3.2: ¦ in 2026, with PyTorch 2.13 ¦ takes 17.7167 billion FLOPs; fvcore says 8.8662 billion ¦ [fvcore issue 69]
03: [How to Scale Your Model], 2025
04: time, 1990 ¦ memory, 1997 ¦ forget, 2000 ¦ [Xception], 2017 ¦ Table 1 and section 4. ¦ Stack Overflow 65703260
06: Table 1; [Hoff ¦ sections 1 and 4.2; ¦ Tables 2 and 4 ¦ took 37 billion ¦ with 1,979 in 8 bits ¦ ran in 8 bits ¦ 14.8 trillion tokens, 2.79 million hours ¦ peak of 1,513 TFLOP
06: the 2.79 million hours the 14.8 trillion tokens took 2.664 million. 1,513 TFLOP ¦ published 250 GFLOPs ¦ Megatron 2021 ¦ FlashMLA issue 75 ¦ scaling-book issue 31
07: model of 2019 ¦ section 3.1. ¦ section 4. The ¦ figure 1 and ¦ table 1: caches ¦ Exercise 1: [a ¦ chunks of 8,192 tokens ¦ LLM-Tools issue 4
08: at 9,600 tokens/s ¦ equation 1. ¦ [Roofline], 2009 ¦ Decoding], 2023 ¦ says 46 % for 7 billion ¦ measured 7 billion weights ¦ README's 46 % ¦ discussion 4167 ¦ pull request 464 ¦ fms-fsdp, issue 89
09: 192 KiB ¦ (figure 2) ¦ same 3.9·10¹² for ¦ Dao and others, 2022 ¦ accelerator of 2024 ¦ Saha and Ye, 2024
10: [DeepSeek-V3.2] ¦ DeepSeek-V3.2 (2025) ¦ pick 2,048 keys ¦ Duman Keles and others (2023) ¦ [Duman Keles and others], 2023
11: table 2.1, and ¦ Table A4 ¦ between 40 and 70 billion parameters, and trained 70. ¦ figure 4 prints 40 b ¦ paper's own 40. ¦ with the paper's 40, so ¦ issue 195460
12: Child and others, 2019
13: (15 trillion tokens) ¦ others 2020 (GPT ¦ Architecture, 2022 ¦ 256 KB of registers and 256 KB of cache ¦ Grattafiori and others 2024
14: table 1. T. ¦ 400 models ¦ replacement, 4,000 times ¦ between 40 and 70 billion parameters, and trained Chinchilla with 70 ¦ at most 16 billion ¦ section 3.3 ¦ November 2026
14: Hoffmann and others (2022) ¦ Besiroglu and others (2024)
15: tables 1 and 2: its ¦ had 40 GB each ¦ model of 2025
any: [ZeRO], 2020 ¦ 15 trillion training tokens
"""

LINES = [line.partition(": ") for line in (CHOSEN + SOURCED).splitlines() if line]
HELD = [(lesson, phrase) for lesson, phrases in COMPUTED.items() for phrase in phrases] + [
    (lesson, phrase) for lesson, _, phrases in LINES for phrase in phrases.split(" ¦ ")]
