"""Published models: shape, source, and the printed parameter count with the tolerance of its rounding."""

from dataclasses import dataclass

from helpers.published.registry import Registry
from helpers.transformer import Transformer


@dataclass(frozen=True, kw_only=True, repr=False)
class Model(Transformer):
    """A `Transformer` that somebody published: every method of the shape, and where the shape is from.

    source, status: of the shape. context: tokens of a sequence that the source gives, None if we have none.
    published_parameters: None, or a count from which `parameters()` differs by at most tolerance parameters.
    tokens: of training, where the source gives them. note: what to know about the entry.

    >>> MODELS["GPT-3 175B"].published_parameters, MODELS["GPT-3 175B"].tolerance
    (174600000000, 50000000)
    """

    name: str
    source: str
    status: str
    context: int | None = None
    published_parameters: int | None = None
    tolerance: int = 0
    tokens: int | None = None
    note: str = ""


@dataclass(frozen=True)
class ActiveParameters:
    """The parameters that one token meets in a mixture, as printed: `value` to within `tolerance`."""

    model: str
    input_embedding: bool
    value: int
    tolerance: int
    source: str
    status: str


_MILLION, _BILLION = 10**6, 10**9
_GPT2_SOURCE = "Radford et al. 2019, and the released configuration files"
_GPT2 = dict(vocab_size=50257, max_positions=1024, context=1024, source=_GPT2_SOURCE, status="PC")
_GPT3 = dict(vocab_size=50257, max_positions=2048, context=2048, tokens=300 * _BILLION,
             source="Brown et al. 2020, tables 2.1 and D.1", status="TC", tolerance=5 * _MILLION)
_GATED = dict(gated=True, tied=False, attention_bias=False, mlp_bias=False, norm="rms")  # the Llama block
_LLAMA2 = dict(**_GATED, vocab_size=32000, context=4096, status="TC",
               source="Touvron et al. 2023 (Llama 2), and the released configuration")
_LLAMA3 = dict(**_GATED, vocab_size=128256, n_kv_heads=8, context=8192, status="TC",
               source="Grattafiori et al. 2024 (The Llama 3 herd of models), and the released configuration")
_CHINCHILLA = dict(vocab_size=32000, context=2048, attention_bias=False, mlp_bias=False, norm="rms",
                   source="Hoffmann et al. 2022, table A4", status="T",
                   note="The printed size counts L·d·h·d_h relative-position weights, which this shape leaves out.")
_MEGATRON = dict(vocab_size=51200, max_positions=2048, context=2048, tolerance=50 * _MILLION,
                 source="Narayanan et al. 2021, table 1", status="TC")
_DEEPSEEK = dict(**_GATED, kv_lora_rank=512, q_lora_rank=1536, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128)

