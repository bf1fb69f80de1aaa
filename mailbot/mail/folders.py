"""The folders of a mailbox, and which of them is the inbox, the sent mail, the junk and the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Role = Literal["inbox", "sent", "junk", "archive", "other"]


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder that can be opened; `name` as the server spells it, decoded."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the server's LIST answer."""

    attributes: frozenset[str]
    #: Between the levels of a name; "" where the server has no levels.
    delimiter: str
    name: str


# RFC 6154, section 2.
_SPECIAL_USE: Final[Mapping[str, Role]] = {r"\sent": "sent", r"\junk": "junk", r"\archive": "archive"}

# What servers and mail clients call them in English and Russian; the earlier name wins where a mailbox has several.
_USUAL_NAMES: Final[Mapping[Role, Sequence[str]]] = {
    "sent": ("sent", "sent items", "sent messages", "sent mail", "отправленные", "отправленные письма", "исходящие"),
    "junk": ("junk", "spam", "junk e-mail", "junk email", "bulk mail", "спам", "нежелательная почта"),
    "archive": ("archive", "archives", "архив"),
}

# A folder of a usual name counts at the top level and below these; "Projects/Sent" is somebody's own.
_USUAL_PARENTS: Final = frozenset({"", "inbox", "[gmail]", "[google mail]"})

# Folders that hold no messages (RFC 3501, 7.2.2; RFC 5258, 3).
_CLOSED: Final = frozenset({r"\noselect", r"\nonexistent"})


def with_roles(listed: Iterable[Listed]) -> tuple[Folder, ...]:
    """Every folder that can be opened, each role given to one at most: by SPECIAL-USE (RFC 6154), else by its usual name."""
    folders = tuple(line for line in listed if not _CLOSED & {attribute.lower() for attribute in line.attributes})
    roles: dict[str, Role] = {}
    for role in ("sent", "junk", "archive"):
        found = _by_special_use(folders, role) or _by_name(folders, role)
        if found:
            roles.setdefault(found, role)
    return tuple(Folder(line.name, "inbox" if line.name.upper() == "INBOX" else roles.get(line.name, "other")) for line in folders)


def _by_special_use(folders: Iterable[Listed], role: Role) -> str:
    return next((line.name for line in folders if role in {_SPECIAL_USE.get(attribute.lower()) for attribute in line.attributes}), "")


def _by_name(folders: Iterable[Listed], role: Role) -> str:
    names = {_plain(line): line.name for line in folders}
    return next((names[usual] for usual in _USUAL_NAMES[role] if usual in names), "")


def _plain(line: Listed) -> str:
    parent, _, last = line.name.rpartition(line.delimiter) if line.delimiter else ("", "", line.name)
    return last.casefold() if parent.casefold() in _USUAL_PARENTS else ""
