"""Published figures on training: GPT-3's and Chinchilla's tables, FLOP formulas, utilisations, Megatron's rows.

Formulas are strings in the course's letters (h*d_h for an attention's width), made for
`sympy.sympify(formula, locals=...)`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class GPT3Shape:
    """A row of table 2.1, as printed; n is 2048 tokens and training 300 billion tokens for all of them."""

    name: str
    n_layers: int
    d_model: int
    n_heads: int
    d_head: int
    note: str = ""
    source: str = "Brown et al. 2020, table 2.1"
    status: str = "T"


GPT3_TABLE_2_1 = (
    GPT3Shape("GPT-3 Small", 12, 768, 12, 64),
    GPT3Shape("GPT-3 Medium", 24, 1024, 16, 64),
    GPT3Shape("GPT-3 Large", 24, 1536, 16, 96),
    GPT3Shape("GPT-3 XL", 24, 2048, 24, 128, note="Typing error: the parameter count needs 16 heads."),
    GPT3Shape("GPT-3 2.7B", 32, 2560, 32, 80),
    GPT3Shape("GPT-3 6.7B", 32, 4096, 32, 128),
    GPT3Shape("GPT-3 13B", 40, 5140, 40, 128, note="Typing error: the parameter count needs width 5120."),
    GPT3Shape("GPT-3 175B", 96, 12288, 96, 128),
)


@dataclass(frozen=True)
class GPT3Training:
    """A row of table D.1: parameters, and training FLOPs as 6 per parameter and token, attention left out."""

    name: str
    parameters: int
    training_flops: float
    tokens: int = 300 * 10**9
    source: str = "Brown et al. 2020, table D.1"
    status: str = "TC"


GPT3_TABLE_D_1 = (
    GPT3Training("GPT-3 Small", 125 * 10**6, 2.25e20),
    GPT3Training("GPT-3 Medium", 356 * 10**6, 6.41e20),
    GPT3Training("GPT-3 Large", 760 * 10**6, 1.37e21),
    GPT3Training("GPT-3 XL", 1_320 * 10**6, 2.38e21),
    GPT3Training("GPT-3 2.7B", 2_650 * 10**6, 4.77e21),
    GPT3Training("GPT-3 6.7B", 6_660 * 10**6, 1.20e22),
    GPT3Training("GPT-3 13B", 12_850 * 10**6, 2.31e22),
    GPT3Training("GPT-3 175B", 174_600 * 10**6, 3.14e23),
)

# appendix F: forward FLOPs per sequence, term by term; per layer but for the first and the last
CHINCHILLA_APPENDIX_F = {
    "embedding": "2*n*V*d",
    "queries, keys, values": "2*3*n*d*h*d_h",
    "attention's logits": "2*n**2*h*d_h",
    "softmax": "3*h*n**2",
    "weighted sum": "2*n**2*h*d_h",
    "output projection": "2*n*h*d_h*d",
    "feed-forward": "2*n*(2*d*d_ff)",
    "final logits": "2*n*d*V",
}


@dataclass(frozen=True)
class ChinchillaRatio:
    """A row of table A4: the appendix's FLOPs over 6·N·D, as printed."""

    name: str
    ratio: float
    source: str = "Hoffmann et al. 2022, table A4"
    status: str = "TC"


CHINCHILLA_A4 = (
    ChinchillaRatio("Chinchilla 73M", 1.03),
    ChinchillaRatio("Chinchilla 305M", 1.10),
    ChinchillaRatio("Chinchilla 552M", 1.08),
    ChinchillaRatio("Chinchilla 1.1B", 1.04),
    ChinchillaRatio("Chinchilla 1.6B", 1.03),
    ChinchillaRatio("Chinchilla 6.8B", 0.99),
)


@dataclass(frozen=True)
class LossFit:
    """Loss = E + A / N^alpha + B / D^beta, in nats per token, for N parameters and D training tokens."""

    name: str
    E: float
    A: float
    B: float
    alpha: float
    beta: float
    source: str
    status: str


