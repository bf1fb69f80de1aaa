"""The kinds of value that stand in config.toml: addresses, hosts, times, days, paths, zones; each refuses in words what it is not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Folders:
    """Where relative paths count from; the context of every validation."""

    #: The configuration file's.
    own: Path
    #: That of what comes with mailbot.
    shipped: Path


#: One mailbox: ASCII as RFC 5321 section 4.1.2 has it, without quoted local parts; a host of the own network may have no dot.
ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?"
)


def wrong(advice: str) -> PydanticCustomError:
    """Given what to do about a value, return the error that carries it to the person who wrote the value."""
    return PydanticCustomError("advice", "{advice}", {"advice": advice})


def nearest(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """Given a word that is not known and those that are, return the question that names the likeliest, else `otherwise`."""
    near = get_close_matches(word.lower(), list(words), n=1)
    return f"Did you mean {near[0]}?" if near else otherwise


def is_file(path: Path) -> bool:
    """Given a path, return whether a file is there; Path.is_file raises where a folder is closed to us or the name is too long."""
    with suppress(OSError):
        return path.is_file()
    return False


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _address(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    address = value.strip().lower()
    if not ADDRESS.fullmatch(address) or len(address) > 254:
        inner = re.search(r"<([^<>]+)>", address)
        raise wrong(f"Write the bare address: {inner[1]}" if inner else "Write one plain address, such as job@example.org.")
    return address


def _host(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9.:_-]+", value):
        raise wrong("Write the host name alone, without scheme, port, path or spaces.")
    return value


def _one_line(value: Any) -> Any:
    if isinstance(value, str) and (not value.strip() or not value.isprintable()):
        raise wrong("Write something on one line, without control characters.")
    return value


def _time(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value):
        hour, minute = value.split(":")
        return time(int(hour), int(minute))
    return value


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _path(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    if not value or not value.isprintable():
        raise wrong("Write a path, or leave the key out.")
    return _folders(info).own / value


def _file_to_send(value: Any, info: ValidationInfo) -> Any:
    path = _path(value, info)
    if not isinstance(path, Path) or is_file(path):
        return path
    shipped = _folders(info).shipped / value
    return shipped if is_file(shipped) else path


def _folders(info: ValidationInfo) -> Folders:
    return cast(Folders, info.context)


def _zone(value: Any, info: ValidationInfo) -> Any:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A far-fetched likeness misleads ("Asia/Perm" is not Asia/Urumqi): unless the name is nearly right, list the country's own.
        near = get_close_matches(value, available_timezones(), n=1, cutoff=0.8)
        country = info.data.get("country", "")
        table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text("utf-8").splitlines()
        own = ", ".join(sorted(line.split("\t")[2] for line in table if line.startswith(f"{country}\t")))
        raise wrong(
            f"Did you mean {near[0]}?" if near else f"The zones of {country}: {own}." if own else "For example: Asia/Yekaterinburg"
        ) from None
    except TypeError:
        return value
    return value


def _country(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    from holidays.registry import COUNTRIES  # noqa: PLC0415  slow to import, and only needed here

    if value not in {entry[1] for entry in COUNTRIES.values()}:
        names = {name.replace("_", " "): entry[1] for name, entry in COUNTRIES.items()}
        codes = {code: entry[1] for entry in COUNTRIES.values() for code in entry[1:]}
        likely = codes.get(value.upper()) or next((names[name] for name in get_close_matches(value.lower(), names, n=1)), "")
        raise wrong(f"Did you mean {likely}?" if likely else "For example: RU, KZ, DE")
    return value


def _pattern(value: Any) -> Any:
    if isinstance(value, str) and value:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise wrong(f"It is not a regular expression: {error}.") from None
        if groups != 1:
            raise wrong("Put what is wanted in one pair of parentheses.")
    return value


#: Any number of values, written as a TOML array or as repeated tables.
Many = Annotated[tuple[T, ...], BeforeValidator(_as_tuple)]
#: A text on one line, not empty.
Line = Annotated[str, BeforeValidator(_one_line)]
LineOrNone = Annotated[str, BeforeValidator(lambda value: value if value == "" else _one_line(value))]
#: An e-mail address, lower-cased.
Mailbox = Annotated[str, BeforeValidator(_address)]
MailboxOrNone = Annotated[str, BeforeValidator(lambda value: value if value == "" else _address(value))]
#: A host name or IP address.
Host = Annotated[str, BeforeValidator(_host)]
#: A path, absolute once read.
File = Annotated[Path, BeforeValidator(_path)]
#: The same; a file that is not beside the configuration may also be one that comes with mailbot.
FileToSend = Annotated[Path, BeforeValidator(_file_to_send)]
#: A TOML date, or the same in quotes.
Day = Annotated[date, BeforeValidator(_day)]
#: A time of day: "10:00" in quotes, or a TOML time.
Clock = Annotated[time, BeforeValidator(_time)]
#: An IANA time zone.
Zone = Annotated[str, BeforeValidator(_zone)]
#: An ISO 3166 code of a country whose working days `holidays` knows.
Country = Annotated[str, BeforeValidator(_country)]
#: A regular expression with one group.
Pattern = Annotated[str, BeforeValidator(_pattern)]
#: The name by which tables refer to each other.
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
IdOrNone = Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,39})?$")]
IdOrAll = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9_]{0,39})$")]
Count = Annotated[int, Field(ge=1)]
