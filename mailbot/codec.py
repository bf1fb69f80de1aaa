"""Frozen dataclasses to plain values (what JSON can hold) and back, checked against their declared types."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Hashable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_Reader = Callable[[Any], Any]


def instant_text(at: datetime) -> str:
    """Given an aware datetime, return it as RFC 3339 in UTC, always of 27 characters, so that texts sort as instants do."""
    if at.tzinfo is None:
        raise ValueError("an instant without a zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def instant(text: str) -> datetime:
    """Given what `instant_text` wrote, return the aware datetime. Raise ValueError for anything without a zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant without a zone")
    return at


def plain(value: object) -> Any:
    """Given a dataclass, or what may stand in one, return the plain value. Raise TypeError for anything else."""
    kind = type(value)
    # The most frequent first: a record of hundreds of messages is written as a whole.
    if isinstance(value, str):
        # A header may hold half a surrogate pair, which no UTF-8 file can.
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if value is None or kind is int or kind is bool:
        return value
    if isinstance(value, datetime):
        return instant_text(value)
    if kind is bytes:
        return b64encode(value).decode("ascii")  # type: ignore[arg-type]  # as in `typed`
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in _names(kind)}  # type: ignore[arg-type]  # as in `typed`
    raise TypeError(f"a {kind.__name__} can not be stored")


def typed(kind: type[T], value: object) -> T:
    """Given a dataclass and what `plain` made of one, return the dataclass. A missing key takes the field's default.

    Raise ValueError for a missing key without a default, an unknown key, or a value of another type.
    """
    result: T = _reader(kind)(value)  # type: ignore[arg-type]  # a class is hashable, which mypy doubts
    return result


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _reader(kind: Hashable) -> _Reader:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is datetime:
        return _checked(str, instant)
    if kind is bytes:
        return _checked(str, lambda text: b64decode(text, validate=True))
    if kind in {str, int, bool}:
        return _checked(kind, None)
    if origin is Literal:
        return _one_of(frozenset(arguments))
    if origin is tuple and arguments[1:] == (...,):
        return _tuple_of(_reader(arguments[0]))
    if origin is tuple:
        return _these(tuple(map(_reader, arguments)))
    if origin in {Union, UnionType} and arguments[1:] == (NoneType,):
        inner = _reader(arguments[0])
        return lambda value: None if value is None else inner(value)
    if is_dataclass(kind):
        return _record_of(kind)
    raise TypeError(f"{kind} can not be stored")


def _checked(kind: type, then: _Reader | None) -> _Reader:
    def read(value: Any) -> Any:
        # `type(...) is`, because True is an int to isinstance.
        if type(value) is not kind:
            raise ValueError(f"{kind.__name__} expected")
        return then(value) if then else value

    return read


def _one_of(words: frozenset[Any]) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"one of {', '.join(sorted(words))} expected")
        return value

    return read


def _tuple_of(inner: _Reader) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError("a list expected")
        return tuple(map(inner, value))

    return read


def _these(inner: tuple[_Reader, ...]) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(inner):
            raise ValueError(f"a list of {len(inner)} expected")
        return tuple(reader(each) for reader, each in zip(inner, value, strict=True))

    return read


def _record_of(kind: Any) -> _Reader:
    hints = get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}

    def read(value: Any) -> Any:
        if not isinstance(value, dict) or not required <= value.keys() <= readers.keys():
            raise ValueError(f"the fields of {kind.__name__} expected")
        return kind(**{name: readers[name](each) for name, each in value.items()})

    return read
