"""Published models, accelerators and tables as data, each with its source; nothing is computed here.

`MODELS` and `ACCELERATORS` are dicts by name. The tables are tuples of rows; where print and arithmetic
disagree a row holds what was printed and says so in its note, and lesson 11 shows why.

Status of a figure: "P" read in the primary text or the project's own file; "T" read in transcriptions of the
paper; "C" recomputed from the formula, and it agrees. The codes of a row with several figures are joined: "TC".

>>> MODELS["GPT-2"].parameters()
124439808
>>> ACCELERATORS["H100 SXM"].flops_per_second
989000000000000
>>> MODELS["llama3"]
Traceback (most recent call last):
    ...
KeyError: "no model 'llama3'; near: 'Llama-3 8B', 'Llama-3 70B', 'Llama-3 405B'"
"""

from helpers.published.accelerators import ACCELERATORS, DECODE_CHECKS, MEMORY_BANDWIDTH, Accelerator, DecodeCheck
from helpers.published.attention import (CHEAPER_ATTENTION, FLASH_ATTENTION_RUNS, LAYER_COMPLEXITY, LOWER_BOUNDS,
                                         AttentionRun, CheaperAttention, LayerComplexity, LowerBound)
from helpers.published.memory import (ACTIVATIONS, ADAM_BYTES, CACHE_ELEMENTS, KV_CACHE, ActivationFigure, CacheElements,
                                      CacheFigure, OptimizerBytes)
from helpers.published.models import ACTIVE_PARAMETERS, MODELS, ActiveParameters, Model
from helpers.published.registry import Registry
from helpers.published.training import (CHINCHILLA_A4, CHINCHILLA_APPENDIX_F, CHINCHILLA_FITS, CHINCHILLA_OPTIMA,
                                        CHINCHILLA_UNROUNDED, FLOP_FORMULAS, GPT3_TABLE_2_1, GPT3_TABLE_D_1,
                                        MEGATRON_PARAMETERS, MEGATRON_RUNS, PALM_RUN, REFIT_BOOTSTRAPS, REFIT_STANDARD_ERRORS,
                                        TRAINED, UTILISATIONS, ChinchillaRatio, FlopFormula, GPT3Shape, GPT3Training,
                                        LossFit, MegatronRun, Optimum, StandardErrors, Trained, TrainingRun, Utilisation)

__all__ = [name for name in dir() if name[0].isupper()]
