"""Settings that are frozen, checked, and say what would work.

Every part that can be configured has a model derived from `Settings`; `checked` turns plain data (a YAML file, the
command line, metadata of a model) into one, and pydantic's findings into a single sentence.
"""

from __future__ import annotations

import reprlib
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from kickitout.errors import UserError
from kickitout.text import nearest


class Settings(BaseModel):
    """Base of all configuration: immutable, and an unknown key is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SettingsType = TypeVar("SettingsType", bound=BaseModel)
_SHORT = reprlib.Repr()  # of values in messages: a few lines of YAML can stand for gigabytes
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200


def checked(kind: type[SettingsType], data: Any, where: str) -> SettingsType:
    """`data` as a `kind`. Raises UserError that names `where`, the key, its value and what would work."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{where}: " + "; ".join(_sentence(kind, data, e) for e in error.errors()[:3])) from error


def _sentence(kind: type[BaseModel], data: Any, error: Any) -> str:
    path = [str(part) for part in error["loc"]]
    key = ".".join(part for part in path if not _is_tag(part, data, path)) or "the whole"
    if error["type"] == "extra_forbidden":
        siblings = _siblings(kind, path)
        near = nearest(path[-1], siblings)
        hint = f"did you mean {near}?" if near else "known keys: " + ", ".join(siblings)
        return f"unknown key {key} ({hint})"
    if error["type"] == "missing":
        return f"{key} is missing"
    message = error["msg"].removeprefix("Value error, ")
    said = f"{message[0].lower()}{message[1:]}"
    return f"{key}={_SHORT.repr(error.get('input'))}: {said}" if path else said  # what keys say together names them


def _is_tag(part: str, data: Any, path: list[str]) -> bool:
    """pydantic puts the tag of a discriminated union into the path; the reader's file has no such level."""
    node = data
    for step in path[: path.index(part)]:
        node = node.get(step, {}) if isinstance(node, dict) else {}
    return isinstance(node, dict) and part not in node and part in node.values()


def _siblings(kind: type[BaseModel], path: list[str]) -> list[str]:
    """The keys that are known where the last part of `path` was not."""
    fields = kind.model_fields
    for part in path[:-1]:
        if part not in fields:
            continue
        annotation = fields[part].annotation
        options = getattr(annotation, "__args__", (annotation,))
        models = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
        tagged = [m for m in models if any(f.default in path for f in m.model_fields.values())]
        if models:
            fields = (tagged or models)[0].model_fields
    return sorted(fields)
