"""The numbers in the prose that no cell prints and no equation beside them gives, each with the reason why it may stand.

A phrase is written as the lesson has it, with a ¦ between two; what follows from other numbers is computed.
"""
from helpers.planning import budget_flops, optimal_split, serve
from helpers.published import ACCELERATORS, MODELS

# The lessons that one names in its sentences, links aside.
NAMED = {
    "00": "01 02 03", "01": "02 03 14", "02": "00 01 08", "03": "00 01 05", "04": "07 10", "05": "03 07", "06": "03 05 07",
    "07": "03 05 06 09", "08": "05 07 09", "09": "06 08", "10": "03 04 05 07 09", "11": "03 06 07", "12": "01 03 04 10",
    "13": "05 06 07 08 09 12 14", "14": "06 07 09 11", "15": "03 04 05 06 07 08 09 10 11 14", "RE": "00", "fo": "00 01 02 03"}
# What the line "Time" says after the minutes of a lesson: for its exercises, its parts, a short route.
TIMES = {
    "00": "5", "01": "20 15", "02": "25", "03": "25 20", "04": "20", "05": "25", "06": "25", "07": "30", "08": "30", "09": "25",
    "10": "25", "11": "30", "12": "20", "13": "20 1 4 35", "14": "45 27 18", "15": "20 40 30 20 10 40"}

GPT2, XL, GPT3, LLAMA, GEMMA, DEEPSEEK = (MODELS[name] for name in (
    "GPT-2", "GPT-2 XL", "GPT-3 175B", "Llama-3 8B", "Gemma 3 27B", "DeepSeek-V3"))
STATE = MODELS["Qwen3-Next 80B-A3B"].layers[0][1]
H100, RTX = ACCELERATORS["H100 SXM"], ACCELERATORS["RTX 4090"]
WEEK, THEIRS = ([optimal_split(law, flops).parameters for law in ("published", "refitted", "published, unrounded")]
                for flops in (budget_flops(H100, 8, 7, 0.4), 5.76e23))
ALONE, SHARED = (serve(LLAMA, H100, 2_048, 512, users) for users in (1, 16))
RIDGE = H100.flops_per_second / H100.bytes_per_second
SQUARES, REST = 5 * XL.n_heads * 1024, 34 * XL.d_model