CHINCHILLA_FITS = (
    LossFit("published", 1.69, 406.4, 410.7, 0.34, 0.28, "Hoffmann et al. 2022, section 3.3, rounded there", "T"),
    LossFit("refitted", 1.8172, 482.01, 2085.43, 0.3478, 0.3658, "Besiroglu et al. 2024", "TC"),
)

# the same fit before rounding, from the paper's TeX source as Besiroglu et al. quote it: exp of 6.0073404, 6.0179186, 0.5267228
CHINCHILLA_UNROUNDED = LossFit("published, unrounded", 1.69337, 406.4, 410.7, 0.33917084, 0.2849083,
                               "Besiroglu et al. 2024, data_analysis.ipynb of their repository", "P")


@dataclass(frozen=True)
class StandardErrors:
    """Of ln E, ln A, ln B, alpha and beta of a loss fit: one standard deviation over bootstraps, each by itself.

    The covariances are not printed, and the five are far from independent: see `REFIT_BOOTSTRAPS`.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    source: str
    status: str


REFIT_STANDARD_ERRORS = StandardErrors(0.014, 0.258, 0.421, 0.015, 0.021,
                                       "Besiroglu et al. 2024, data_analysis.ipynb of their repository", "P")
# ten of the 4,000 bootstrap refits: the first five and the last five rows, all that the notebook prints
REFIT_BOOTSTRAPS = tuple(LossFit(f"bootstrap {row}", E, A, B, alpha, beta, REFIT_STANDARD_ERRORS.source, "P")
                         for row, A, B, E, alpha, beta in (
    (0, 349.556372, 2356.248315, 1.793330, 0.328633, 0.371855), (1, 487.836322, 1509.948214, 1.803583, 0.348965, 0.349989),
    (2, 728.410632, 2507.010543, 1.861662, 0.372424, 0.375040), (3, 317.832944, 2328.800446, 1.786643, 0.323206, 0.371303),
    (4, 319.982799, 2877.610489, 1.798078, 0.323745, 0.381286), (3995, 323.107736, 2435.550332, 1.796432, 0.324187, 0.373960),
    (3996, 390.315663, 971.444831, 1.758666, 0.335337, 0.328742), (3997, 454.527797, 1830.991113, 1.811294, 0.345069, 0.359525),
    (3998, 678.044514, 2313.775711, 1.848415, 0.367677, 0.371168), (3999, 338.634205, 2405.041375, 1.792946, 0.326479, 0.373081)))


@dataclass(frozen=True)
class Optimum:
    """The compute-optimal split that the paper recommends for a budget of FLOPs."""

    compute: float
    parameters: float
    tokens: float
    source: str = "Hoffmann et al. 2022"
    status: str = "TC"


CHINCHILLA_OPTIMA = (Optimum(5.76e23, 70e9, 1.4e12), Optimum(2.21e19, 400e6, 9.2e9))


@dataclass(frozen=True)
class Trained:
    """What somebody trained: parameters and tokens as printed, and the accelerator-hours where they are."""

    name: str
    parameters: float
    tokens: float
    source: str
    status: str
    accelerator_hours: int | None = None


TRAINED = (
    Trained("GPT-3 Small", 125e6, 300e9, "Brown et al. 2020, table 2.1", "T"),
    Trained("GPT-3 175B", 174.6e9, 300e9, "Brown et al. 2020, tables 2.1 and D.1", "T"),
    Trained("Chinchilla 70B", 70e9, 1.4e12, "Hoffmann et al. 2022, table 1", "T"),
    Trained("PaLM 540B", 540.35e9, 780e9, "Chowdhery et al. 2022 (PaLM), tables 1 and 2", "T"),
    Trained("Llama-2 70B", 70e9, 2e12, "Touvron et al. 2023 (Llama 2), tables 1 and 2: hours of A100 80GB", "T", 1_720_320),
    Trained("Llama-3 8B", 8.03e9, 15e12, "Llama 3 model card 2024: over 15 T tokens", "T"),
    Trained("Llama-3 405B", 405e9, 15.6e12, "Grattafiori et al. 2024 (The Llama 3 herd of models), section 1", "T"),
)


@dataclass(frozen=True)
class FlopFormula:
    """A published formula of training FLOPs; per: "token", "sequence" of n tokens, or "step" of b sequences.

    N is the parameters as that source counts them; empty formula: a sum of terms, `CHINCHILLA_APPENDIX_F`.
    """

    name: str
    formula: str
    per: str
    convention: str
    source: str
    status: str = "TC"


FLOP_FORMULAS = (
    FlopFormula("Kaplan", "3*(2*N + 2*L*n*h*d_h)", "token",
                "attention counted for causal use; N = 2·d·L·(2·h·d_h + d_ff), without embeddings",
                "Kaplan et al. 2020, table 1"),
    FlopFormula("Chinchilla", "", "sequence", "with softmax, embedding and logits; backward twice the forward",
                "Hoffmann et al. 2022, appendix F"),
    FlopFormula("PaLM", "6*N + 12*L*h*d_h*n", "token", "the full square, nothing recomputed",
                "Chowdhery et al. 2022, appendix B"),
    FlopFormula("Megatron", "96*b*n*L*d**2*(1 + n/(6*d) + V/(16*L*d))", "step",
                "layers recomputed in full: 4 passes; logits 3 passes", "Narayanan et al. 2021, section 5.1"),
    FlopFormula("Megatron-LM code", "6*N + 6*L*h*d_h*n", "token", "as PaLM, with the core attention halved for causal use",
                "Megatron-LM, the repository's FLOP counter"),
    FlopFormula("rule of thumb", "6*N", "token", "no attention at all", "Kaplan et al. 2020, section 2.1"),
)


@dataclass(frozen=True)
class TrainingRun:
    """A measured training speed: tokens per second on chips of a dense 16-bit peak, and the utilisation it gives.

    utilisation: percent of the peak by the paper's own formula; without_attention: by 6N alone.
    """

    model: str
    parameters: int
    tokens_per_second: int
    chips: int
    peak_flops_per_second: int
    utilisation: float
    without_attention: float
    hardware_utilisation: float
    source: str
    status: str


PALM_RUN = TrainingRun("PaLM 540B", 540_350 * 10**6, 238_300, 6144, 275 * 10**12, 46.2, 45.7, 57.8,
                       "Chowdhery et al. 2022 (PaLM), table 3 and section 4.1", "TC")


@dataclass(frozen=True)
class Utilisation:
    """Percent of the peak: by the model's FLOPs, and by all that the hardware did (None where not printed)."""

    model: str
    model_flops: float
    hardware_flops: float | None
    source: str
    status: str = "T"


