"""Says in a person's words what pydantic found wrong in config.toml: the place, what stands there, what should, and what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, time
from functools import reduce
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from mailbot.config.settings import ConfigFile
from mailbot.config.values import nearest
from mailbot.errors import Problem

#: Keys by which people put a secret into the file; their value is never repeated.
SECRETS = frozenset(("password", "passwd", "pass", "secret", "token", "refresh_token", "client_secret", "api_key"))


def explained(errors: Sequence[ErrorDetails], content: dict[str, Any]) -> list[Problem]:
    """Given what pydantic found and the content of the file, return the problems; no secret is in them."""
    return [_explained(error, content) for error in errors if not _follows(error, errors)]


def _follows(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """True where an array is called too short only because a table in it is wrong."""
    return error["type"] == "too_short" and any(
        other is not error and other["loc"][: len(error["loc"])] == error["loc"] for other in errors
    )


def _explained(error: ErrorDetails, content: dict[str, Any]) -> Problem:
    place, field, parent = _located(error["loc"], content)
    key = next(part for part in reversed(error["loc"]) if isinstance(part, str) and part != "[key]")
    if error["type"] == "extra_forbidden":
        if key in SECRETS:
            advice = "Use password_env, password_file or a systemd credential, and change the password."
            return Problem(place, "a secret", "must not stand in the file", advice)
        keys = [info.alias or name for name, info in parent.model_fields.items()]
        return Problem(place, key, "is not a key that mailbot knows", nearest(key, keys, f"The keys here are {', '.join(keys)}."))
    expected = (field.description if field else None) or "must be a table"
    advice = "The config.toml that comes with mailbot shows it."
    if field and field.examples:
        written = next(info.alias or name for name, info in parent.model_fields.items() if info is field)
        advice = f"For example: {written} = {toml(field.examples[0])}"
    if error["type"] == "missing":
        return Problem(place, "nothing", expected, f"Add it. {advice}")
    seen = error["input"]
    if error["type"] == "advice":
        advice = error["msg"]
    elif error["type"] == "literal_error" and isinstance(seen, str) and field:
        advice = nearest(seen, (choice for choice in _choices(field.annotation) if isinstance(choice, str)), advice)
    # What stands in a table is not shown: it may be a secret.
    shown = "a table" if isinstance(seen, dict) else "a secret" if key in SECRETS else toml(seen)
    return Problem(place, shown, expected, advice)


def _located(loc: tuple[int | str, ...], content: dict[str, Any]) -> tuple[str, FieldInfo | None, type[BaseModel]]:
    """A place of pydantic's: in words, `positions[manager].questions[experience].text`; its key's field; the table that the key is in.

    Tables of an array are named by their id or name, else counted from one, as the values of an array are.
    """
    place = ""
    field: FieldInfo | None = None
    table: type[BaseModel] = ConfigFile
    named: FieldInfo | None = None
    value: Any = content
    for part in loc:
        if isinstance(part, int):
            value = value[part]
            name = (value.get("id") or value.get("name")) if isinstance(value, dict) else None
            place += f"[{name if name and isinstance(name, str) else part + 1}]"
        elif part != "[key]":
            value = value.get(part) if isinstance(value, dict) else None
            place += f".{part}" if place else part
            if field and get_origin(field.annotation) is dict and field is not named:
                # The keys of such a table are names; the keys of the house come beneath.
                named = field
                continue
            table = (model_of(field.annotation) if field else None) or table
            field = next((info for name, info in table.model_fields.items() if part in (name, info.alias)), None)
    return place, field, table


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Given the annotation of a key, return the table that it holds, or None if it holds a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(model_of, get_args(annotation)) if found), None)


def _choices(annotation: Any) -> tuple[Any, ...]:
    return reduce(lambda found, arg: found + (_choices(arg) or (arg,)), get_args(annotation), cast("tuple[Any, ...]", ()))


def toml(value: Any) -> str:
    """A value as config.toml has it; long ones are cut."""
    if isinstance(value, dict):
        text = "{ " + ", ".join(f"{key} = {toml(part)}" for key, part in value.items()) + " }"
    elif isinstance(value, list):
        text = "[" + ", ".join("a table" if isinstance(part, dict) else toml(part) for part in value) + "]"
    elif isinstance(value, date | time):
        text = value.isoformat()
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"
