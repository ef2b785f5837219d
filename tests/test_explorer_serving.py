"""ServingExplorer shows what `helpers.planning.serve` says."""

import pytest
from test_explorers import some_states

from helpers.explorers import ServingExplorer
from helpers.planning import serve
from helpers.published import MODELS
from helpers.words import duration, money, number

KEPT = {"16 bit": ("bf16", "bf16"), "weights 8 bit": ("int8", "bf16"),
        "weights 4 bit": ("int4", "bf16"), "weights and cache 8 bit": ("int8", "int8")}


def test_the_numbers_are_those_of_the_plan():
    for explorer in some_states(ServingExplorer, 40):
        s, shown, title = explorer.state, explorer.numbers(), explorer.shown.title
        found, alone = (serve(MODELS[s.model], s.accelerator, s.prompt, s.written, batch, s.devices,
                              *KEPT[s.precision], s.share / 100, s.price) for batch in (s.batch, 1))
        assert shown["largest batch that fits (users)"] == f"{found.largest_batch:,}"
        assert shown["a million output tokens (USD)"] == money(found.usd_per_million_written)
        assert shown["to the first token"] == duration(found.first_token_seconds)
        assert shown["tokens per second in all"] == number(found.tokens_per_second)
        assert (shown["it fits"] == "no") == ("No room" in title) == (not found.footprint.fits)
        if "cheaper" in title:
            cheaper = alone.usd_per_million_written / found.usd_per_million_written
            assert float(title.split()[3].replace(",", "")) == pytest.approx(cheaper, rel=0.05)
