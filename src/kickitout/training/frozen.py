"""What a training run is, in words that outlive the code: settings under frozen ids, and a version of training.

Results cost hours, and their names must survive work on the program: a class or a field that is renamed, an option that
is added, a config that is called otherwise. So a run is identified by those of its settings that differ from frozen
defaults, each under a frozen id. Both stand in `frozen_settings.json`, to which entries are added and of which none is
ever changed or removed.

A field's id is its name, after the ids of what it lies in: `optim_g.lr`. Whoever

    renames a field         keeps its id:           Field(2e-4, json_schema_extra={"id": "lr"})
    moves it                keeps the whole path:   an id may have dots in it, and one that is "" adds no level
    renames a value         keeps what it was:      json_schema_extra={"values": {"log-magnitude": "logmag"}}
    adds a field            enters it in the table with the value that means what was done before there was the field
    changes a default       does nothing: the table keeps the old one, and a run that says nothing is named anew,
                            while one that asks for the old value keeps its name
    adds one that is said   gives it no id:         json_schema_extra={"id": None}; it must never change a result
    changes what a setting does, or anything else that a run depends on   raises TRAINING_VERSION
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

TRAINING_VERSION = 1  # raised by hand when the same settings and sounds no longer give the same run

FAMILY = "model.family"  # the id of the setting by which a frozen default can differ


def differing(config: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Frozen id -> value of every setting that differs from its frozen default. prefix: ids of what config lies in.

    >>> from kickitout.training.config import AdamConfig
    >>> differing(AdamConfig(lr=1e-3), "optim_g")
    {'optim_g.lr': 0.001}
    """
    known = list(_leaves(config, prefix))
    family = next((value for name, value, _ in known if name == FAMILY), None)
    return {name: value for name, value, default in known if value != frozen_default(name, family, default)}


@lru_cache(maxsize=1)
def frozen_settings() -> dict[str, Any]:
    """Frozen id -> frozen default. One that differs by family is a mapping, "*" standing for the others; a setting
    that a mapping says nothing of has no default, and always counts."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath("frozen_settings.json").read_text("utf-8"))
    return found


def frozen_default(name: str, family: str | None, otherwise: Any) -> Any:
    """The frozen default of a setting; `otherwise` where the table has none."""
    entry = frozen_settings().get(name, otherwise)
    return entry.get(family, entry.get("*", _NOTHING)) if isinstance(entry, Mapping) else entry


_NOTHING = object()  # what no setting is: without a default, each value counts


def ids_of(kind: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """Frozen id -> default of every setting a class of settings can have, in all its kinds. A kind's own default is
    left out (None) where kinds differ."""
    found: dict[str, Any] = {}
    for field_name, field in kind.model_fields.items():
        name = _id(field_name, field, prefix)
        if name is None:
            continue
        own: dict[str, Any] = {}
        inner = [part for part in _parts(field.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
        for part in inner:
            for key, default in ids_of(part, name).items():
                own[key] = default if own.get(key, default) == default else None
        if not inner:
            default = _own_default(field)
            own[name] = None if default is _NOTHING else default
        if taken := sorted(found.keys() & own.keys()):
            raise ValueError(f"{kind.__name__}.{field_name}: the id {taken[0]} is that of another field")
        found |= own
    return found


def _leaves(config: BaseModel, prefix: str) -> Iterator[tuple[str, Any, Any]]:
    """Frozen id, value and own default of each setting that is no group of settings."""
    for field_name, field in type(config).model_fields.items():
        name, value = _id(field_name, field, prefix), getattr(config, field_name)
        if name is None:
            continue
        if isinstance(value, BaseModel):
            yield from _leaves(value, name)
        else:
            yield name, _as_json(value, field), _own_default(field)


def _own_default(field: FieldInfo) -> Any:
    """The default that a field states. A text without a choice, which tells one kind of settings from another, is none:
    of two kinds each would be at its default."""
    choices = get_args(field.annotation)
    a_tag = len(choices) == 1 and isinstance(choices[0], str)
    return _NOTHING if a_tag or field.is_required() else _as_json(field.default, field)


def _id(field_name: str, field: FieldInfo, prefix: str) -> str | None:
    """The frozen id of a field; None for one that is only said."""
    own = _extra(field).get("id", field_name)
    return None if own is None else ".".join(part for part in (prefix, own) if part)


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _as_json(value: Any, field: FieldInfo) -> Any:
    """A value as JSON has it: 2 and 2.0 are one, a value that was renamed is what it was."""
    if isinstance(value, (tuple, list)):
        return [_as_json(one, field) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return _extra(field).get("values", {}).get(value, value)
    return value


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation, and what it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
