"""Published costs of layers and of cheaper attention, and what FlashAttention measured.

Costs are strings in the course's letters, made for `sympy.sympify(cost, locals=...)`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class LayerComplexity:
    """One row of the table: O( ) of the operations per layer, of the sequential steps and of the longest path.

    Empty text where the table has no entry. `contiguous_path`: where it differs for kernels without gaps.
    The table counts products, not FLOPs, and leaves the four projections of attention out.
    """

    layer: str
    operations: str
    sequential: str
    longest_path: str
    contiguous_path: str
    source: str = "Vaswani et al. 2017, table 1"
    status: str = "P"


LAYER_COMPLEXITY = (
    LayerComplexity("self-attention", "n**2*d", "1", "1", "1"),
    LayerComplexity("recurrent", "n*d**2", "n", "n", "n"),
    LayerComplexity("convolution", "k*n*d**2", "1", "log(n)/log(k)", "n/k"),
    LayerComplexity("restricted self-attention", "r*n*d", "1", "n/r", "n/r"),
    LayerComplexity("separable convolution", "k*n*d + n*d**2", "", "", "", source="Vaswani et al. 2017, section 4"),
)


@dataclass(frozen=True)
class CheaperAttention:
    """A method's cost as published, and whether it still computes softmax attention.

    exact: True for the same values as softmax attention over all pairs, False for others, None for another
    model, where the question has no answer; `kind` says what it is.
    """

    method: str
    cost: str
    exact: bool | None
    kind: str
    source: str
    status: str


CHEAPER_ATTENTION = (
    CheaperAttention("Sparse Transformer", "n*sqrt(n)*d", False, "a fixed pattern of pairs", "Child et al. 2019", "T"),
    CheaperAttention("Reformer", "n*log(n)", False, "pairs chosen by hashing", "Kitaev et al. 2020", "T"),
    CheaperAttention("Longformer", "n*w*d", False, "a window and global tokens", "Beltagy et al. 2020", "T"),
    CheaperAttention("BigBird", "n*w*d", False, "a window, global and random tokens", "Zaheer et al. 2020", "T"),
    CheaperAttention("Linformer", "n*r*d", False, "keys and values of low rank", "Wang et al. 2020", "T"),
    CheaperAttention("Performer", "n*r*d", False, "random features of the softmax kernel", "Choromanski et al. 2021", "T"),
    CheaperAttention("linear attention", "n*d**2", False, "another kernel than softmax", "Katharopoulos et al. 2020", "C"),
    CheaperAttention("FlashAttention", "n**2*d", True, "the same operations, less traffic", "Dao et al. 2022", "T"),
    CheaperAttention("MQA", "n**2*d", None, "another model: one head of keys and values", "Shazeer 2019", "P"),
    CheaperAttention("GQA", "n**2*d", None, "another model: fewer heads of keys and values", "Ainslie et al. 2023", "P"),
    CheaperAttention("MLA", "n**2*d", None, "another model: compressed keys and values",
                     "DeepSeek-AI 2024 (DeepSeek-V2)", "P"),
    CheaperAttention("Mamba", "n", None, "another model: a state of fixed size, linear in n", "Gu and Dao 2023", "T"),
)


@dataclass(frozen=True)
class LowerBound:
    """What can and cannot be done faster, for which inputs and which output, and what the proof assumes.

    SETH: the strong exponential time hypothesis. Truly subquadratic: n^(2−ε) steps for some ε > 0. Almost linear:
    n^(1+o(1)). Worst input, large n; c log n stands for a constant times log n. Heads of a constant width d are not meant:
    for them Gupta et al. 2025 (arXiv 2505.14840) have n^(2−1/d), up to logarithms.
    """

    statement: str
    width: str
    entries: str
    output: str
    assumes: str
    source: str
    status: str


LOWER_BOUNDS = (
    LowerBound("not truly subquadratic", "above about log n", "any", "exact, or only approximate", "SETH",
               "Keles et al. 2023", "T"),
    LowerBound("not truly subquadratic", "c log n", "up to c √log n", "each entry within 1/poly(n)", "SETH",
               "Alman and Song 2023", "T"),
    LowerBound("almost linear", "c log n", "far below √log n", "each entry within 1/poly(n)", "nothing",
               "Alman and Song 2023", "T"),
)


@dataclass(frozen=True)
class AttentionRun:
    """One column of FlashAttention's figure 2: GPT-2 medium's attention, forward and backward, on an A100.

    n 1024, d_h 64, 16 heads, batch 64. GFLOPs, gigabytes moved to and from main memory, milliseconds.
    """

    method: str
    gflops: float
    gigabytes: float
    milliseconds: float
    source: str
    status: str
    note: str


FLASH_ATTENTION_RUNS = (
    AttentionRun("standard", 66.6, 40.3, 41.7, "Dao et al. 2022, figure 2", "T",
                 "The shape needs 825 GFLOPs, so 66.6 cannot be derived. A first version printed 35.3 GB and 35.1 ms."),
    AttentionRun("FlashAttention", 75.2, 4.4, 7.3, "Dao et al. 2022, figure 2", "T",
                 "The ratio 75.2 / 66.6 = 1.13 can be discussed, the absolute counts cannot. A first version "
                 "printed 11.7 ms."),
)
