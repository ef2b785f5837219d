"""ServingExplorer shows what `helpers.planning.serve` says, and its curve passes through what it shows."""

import random

import pytest

from helpers.explorers import ServingExplorer
from helpers.planning import serve
from helpers.published import MODELS
from helpers.words import duration, money, number

PRECISIONS = {"16 bit": ("bf16", "bf16"), "weights 8 bit": ("int8", "bf16"), "weights 4 bit": ("int4", "bf16"),
              "weights and cache 8 bit": ("int8", "int8")}


@pytest.mark.parametrize("model", ["GPT-2 XL", "Llama-3 70B", "Mistral 7B", "DeepSeek-V3"])
def test_the_numbers_are_those_of_the_plan(model):
    chance = random.Random(model)
    for precision in PRECISIONS:
        sizes = dict(prompt=2 ** chance.randint(4, 18), written=2 ** chance.randint(1, 10), batch=2 ** chance.randint(0, 12),
                     devices=2 ** chance.randint(0, 6))
        explorer = ServingExplorer(model=model, precision=precision, share=50, price=3, **sizes)
        found = serve(MODELS[model], "H100 SXM", sizes["prompt"], sizes["written"], sizes["batch"], sizes["devices"],
                      *PRECISIONS[precision], 0.5, 3)
        shown = explorer.numbers()
        assert shown["largest batch that fits (users)"] == f"{found.largest_batch:,}"
        assert shown["it fits"] == ("yes" if found.footprint.fits else "no")
        assert shown["a million tokens written (USD)"] == money(found.usd_per_million_written)
        assert shown["to the first token"] == duration(found.first_token_seconds)
        assert shown["tokens per second in all"] == number(found.tokens_per_second)
        assert ("room for" in explorer.sentence()) == ("No room" in explorer.shown.title) == (not found.footprint.fits)


def test_sharing_is_said_in_the_title():
    alone, shared = (ServingExplorer(model="Llama-3 8B", batch=batch) for batch in (1, 16))
    cheaper = serve(MODELS["Llama-3 8B"], "H100 SXM", 2_048, 512, 1).usd_per_million_written / serve(
        MODELS["Llama-3 8B"], "H100 SXM", 2_048, 512, 16).usd_per_million_written
    assert f"{cheaper:.1f} times cheaper" in shared.shown.title and "190 would pay" in alone.shown.title