COMPUTED = [
    # 01 to 04: from the sizes of the example, n = 100 and d = 512, and from the formulas of the recaps
    *(f"{n} dancers: {n * n:,} pairs, {n * (n - 1) // 2} couples drawn, {n} looks" for n in (4, 8, 16, 32)),
    f"their {GPT2.n_layers}, {GPT3.n_layers} and {LLAMA.n_layers} layers", f"by 5 multiplies the cost by {5**2}",
    f"between 10 and {10 * 10} as between 100 and {100 * 10:,}", f"work as ${8 // 2}d^2$",
    f"tokens, which is {100 * 360 // 500} %", f"to 400, which is {100 * 400 / 768:.0f} %", f"other {8.8662:.1f} billion",
    f"512, where it is {512 * 2:,} in place of {512 * 2 - 1:,}", f"three times {126 // 3}.",
    f"is {4 * 100**2 * 512 // 10**6} million, and {6 * 100**2:,} for",
    f"{6 * 100**2:,} FLOPs beside {230_255_200 // 10**6} million", f"{100**2:,} pairs of", f"makes {2 * 5_120_000:,} FLOPs",
    f"hence the {3 * 2}.", f"width of {GPT3.d_model:,}", f"mere {100 * 70 / (70 + 2 * 512):.1f} %",
    f"every $d/{4 // 2}$ tokens", f"up to {(9 - 4) * 512 // 2:,} tokens", f"costs ${2 * 3}nd^2$. Att", f"costs ${3 * 4}d^2$",
    f"width ${8 // 2} + {4 // 2}n/d$",
    # 05 to 07
    f"not {8 * 7}, because", f"{128 + 64} elements", f"news {1024 - 1:,} tokens", f"L({8 + 16}nd^2 + 4n^2d)",
    f"with {GEMMA.n_layers - 52} full layers, and 1/{131_072 // 1024} of", f"in {GEMMA.layers[0][0]} of {GEMMA.n_layers} layers",
    f"{GPT3.tokens / 1e9:.0f} billion", f"gradient: {2 * 2} FLOPs", f"${72 // 12}(12Ld^2 + Vd)", f"its {72 // 12}, those",
    f"be {6 * DEEPSEEK.parameters() * 4096 / DEEPSEEK.training_flops(4096):.0f} times too", f"n = {(8 + 16) // 4}d$ on (less",
    f"so {100 * 2 * 37e9 * 14.8e12 / (2.79e6 * 3600 * 1.513e15):.1f} %", f"and {H100.flops_per_second / 1e12:.0f} in 16.",
    f"its {XL.parameters() / 1e9:.1f} billion weights", f"than {H100.marketed_bytes / 1e9:.0f}.",
    f"its {DEEPSEEK.parameters() / 1e9:.0f} billion", f"optimizer's {4 + 4 + 4} bytes", f"{2 * 2 + 1} is two $n",
    "parameters: {} GB, and with the three stages {}, {} and {}".format(*(
        f"{round(7.5 * (kept + (16 - kept) / 64), 1):g}" for kept in (16, 4, 2, 0.0))),
    f"passes 34 at $n = {34 / 5}\\,d/h$, which is {34 / 5} times", f"from {34 / 5} head",
    f"or ${12 + 8 * LLAMA.d_ff / LLAMA.d_model + 4 * 8 / 32:.0f}\\,nbd$", f"${LLAMA.d_ff / LLAMA.d_model}d$ wide",
    f"For {100 * XL.training_flops(1024, recompute='selective') / XL.training_flops(1024) - 100:.0f} % more",
    f"shrink by {100 * SQUARES / (SQUARES + REST):.0f} %", f"its {DEEPSEEK.n_heads} heads",
    # 08 to 11
    f"is {57_644 / 208:.0f} times as fast", f"about {round(RIDGE, -2):.0f}", f"at {RIDGE:.0f} FLOPs", f"or {5400 / RIDGE:.0f} times",
    f"{H100.bytes_per_second / RTX.bytes_per_second:.1f}-fold", f"once: {100 * 19.3e9 * 208 / H100.flops_per_second:.1f} %",
    f"weight in {DEEPSEEK.parameters() / DEEPSEEK.active_parameters():.0f}.",
    f"is {2 * 32 * 8 + 32 // 8 * 2 * 32 * 8:,}, and the last {2 * 32} are", f"about ${2 * 4}n^2d^2/M$", f"makes {2 + 2} passes",
    f"keeps {round(39_542_784 / 131_072, -2):.0f} times", f"of its {36 + 12} layers are", f"all {36 + 12} full, 94 %",
    f"in {48 - 12} of its", "keeps {0.n_heads} states of {0.head_width} × {0.value_width} numbers".format(STATE), f"say {94 // 4}? Of the 94", f"the {100 - 94} of", f"at {2176 / 640:.1f} times", f"n = {8 // 4}r$",
    f"{45.7 - .05:.2f} to {45.7 + .05:.2f}", f"allows {10 // 2} either", f"is {100 * 1517.12 / 1320 - 100:.0f} % too",
    f"by {12_936.49 - 12_850:.0f} million", f"is {5120 // 128} heads", f"2.376 is printed as {2.376:.2f}", f"becomes {.2849:.2f}. Unr",
    f"{96 - 24}bnLd^2(1 + (n)/(6d) + (V)/({72 // 6}dL)), {96 - 24}bnLd^2(1 + (n)/({6 // 2}d) + (V)/({72 // 6}dL)",
    # 12 to 15
    f"cost {(4 + 2) / 2:.2f} times", f"get {4 + 2} every", f"sums to {4 + 2}.", f"saves {2 + 32 - 3} of attention's {2 + 32} van",
    f"next {4096 - 10:,} tokens", f"{GEMMA.n_layers} layers, {GEMMA.layers[0][0]} look", f"all {GEMMA.n_layers} grow",
    f"the {64 - 1} neigh", f"{LLAMA.n_heads} query heads share {LLAMA.n_kv_heads} key", f"${4 + 1}nd^2$ in", f"n = {5 / 4}d$",
    f"norms, {100 * LLAMA.parameters_by_part()['norms'] / LLAMA.parameters():.3f} %", f"same {round(GEMMA.vocab_size, -3):,}",
    f"has {73_990 * 2 * 96 * 12_288 / 7_504_658_432:.0f} times the weights but {96 * 12_288 / 32 / 4096:.0f}",
    f"grows to {100 * 256_512 / (256_512 + 32 * (2 * 128 * 20 + 3 * 7_168)):.1f} %", f"= {64 // 8}$ of its full", f"sold as {H100.marketed_bytes / 1e9:.0f} GB", f"({H100.memory_bytes / 1e9:.2f} GB)",
    f"GPT-3, {GPT3.parameters() / LLAMA.parameters():.0f} times as large, ends at {GPT3.n_heads // GPT3.kv_heads},", f"factor of {WEEK[1] / WEEK[0]:.1f} at a week's budget and of {THEIRS[1] / THEIRS[0]:.1f} at Chin",
    f"turns {THEIRS[2] / 1e9:.1f} into {THEIRS[0] / 1e9:.1f}", f"about {GPT2.d_model / GPT2.n_layers:.0f}:",
    f"The {2 + 2 + 3 * 4} bytes",
    f"served {100 - 100 * SHARED.tokens_per_second_per_user / ALONE.tokens_per_second_per_user:.0f} % slower",
    f"after {SHARED.first_token_seconds:.2f} seconds in place of {ALONE.first_token_seconds:.2f}.",
    f"its {MODELS['Llama-2 7B'].n_heads} heads", f"${6 // 3}N$ FLOPs. So", f"makes {5 * 3} points", f"not {9 * 8 // 2}: {9 * 8 // 2} that look one way, {9 * 8 // 2} the"]