_ALL = (
    Model(12, 768, 12, 3072, name="GPT-2", published_parameters=124_439_808, **_GPT2,
          note="First printed as 117M; the release's own README calls its first figures wrong."),
    Model(24, 1024, 16, 4096, name="GPT-2 medium", published_parameters=354_823_168, **_GPT2,
          note="First printed as 345M; the release's own README calls its first figures wrong."),
    Model(36, 1280, 20, 5120, name="GPT-2 large", published_parameters=774_030_080, **_GPT2),
    Model(48, 1600, 25, 6400, name="GPT-2 XL", published_parameters=1_557_611_200, **_GPT2),
    Model(12, 768, 12, 3072, d_head=64, name="GPT-3 Small", published_parameters=125 * _MILLION, **_GPT3),
    Model(24, 1024, 16, 4096, d_head=64, name="GPT-3 Medium", published_parameters=356 * _MILLION, **_GPT3),
    Model(24, 1536, 16, 6144, d_head=96, name="GPT-3 Large", published_parameters=760 * _MILLION, **_GPT3),
    Model(24, 2048, 16, 8192, d_head=128, name="GPT-3 XL", published_parameters=1_320 * _MILLION, **_GPT3,
          note="Table 2.1 prints 24 heads; the printed count needs 16."),
    Model(32, 2560, 32, 10240, d_head=80, name="GPT-3 2.7B", published_parameters=2_650 * _MILLION, **_GPT3),
    Model(32, 4096, 32, 16384, d_head=128, name="GPT-3 6.7B", published_parameters=6_660 * _MILLION, **_GPT3),
    Model(40, 5120, 40, 20480, d_head=128, name="GPT-3 13B", published_parameters=12_850 * _MILLION, **_GPT3,
          note="Table 2.1 prints width 5140; the printed count needs 5120."),
    Model(96, 12288, 96, 49152, d_head=128, name="GPT-3 175B", published_parameters=174_600 * _MILLION,
          **_GPT3 | dict(tolerance=50 * _MILLION)),
    Model(32, 4096, 32, 11008, name="Llama-2 7B", published_parameters=6_738_415_616, **_LLAMA2),
    Model(40, 5120, 40, 13824, name="Llama-2 13B", published_parameters=13_015_864_320, **_LLAMA2),
    Model(80, 8192, 64, 28672, n_kv_heads=8, name="Llama-2 70B", published_parameters=68_976_648_192, **_LLAMA2),
    Model(32, 4096, 32, 14336, name="Llama-3 8B", published_parameters=8_030_261_248, **_LLAMA3),
    Model(80, 8192, 64, 28672, name="Llama-3 70B", published_parameters=70_553_706_496, **_LLAMA3),
    Model(126, 16384, 128, 53248, name="Llama-3 405B", published_parameters=405_853_388_800, **_LLAMA3),
    Model(32, 4096, 32, 14336, 32000, n_kv_heads=8, window=4096, **_GATED, name="Mistral 7B", context=8192,
          published_parameters=7_241_732_096, source="Jiang et al. 2023 (Mistral 7B), table 1", status="TC"),
    Model(32, 4096, 32, 14336, 32000, n_kv_heads=8, n_experts=8, experts_per_token=2, **_GATED,
          name="Mixtral 8x7B", context=32768, published_parameters=46_702_792_704,
          source="Jiang et al. 2024 (Mixtral of experts), table 1", status="TC",
          note="8 × 7 is not 56: attention, norms and embeddings are there once."),
    Model(28, 3584, 28, 18944, 152064, n_kv_heads=4, **_GATED | dict(attention_bias=True, output_bias=False),
          name="Qwen2.5 7B", context=131072, published_parameters=7_615_616_512,
          source="Qwen2.5 technical report 2024, and the released configuration", status="TC",
          note="Biases on queries, keys and values only."),
    Model(60, 5120, 128, 12288, 102400, **_DEEPSEEK, n_experts=160, experts_per_token=6, n_shared_experts=2,
          n_dense_layers=1, d_expert=1536, name="DeepSeek-V2", published_parameters=235_741_434_880,
          source="DeepSeek-AI 2024 (DeepSeek-V2), section 3.1.2, and the released configuration", status="TC"),
    Model(61, 7168, 128, 18432, 129280, **_DEEPSEEK, n_experts=256, experts_per_token=8, n_shared_experts=1,
          n_dense_layers=3, d_expert=2048, router_bias=True, name="DeepSeek-V3",
          published_parameters=671_026_419_200,
          source="DeepSeek-AI 2024 (DeepSeek-V3), section 4.2, and the released configuration", status="TC",
          note="Without the module that predicts a second token."),
    Model(118, 18432, 48, 73728, 256000, n_kv_heads=1, d_head=256, **_GATED | dict(tied=True),
          name="PaLM 540B", context=2048, published_parameters=540_350 * _MILLION,
          tolerance=10 * _MILLION, tokens=780 * _BILLION,
          source="Chowdhery et al. 2022 (PaLM), table 1 and section 2", status="TC",
          note="Attention and feed-forward share one norm; this shape counts two, which adds 2.2 million parameters."),
    Model(10, 640, 10, 2560, d_head=64, name="Chinchilla 73M", **_CHINCHILLA),
    Model(20, 1024, 16, 4096, d_head=64, name="Chinchilla 305M", **_CHINCHILLA),
    Model(24, 1280, 10, 5120, d_head=128, name="Chinchilla 552M", **_CHINCHILLA),
    Model(26, 1792, 14, 7168, d_head=128, name="Chinchilla 1.1B", **_CHINCHILLA),
    Model(28, 2048, 16, 8192, d_head=128, name="Chinchilla 1.6B", **_CHINCHILLA),
    Model(40, 3584, 28, 14336, d_head=128, name="Chinchilla 6.8B", **_CHINCHILLA),
    Model(24, 2304, 24, 9216, name="Megatron 1.7B", published_parameters=1_700 * _MILLION, **_MEGATRON),
    Model(40, 6144, 48, 24576, name="Megatron 18.4B", published_parameters=18_400 * _MILLION, **_MEGATRON),
    Model(80, 12288, 96, 49152, name="Megatron 145.6B", published_parameters=145_600 * _MILLION, **_MEGATRON),
    Model(128, 25600, 160, 102400, name="Megatron 1008B", published_parameters=1_008_000 * _MILLION, **_MEGATRON),
)

MODELS = Registry("model", {model.name: model for model in _ALL})

ACTIVE_PARAMETERS = (
    ActiveParameters("Mixtral 8x7B", True, 12_879_925_248, 0,
                     "Jiang et al. 2024 (Mixtral of experts) prints 13B; to the digit recomputed", "TC"),
    ActiveParameters("DeepSeek-V2", True, 21_400 * _MILLION, 50 * _MILLION,
                     "the released configuration, counted; the paper prints 21B", "TC"),
    ActiveParameters("DeepSeek-V3", True, 37_550 * _MILLION, 5 * _MILLION,
                     "the released configuration, counted; the paper prints 37B", "TC"),
    ActiveParameters("DeepSeek-V3", False, 36_630 * _MILLION, 5 * _MILLION,
                     "the released configuration, counted", "TC"),
)
