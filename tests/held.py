"""The numbers in the prose that no cell prints and no equation beside them gives, each with the reason why it may stand.

A phrase is written as the lesson has it, with a ¦ between two; what follows from other numbers is computed here.
"""
from helpers.planning import optimal_split
from helpers.published import ACCELERATORS, MODELS

NAMED = {"02": "00 08", "03": "00", "04": "05 07 10", "05": "07", "06": "07", "07": "03 09", "08": "09", "10": "03 05 07", "11": "07", "14": "07 09 11",
         "15": "03 04 05 06 07 08 09 10 11 14", "RE": "00 03", "fo": "00 01 02 03 12"}    # lessons that one names without a link
TIMES = {"00": "5", "01": "20 15", "02": "25", "03": "25 20", "04": "20", "05": "25", "06": "25", "07": "30", "08": "30", "09": "25", "10": "25", "11": "30", "12": "20", "13": "20 1 4 35", "14": "45 27 18", "15": "20 40 30 20 10 40"}    # those after the first, chosen
GPT2, XL, GPT3, LLAMA, GEMMA, DEEPSEEK = (MODELS[name] for name in ("GPT-2", "GPT-2 XL", "GPT-3 175B", "Llama-3 8B", "Gemma 3 27B", "DeepSeek-V3"))
SPREAD = [optimal_split("published", 5.76e23).parameters, optimal_split("refitted", 5.76e23).parameters]
HELD = {
    "the example of the course, a convention, or a name": """100 tokens of width 512 ¦ fp32 takes 4 bytes, in bf16 it takes 2, ¦ $n = 100$ ¦ of 100 and 512 ¦ $d = 512$ ¦ lists of 512 numbers
 ¦ each pair 512 elements ¦ H800 ¦ Conv1D ¦ bf16 ¦ fp16 ¦ fp32 ¦ FlashAttention-3 ¦ FlashAttention-2 ¦ FlashAttention-4 ¦ Mamba-2 ¦ Llama 4 ¦ OLMo 2 ¦ [StarCoder 2] ¦ Gemma 3 and gpt-oss ¦ BSD-3
 ¦ starcoder2-7b ¦ falcon-7b ¦ gemma-7b ¦ gpt-oss-20b ¦ 7-billion ¦ a multiply-add is 2 ¦ counts as 2 ¦ 16 bits takes two ¦ 2 bytes a number ¦ multiply-add, 2 FLOPs
 ¦ mean 0 and standard deviation 1 ¦ between 0 and 1 that ¦ $2^{20}$ bytes; 1 GiB is $2^{30}$ ¦ 16-bit format ¦ 16-bit peak did ¦ from 02, so ¦ counts $2k$ ¦ or $2k$ FLOPs ¦ has 2. A param
 ¦ has 16, for weight ¦ numbers of 2 bytes. 1 GB is ¦ time in 32 bits ¦ an 8-bit ¦ with 8 bits in place of 16 ¦ with 4 bits, if
 ¦ 8 and 4 bits ¦ with 16 bits and with weights of 4 bits ¦ above 100 % ¦ In 13B only ¦ means 1 | ¦ norms=1 ¦ for 175 billion ¦ copying, looking up | 0 FLOPs""",
    "chosen for a question, a picture, a play or a price": """$n = 3$ and $d = 4$ ¦ | 5 | this one ¦ | 15 | [ ¦ | 20 | [ ¦ up to 8, and against ¦ 500 is a lot
 ¦ for 100 million comparisons ¦ $n$ to 200. ¦ about 5, 10, 20 or 40 million ¦ $n = d/2$, $d$ ¦ text of 32 tokens ¦ than 90 % of the ¦ window of 256" ¦ 64 wide
 ¦ from 8 to 64 tokens ¦ from 256 to 2,048 ¦ window of 257 ¦ a grid of 8 by 8 ¦ over 257 is ¦ = 64, and drag the budget from 512 down to 4. ¦ answer of 0? ¦ On 64 tokens ¦ from 1,000 to 1,000,000
 ¦ last 32 entries ¦ 30, 70 or 150 billion ¦ 1.01, 2 or 1,000? ¦ 0.1 to 60,000 ¦ roof at 3,000 ¦ read 256? ¦ e^{1000} ¦ costs 2.5 US ¦ reach 40 % ¦ our 40 %
 ¦ gets 512. Now 16 users ¦ 0.05 nats mean ¦ by 20 %, say ¦ form, 40 minutes ¦ exercises 1 to 5 | 40 | exercises 1, 2 and 4 ¦ exercises 6 to 9 | 30 | exercises 6 and 8 ¦ counts exercises 1, 2, 4, 6 and 8 ¦ 150 to 250 words | 20 | ¦ | 10 | at home
 ¦ guessed 90? ¦ share of 90 % ¦ | 0 points | 1 point | 2 points | 3 points ¦ answering 0 ¦ error is 1, ¦ 1 % lower, on ¦ than 99 % ¦ show no 2, ¦ 500 MB ¦ ; part 1 of 12 makes ¦ looks at 3 tokens ¦ long as 16 tokens ¦ with $w = 3$ on
 ¦ slope at 1, ¦ 300 times tow ¦ each entry 300 times ¦ writes "80 GB" ¦ they have 80.) ¦ card has 24 GB, which is 28 % less ¦ for 7.5 billion param
 ¦ it in 150 to 250 words ¦ if it says 2,""",
    "measured or said by a source that is named": """Radford et al. 2019 ¦ Brown et al. 2020 ¦ Grattafiori et al. 2024 ¦ section 3.2: ¦ in 2026, with PyTorch 2.13
 ¦ [How to Scale Your Model], 2025 ¦ time, 1990 ¦ memory, 1997 ¦ forget, 2000 ¦ [Xception], 2017 ¦ Table 1; [Hoff ¦ sections 1 and 4.2; ¦ model of 2019 ¦ 192 KiB
 ¦ section 3.1. ¦ Table 1. Sizes ¦ in Table 1 of Att ¦ Its Table 1 says ¦ Table 1 and section 4. ¦ Tables 2 and 4 ¦ section 4. The ¦ figure 1 and ¦ table 1: caches ¦ Exercise 1: [a
 ¦ equation 1. ¦ table 1. T. ¦ (15 trillion tokens) ¦ tables 1 and 2: its ¦ [ZeRO], 2020 ¦ took 37 billion ¦ with 1,979 in 8 bits ¦ [Roofline], 2009 ¦ Decoding], 2023 ¦ table 2.1, and ¦ Table A4 ¦ 70 billion parameters, b ¦ says 46 % for 7 billion ¦ of 7 billion weights
 ¦ 400 models ¦ fitted 4,000 times ¦ model of 70 billion ¦ at most 16 billion ¦ section 3.3 ¦ others 2020 (GPT ¦ (figure 2) ¦ ran in 8 bits ¦ Architecture, 2022 ¦ had 40 GB each ¦ same 3.9·10¹² for""",
    "follows, as computed here": " ¦ ".join([
        *(f"{n} dancers: {n * n:,} pairs, {n * (n - 1) // 2} couples drawn, {n} looks" for n in (4, 8, 16, 32)), f"their {GPT2.n_layers}, {GPT3.n_layers} and {LLAMA.n_layers} layers",
        f"between 10 and {10 * 10} as between 100 and {100 * 10:,}", f"by 5 multiplies the cost by {5**2}", f"work as ${8 // 2}d^2$", f"tokens, which is {100 * 360 // 500} %",
        f"to 400, which is {100 * 400 / 768:.0f} %", f"is ${1 * 2}n^2d$. Two", f"other {8.8662:.1f} billion", f"512, where it is {512 * 2:,} in place of {512 * 2 - 1:,}",
        f"${2}k - {1}$, and ours is ${2}k$", f"three times {126 // 3}.", f"is {4 * 100**2 * 512 // 10**6} million, and {6 * 100**2:,} for", f"{6 * 100**2:,} FLOPs beside {230_255_200 // 10**6} million",
        f"{100**2:,} pairs of", f"makes {2 * 5_120_000:,} FLOPs", f"hence the {3 * 2}.", "ratio is 1, at", f"$d*{4}d$ and ${4}d*d$", r"sqrt d$ | 0 |", f"width of {GPT3.d_model:,}",
        f"mere {100 * 70 / (70 + 2 * 512):.1f} %", "sentence of 70", f"every $d/{4 // 2}$ tokens", "$k < 4$", "$k = 9$ and", f"up to {(9 - 4) * 512 // 2:,} tokens", f"costs ${2 * 3}nd^2$. Att",
        f"costs ${3 * 4}d^2$", "h_{t-1}", f"not {8 * 7}, because", f"{128 + 64} elements", f"news {1024 - 1:,} tokens", f"$d_{{ff}} = {4}d$", f"are ${4}d$ in attention and ${4}d + d$ after",
        f"L({8 + 16}nd^2 + {4}n^2d)", f"n = {(8 + 16) // 4}d$ on (less", f"beside ${4}n^2d$", f"curve ${16}nd^2$", f"RNN needs ${4}nd^2$", f"scaling (${1 + 5}n^2$)", r"2 \cdot 2nd (1 +", f"why {3 * 2} for each", f"with {GEMMA.n_layers - 52} full layers, and 1/{131_072 // 1024} of", f"in {GEMMA.layers[0][0]} of {GEMMA.n_layers} layers", f"{GPT3.tokens / 1e9:.0f} billion",
        f"token, {2} FLOPs, and", f"gradient: {2 * 2} FLOPs", "h({}d_c + d_r)".format(2), f"{2}s - {1}$ tokens", f"${72 // 12}({12}Ld^2 + Vd)", f"its {72 // 12}, those", f"be {6 * DEEPSEEK.parameters() * 4096 / DEEPSEEK.training_flops(4096):.0f} times too",
        f"so {100 * 2 * 37e9 * 14.8e12 / (2.79e6 * 3600 * 1.513e15):.1f} %", f"and {ACCELERATORS['H100 SXM'].flops_per_second / 1e12:.0f} in 16.", f"its {XL.parameters() / 1e9:.1f} billion weights",
        f"than {ACCELERATORS['H100 SXM'].marketed_bytes / 1e9:.0f}.", f"its {DEEPSEEK.parameters() / 1e9:.0f} billion", f"optimizer's {4 + 4 + 4} bytes",
        "parameters: {} GB, and with the three stages {}, {} and {}".format(*(f"{round(7.5 * (kept + (16 - kept) / 64), 1):g}" for kept in (16, 4, 2, .0))), f"{2 * 2 + 1} is two $n",
        "by 4 bytes a", f"passes {34} at $n = {34 / 5}\\,d/h$, which is {34 / 5} times", f"from {34 / 5} head", f"or ${12 + 8 * 14_336 / 4096 + 4 * 8 / 32:.0f}\\,nbd$", f"${14_336 / 4096}d$ wide",
        "than 34, since", f"For {100 * XL.training_flops(1024, recompute='selective') / XL.training_flops(1024) - 100:.0f} % more", f"its {DEEPSEEK.n_heads} heads",
        f"is {57_644 / 208:.0f} times as fast", f"about {round(989 / 3.35, -2):.0f}", f"{3350 / 1008:.1f}-fold", f"or {5400 / 295:.0f} times", f"weight in {671 / 37.55:.0f}.",
        f"${2 * 4}nd^2$ stands", f"is {4 * 32 * 8 + 2 * 32 * 8 * 32 // 8 - 2 * 32 * 8:,}, and the last", f"about ${2 * 4}n^2d^2/M$", f"makes {2 + 2} passes", f"keeps {round(39_542_784 / 131_072, -2):.0f} times",
        f"of its {36 + 12} layers are", f"all {36 + 12} full, 94 %", f"of ${4}n^2d_h$", f"in {48 - 12} of its", f"say {94 // 4}? Of the 94", f"the {100 - 94} of", "root of 2, or", "| 1 FLOP for", f"${4}d + {1 + 5}$ FLOPs", "with a 2 in front", f"${8}d/3$", "the $k - 1$ before", f"width ${8 // 2} + {4 // 2}n/d$",
        f"alone have {8} where the whole RNN has {4}.", f"$n = (k - {8 // 2})d/{4 // 2}$, so", "from token 1 to output 8 has 8 hops. Convolution, k = 3: four", "every output; 1 hop", "swapaxes(0, 1)",
        "The 2 is the", "3.1 GB (1 GB is $10^9$", f"shrink by {100 * 5 * 25 * 1024 / (34 * 1600 + 5 * 25 * 1024):.0f} %", "(1 - p^k+1)/(1 - p)", f"once: {100 * 19.3e9 * 208 / 989e12:.1f} %", f"last {2 * 32} are",
        f"at {128} on a B200", f"the ${4}n^2$ of plain", "reaches $w - 1$", "the $w - 1$ before", "is two): 6 for", "= 2 + (w)/(d)", f"{GEMMA.n_layers} layers, {GEMMA.layers[0][0]} look", "16 bits, 4 bits make", "64 query heads share 8 key",
        f"at {989 / 3.35:.0f} FLOPs", "(m^-alpha - 1) + (B)/(D^beta)(m^beta - 1)", f"at {2176 / 640:.1f} times",
        f"n = {8 // 4}r$", f"{45.7 - .05:.2f} to {45.7 + .05:.2f}", f"allows {10 // 2} either", f"is {100 * 1517.12 / 1320 - 100:.0f} % too", f"by {12_936.49 - 12_850:.0f} million",
        f"is {5120 // 128} heads", "printed 24 is", f"{2.376} is printed as {2.376:.2f}", f"becomes {.2849:.2f}. The", f"{96 - 24}bnLd^2(1 + (n)/(6d) + (V)/({72 // 6}dL)), {96 - 24}bnLd^2(1 + (n)/({6 // 2}d) + (V)/({72 // 6}dL)", f"({2}n)/({9}d)",
        f"cost {(4 + 2) / 2:.2f} times", f"get {4 + 2} every", "are 4 and 2, in", "are 2 and 4, and", f"sums to {4 + 2}.", f"saves {2 + 32 - 3} of attention's {2 + 32} van", f"next {4096 - 10:,} tokens",
        f"all {GEMMA.n_layers} grow", f"its {64 - 1} neigh", "every 64th", "sqrtn/2", f"{LLAMA.n_heads} query heads share {LLAMA.n_kv_heads} key", f"${4 + 1}nd^2$ in", f"n = {5 / 4}d$", "cost $nd^2$", "(8nd^2 + 4nwd)/(4nd^2)",
        f"norms, {100 * LLAMA.parameters_by_part()['norms'] / LLAMA.parameters():.3f} %", f"same {round(GEMMA.vocab_size, -3):,}", f"has {73_990 * 2 * 96 * 12_288 / 7_504_658_432:.0f} times the weights but {96 * 12_288 / 32 / 4096:.0f}",
        "(M - w/4)/(c/4) = (4M - w)/(c) > 4*(M - w)/(c)", "of 512 + 64 num", f"= {64 // 8}$ of its full", r"(2V)/(2V + L (2 d_h (h + h_kv ) + 3 d_ff", f"${2 * 6} L h d_h n", "(1)/(1/n + 1/r)",
        "large 2 %", f"of {SPREAD[1] / SPREAD[0]:.1f} at Chin", "factor of 1.6 at", "optimum by 1.5.", "than 0.02.", f"about {GPT2.d_model / GPT2.n_layers:.0f}:", f"The {2 + 2 + 3 * 4} bytes", f"served {23} % slower",
        "place of 0.05.", f"its {MODELS['Llama-2 7B'].n_heads} heads", f"${6 // 3}N$ FLOPs. So", f"makes {5 * 3} points", f"not {9 * 8 // 2}."]),
}