HELD = {
    "follows from other numbers": " ¦ ".join(COMPUTED),
    "a coefficient, an index or a place, read off the formula, the code or the figure beside it": r"""$2k - 1$, and ours is $2k$
 ¦ counts $2k$ ¦ or $2k$ FLOPs ¦ ratio is 1, at ¦ $d*4d$ and $4d*d$ ¦ sqrt d$ | 0 | ¦ copying, looking up | 0 FLOPs ¦ sentence of 70 ¦ $k < 4$
 ¦ $k = 9$ and ¦ h_{t-1} ¦ root of 2, or ¦ | 1 FLOP for ¦ $4d + 6$ FLOPs ¦ with a 2 in front ¦ $8d/3$ ¦ the $k - 1$ before ¦ is $2n^2d$. Two
 ¦ alone have 8 where the whole RNN has 4. ¦ $n = (k - 4)d/2$, so ¦ token 1 to output 8 has 8 hops. Convolution, k = 3: four ¦ every output; 1 hop
 ¦ $d_{ff} = 4d$ ¦ are $4d$ in attention and $4d + d$ after ¦ swapaxes(0, 1) ¦ token, 2 FLOPs, and ¦ The 2 is the ¦ why 6 for each ¦ them by 4 once ¦ than 34, since
 ¦ h(2d_c + d_{rope}) ¦ $8nd^2$ stands beside $4n^2d$ ¦ ones $8nd^2$ pulls ¦ (1 - p^k+1)/(1 - p) ¦ at 128 on a B200 ¦ the $4n^2$ of plain ¦ of $4n^2d_h$ ¦ reaches $w - 1$ ¦ the $w - 1$ before
 ¦ is two): 6 for ¦ printed 24 is ¦ (2n)/(9d) ¦ curve $16nd^2$ ¦ RNN needs $4nd^2$ ¦ scaling ($6n^2$) ¦ are 4 and 2, in ¦ are 2 and 4, and ¦ every 64th ¦ sqrtn/2
 ¦ cost $nd^2$ ¦ (8nd^2 + 4nwd)/(4nd^2) ¦ = 2 + (w)/(d) ¦ 2s - 1$ tokens ¦ (2V)/(2V + L (2 d_h (h + h_kv ) + 3 d_ff ¦ $12 L h d_h n ¦ 16 bits, 4 bits make
 ¦ (M - w/4)/(c/4) = (4M - w)/(c) > 4*(M - w)/(c) ¦ of 512 + 64 num ¦ 64 query heads share 8 key ¦ 2 \cdot 2nd (1 + ¦ (1)/(1/n + 1/r)
 ¦ (m^-alpha - 1) + (B)/(D^beta)(m^beta - 1) ¦ large 2 % ¦ spread by 1.5. ¦ than 0.02 nats ¦ about 40 % of the training ¦ reading a 27th""",
    "the example of the course, a convention, or a name": """100 tokens of width 512 ¦ $n = 100$ ¦ of 100 and 512 ¦ $d = 512$ ¦ lists of 512 numbers
 ¦ each pair 512 elements ¦ a multiply-add is 2 ¦ counts as 2 ¦ multiply-add, 2 FLOPs ¦ fp32 takes 4 bytes, in bf16 it takes 2, ¦ 16 bits takes two ¦ 2 bytes a number
 ¦ has 2. A param ¦ has 16, for weight ¦ numbers of 2 bytes. 1 GB is ¦ 3.1 GB (1 GB is $10^9$ ¦ GiB, of $2^{30}$ bytes ¦ 16-bit format ¦ 16-bit peak did
 ¦ time in 32 bits ¦ an 8-bit ¦ with 8 bits a chip ¦ as with 16, with 4, if ¦ 8 and 4 bits ¦ with 16 bits and with weights of 4 bits ¦ above 100 %
 ¦ mean 0 and standard deviation 1 ¦ between 0 and 1 that ¦ from 02, so ¦ means 1 | ¦ norms=1 ¦ bf16 ¦ fp16 ¦ fp32 ¦ H800 ¦ Conv1D ¦ BSD-3 ¦ 7-billion ¦ In 13B only
 ¦ for 175 billion ¦ FlashAttention-2 ¦ FlashAttention-3 ¦ FlashAttention-4 ¦ Mamba-2 ¦ Llama 4 ¦ OLMo 2 ¦ [StarCoder 2] ¦ DeepSeek-V3.2 ¦ of parts 1 to 4 on ¦ Gemma 3 and gpt-oss ¦ starcoder2-7b
 ¦ falcon-7b ¦ gemma-7b ¦ gpt-oss-20b""",
    "chosen for a question, a picture, a play or a price": """$n = 3$ and $d = 4$ ¦ | 5 | this one ¦ | 15 | [ ¦ | 20 | [ ¦ up to 8, and against ¦ 500 is a lot
 ¦ for 100 million comparisons ¦ $n$ to 200. ¦ from 1,000 to 1,000,000 ¦ about 5, 10, 20 or 40 million ¦ $n = d/2$, $d$ ¦ text of 32 tokens ¦ looks at 3 tokens
 ¦ than 90 % of the ¦ window of 256" ¦ 64 wide ¦ from 8 to 64 tokens ¦ from 256 to 2,048 ¦ long as 16 tokens ¦ read 256? ¦ window of 257 ¦ over 257 is ¦ a grid of 8 by 8
 ¦ with $w = 3$ on ¦ = 64, and drag the budget from 512 down to 4. ¦ answer of 0? ¦ On 64 tokens ¦ one of 64 values ¦ 300 times tow ¦ slope at 1,
 ¦ 30, 50 or 70 billion? ¦ 1.01, 2 or 1,000? ¦ 0.1 to 60,000 ¦ roof at 3,000 ¦ e^{1000} ¦ than 99 % ¦ show no 2, ¦ if it says 2, ¦ costs 2.5 US ¦ reach 40 %
 ¦ gets 512. Now 16 users ¦ use 24 GB of your card, which is 28 % less ¦ for 7.5 billion param ¦ 0.05 nats mean ¦ 1 % lower, on ¦ by 20 %, say ¦ they have 80.)
 ¦ maker's "80 GB" ¦ in it, 4 bytes each ¦ form, 40 minutes ¦ exercises 1 to 5 | 40 | exercises 1, 2 and 4 ¦ exercises 6 to 9 | 30 | exercises 6 and 8 ¦ counts exercises 1, 2, 4, 6 and 8
 ¦ 150 to 250 words | 20 | ¦ it in 150 to 250 words ¦ | 10 | at home ¦ | 0 points | 1 point | 2 points | 3 points ¦ guessed 90? ¦ share of 90 % ¦ answering 0
 ¦ error is 1, ¦ 500 MB ¦ ; part 1 of 12 makes""",
    "measured, or said by a source that is named; its table or section": """Radford et al. 2019 ¦ Brown et al. 2020 ¦ Grattafiori et al. 2024 ¦ section 3.2:
 ¦ in 2026, with PyTorch 2.13 ¦ [How to Scale Your Model], 2025 ¦ time, 1990 ¦ memory, 1997 ¦ forget, 2000 ¦ [Xception], 2017 ¦ Table 1; [Hoff ¦ sections 1 and 4.2;
 ¦ model of 2019 ¦ 192 KiB ¦ section 3.1. ¦ Table 1. Sizes ¦ in Table 1 of Att ¦ Its Table 1 says ¦ Table 1 and section 4. ¦ Tables 2 and 4 ¦ section 4. The ¦ figure 1 and
 ¦ table 1: caches ¦ Exercise 1: [a ¦ equation 1. ¦ table 1. T. ¦ (15 trillion tokens) ¦ tables 1 and 2: its ¦ [ZeRO], 2020 ¦ took 37 billion ¦ with 1,979 in 8 bits
 ¦ ran in 8 bits ¦ [Roofline], 2009 ¦ Decoding], 2023 ¦ table 2.1, and ¦ Table A4 ¦ between 40 and 70 billion parameters, and trained 70. ¦ figure 4 prints 40 b ¦ paper's own 40. ¦ with its 40, so ¦ says 46 % for 7 billion ¦ measured 7 billion weights ¦ 400 models
 ¦ replacement, 4,000 times ¦ between 40 and 70 billion parameters, and trained Chinchilla with 70 ¦ at most 16 billion ¦ section 3.3 ¦ others 2020 (GPT ¦ Architecture, 2022 ¦ (figure 2) ¦ had 40 GB each ¦ same 3.9·10¹² for"""}
