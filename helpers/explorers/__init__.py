"""The explorers: state in, picture and sentence out, live in JupyterLab and a picture on GitHub.

Importing this package imports none of them: each is read when it is first asked for.
"""

from importlib import import_module

_WHERE = dict(
    Explorer="explorer", BudgetExplorer="budget", ConventionsExplorer="conventions",
    GrowthExplorer="growth", MemoryExplorer="memory", ModelExplorer="models",
    PatternExplorer="patterns", RivalsExplorer="rivals", RooflineExplorer="roofline",
    ServingExplorer="serving", ShrinkExplorer="shrink", TilingExplorer="tiling")
__all__ = sorted(_WHERE)


def __getattr__(name):
    if name not in _WHERE:
        raise AttributeError(f"module 'helpers.explorers' has no explorer {name!r}; "
                             f"it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__():
    return sorted([*globals(), *__all__])
