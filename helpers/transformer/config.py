"""A model from its published config.json; data/architectures.toml says what each key means."""

import json
import tomllib
from collections import Counter
from dataclasses import fields
from functools import lru_cache, partial
from importlib.resources import files
from os import PathLike

from helpers.sizes import check_choice, check_size, check_switch, is_symbol
from helpers.transformer.layer import Layer

NEEDED = ("num_hidden_layers", "hidden_size")  # no default, whatever the library has
KINDS = ("full_attention", "sliding_attention", "chunked_attention", "linear_attention")
LISTS = ("layer_types", "moe_layers", "no_rope_layers", "mlp_only_layers")
PLACES, STEPS = ("moe_layers", "mlp_only_layers"), ("_step", "_interval", "_pattern", "_freq")
TABLES = ("defaults", "fields", "experts", "linear")


def layers_of(config):
    """Pairs (how many, `Layer`) of a configuration, and the fields of the model around them.

    config: a dict, or the path of a config.json. ValueError names the type or the key that is not
    known, left out or malformed.
    """
    given, data = _loaded(config), _architectures()
    if isinstance(text := given.get("text_config"), dict):    # it says all but what stands here
        kind, tied = given.get("model_type"), given.get("tie_word_embeddings")
        kind = f"{kind}_text" if f"{kind}_text" in data else kind
        tying = {} if tied is None else {"tie_word_embeddings": tied}
        given = {"model_type": kind} | tying | text
    for key, what in data["refused"].items():
        if given.get(key):
            raise ValueError(f"{key}: {given[key]!r} asks for {what}; give a decoder-only model")
    known = sorted({*data} - {"names", "nullable", "refused", "every"})
    table = _family(check_choice(given.get("model_type"), "model_type", known))
    keys = _checked(_spelled(given, data["names"]), table, data["nullable"])
    shared = _values(table["fields"], keys)
    own = {field.name: shared.pop(field.name) for field in fields(Layer) if field.name in shared}
    kinds = Counter(tuple(_differing(table, keys | {"i": i}).items())
                    for i in range(shared.pop("n_layers")))
    return [(count, Layer(**own | dict(kind))) for kind, count in kinds.items()], shared


def _differing(table, keys):
    """What layer i has of its own: a window, a chunk or a state, and experts."""
    kinds = keys["layer_types"]
    for name in ("layer_types", "no_rope_layers"):
        if keys[name] and len(keys[name]) != keys["num_hidden_layers"]:
            raise ValueError(f"{name}: {len(keys[name])} for {keys['num_hidden_layers']} layers; "
                             "give one for each layer")
    kind = check_choice(kinds[keys["i"]] if kinds else _value(table["kinds"], keys),
                        "layer_types", KINDS)
    for needs, key in (("sliding_attention", table["sliding"]), ("linear_attention", ""),
                       ("chunked_attention", "attention_chunk_size")):
        if kinds and kind == needs and not (_value(key, keys) if key else table["linear"]):
            raise ValueError(f"layer_types: {kind!r} needs "
                             + (f"{key}, which is left out" if key else "another model_type"))
    found = {"sliding_attention": {"window": _value(table["sliding"], keys)},
             "chunked_attention": {"chunk": keys["attention_chunk_size"]},
             "linear_attention": _values(table["linear"], keys)}.get(kind, {})
    if table["experts"] and _value(table["sparse"], keys):
        found = found | _values(table["experts"], keys)
    return found


class _Keys(dict):
    """The keys of a configuration; what stands neither in the file nor in the defaults is None."""

    def __missing__(self, key):
        return None

    def __or__(self, other):
        return _Keys({**self, **other})


_compiled = lru_cache(partial(compile, filename="architectures.toml", mode="eval"))


def _value(expression, keys):
    return eval(_compiled(expression), {"__builtins__": {}}, keys)


def _values(expressions, keys):
    return {name: _value(expression, keys) for name, expression in expressions.items()}


def _loaded(config):
    if isinstance(config, (str, PathLike)):
        try:
            with open(config, encoding="utf-8") as file:
                config = json.load(file)
        except (OSError, ValueError) as error:
            raise ValueError(f"config: {str(config)!r} cannot be read ({error}); "
                             "give a dict, or the path of a config.json") from None
    if not isinstance(config, dict):
        raise ValueError(f"config: {config!r} is no configuration; "
                         "give a dict, or the path of a config.json")
    return config


@lru_cache
def _architectures():
    return tomllib.loads((files("helpers") / "data" / "architectures.toml").read_text("utf-8"))


def _family(kind):
    """The table of a model_type, on top of the one that it is like."""
    own = _architectures()[kind]
    below = _family(own["like"]) if "like" in own else dict.fromkeys(TABLES, {})
    return below | own | {name: below[name] | own.get(name, {}) for name in TABLES}


def _spelled(given, names):
    """The keys under one name each; ValueError where two spellings disagree."""
    given = dict(given)
    for name, others in names.items():
        said = {key: given.pop(key) for key in (name, *others) if key in given}
        said = {key: value for key, value in said.items() if value is not None} or (
            {name: None} if said else {})
        if len({str(value) for value in said.values()}) > 1:
            raise ValueError(f"{', '.join(said)}: {', '.join(map(str, said.values()))} in one "
                             "configuration, and they mean the same; leave one")
        given |= {name: value for value in said.values()}
    return given


def _checked(given, table, nullable):
    """The keys on top of the library's defaults; ValueError for one left out or malformed."""
    defaults = {key: None if value == "null" else value for key, value in table["defaults"].items()}
    needed = [*NEEDED, *(key for key, value in defaults.items() if value == "needed")]
    if missing := [key for key in needed if given.get(key) is None]:
        raise ValueError(f"{missing[0]}: left out; a configuration of this type must say it")
    for key in _used(table) & given.keys():
        value, usual = given[key], defaults.get(key)
        if value is None and (usual is None or key in nullable):
            continue
        if isinstance(usual, bool):
            check_switch(value, key)
        elif isinstance(usual, list) or key in LISTS:
            if not isinstance(value, list):
                raise ValueError(f"{key}: {value!r} is no list; give one entry for each layer")
            layers = given["num_hidden_layers"]
            if key in PLACES and not all(type(i) is int and 0 <= i < layers for i in value):
                raise ValueError(f"{key}: {value!r}; give places of layers, 0 to {layers - 1}")
        elif is_symbol(value) or check_size(value, key, int(key.endswith(STEPS))) != value:
            raise ValueError(f"{key}: {value} is a symbol; give a whole number")
    return _Keys(defaults | given)


def _used(table):
    """The keys that the expressions of a table name."""
    written = [*(part for name in TABLES[1:] for part in table[name].values()),
               table["kinds"], table["sliding"], table["sparse"]]
    return {name for part in written for name in _compiled(part).co_names} | {*LISTS}