_PALM_TABLE, _KORTHIKANTI = "Chowdhery et al. 2022 (PaLM), table 3", "Korthikanti et al. 2022"
UTILISATIONS = (
    Utilisation("GPT-3", 21.3, None, _PALM_TABLE),
    Utilisation("Gopher", 32.5, None, _PALM_TABLE),
    Utilisation("MT-NLG", 30.2, None, _PALM_TABLE),
    Utilisation("PaLM", 46.2, 57.8, _PALM_TABLE),
    Utilisation("22B", 41.5, 43.7, _KORTHIKANTI),
    Utilisation("175B", 51.4, 52.8, _KORTHIKANTI),
    Utilisation("530B", 56.0, 57.0, _KORTHIKANTI),
    Utilisation("1T", 56.3, 57.0, _KORTHIKANTI),
)

MEGATRON_PARAMETERS = "12*L*d**2*(1 + 13/(12*d) + (V + n)/(12*L*d))"  # Narayanan et al. 2021, section 5.1; status T, C


@dataclass(frozen=True)
class MegatronRun:
    """A row of table 1: GPUs, sequences in a batch, TFLOP/s per GPU and percent of the A100's 312, as printed."""

    model: str
    gpus: int
    batch: int
    tflops_per_gpu: int
    percent_of_peak: int
    source: str = "Narayanan et al. 2021, table 1"
    status: str = "TC"


MEGATRON_RUNS = (
    MegatronRun("Megatron 1.7B", 32, 512, 137, 44),
    MegatronRun("Megatron 18.4B", 256, 1024, 135, 43),
    MegatronRun("Megatron 145.6B", 1536, 2304, 148, 47),
    MegatronRun("Megatron 1008B", 3072, 3072, 163, 52),
)
