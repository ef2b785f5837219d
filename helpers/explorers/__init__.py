"""The explorers: state in, picture and sentence out, live in JupyterLab and a picture on GitHub.

GrowthExplorer is the module `growth`: its `view`, its words, and its section in explorers.toml.
Importing this package imports none of them: each is read when it is first asked for.
"""

import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path

__all__ = ["Explorer", *(f"{subject}Explorer" for subject in (
    "Budget", "Conventions", "Growth", "Memory", "Model", "Pattern", "Rivals", "Roofline",
    "Serving", "Shrink", "Tiling"))]


@cache
def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module 'helpers.explorers' has no explorer {name!r}; "
                             f"it has {', '.join(__all__)}")
    from helpers.explorers.explorer import Explorer
    from helpers.explorers.panel import control_of

    if name == "Explorer":
        return Explorer
    module = import_module(f"{__name__}.{name.removesuffix('Explorer').lower()}")
    written = _written()[name]
    return type(name, (Explorer,), {
        "__doc__": module.__doc__, "view": staticmethod(module.view),
        "controls": tuple(control_of(**row) for row in written["controls"]),
        "presets": written["presets"] if "presets" in written else module.PRESETS})


@cache
def _written():
    return tomllib.loads(Path(__file__).with_name("explorers.toml").read_text(encoding="utf-8"))


def __dir__():
    return __all__
