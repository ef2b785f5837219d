"""All published models in one call: parameters and FLOPs of one forward pass, and the time for each model."""

from helpers.published import MODELS


def parameters_and_flops(n=2048):
    return {name: (model.parameters(), model.forward_flops(n)) for name, model in MODELS.items()}


def test_all_published_models(benchmark):
    totals = benchmark(parameters_and_flops)
    assert len(totals) == len(MODELS) and all(flops > parameters > 0 for parameters, flops in totals.values())
    benchmark.extra_info["models"] = len(totals)
    if benchmark.stats:
        print(f"\n{len(totals)} models, {benchmark.stats['median'] / len(totals) * 1e6:.1f} µs for each")
