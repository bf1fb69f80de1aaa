"""Reads the mailboxes of an address header (RFC 5322 section 3.4) from its raw value, tolerantly but without guessing who is meant."""

from __future__ import annotations

import re

from mailbot.hiring.model import Address
from mailbot.mail import decode

#: An address that mail can be sent to: no quoted local part, no address literal, no route.
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]{1,64}@[^\s<>@,;:\"()\[\]\\]{1,253}")
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LEXEME = re.compile(r"\"(?:[^\"\\]|\\.)*\"|[^\"(),<>;:\\]+|\\.|.", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_NAME_LENGTH = 200


class _Part:
    """What stands between two commas: a name, and what its angle brackets hold."""

    __slots__ = ("angles", "name")

    def __init__(self) -> None:
        self.name: list[str] = []
        self.angles: list[str] = []


def mailboxes(value: str, charset: str = "") -> tuple[Address, ...]:
    """The usable mailboxes of the header `value` (raw 8-bit bytes as surrogates), in order; what can not be used is left out. Never raises.

    The structure is read before encoded words are decoded, so that an encoded comma or bracket is only a letter of a name. A comma in an
    unquoted name ("Петров, Иван <ivan@example.ru>") belongs to the name, as long as what stands before it is no address.
    """
    found: list[Address] = []
    before: list[str] = []
    for part in _parts(value):
        name = "".join(part.name).strip()
        if not part.angles and not _address(name):
            before.append(name)
            continue
        address = _address(part.angles[0] if part.angles else name)
        shown = ", ".join(filter(None, [*before, name])) if part.angles else ""
        before = []
        # Two pairs of brackets: nobody can say which is meant.
        if address and len(part.angles) <= 1:
            shown = decode.header(shown, charset).strip(" \"'")[:_NAME_LENGTH]
            found.append(Address(name="" if shown.lower() == address else shown, address=address))
    return tuple(found)


def _parts(value: str) -> list[_Part]:
    """`value` at its commas; comments (RFC 5322 section 3.2.2) and the names of groups are dropped."""
    parts = [_Part()]
    comments, angle = 0, ""
    inside = False
    for lexeme in _LEXEME.findall(" ".join(value.split())):
        if comments:
            comments += (lexeme == "(") - (lexeme == ")")
        elif lexeme == "(":
            comments = 1
        elif inside:
            if lexeme == ">":
                parts[-1].angles.append(angle.strip())
                inside, angle = False, ""
            else:
                angle += lexeme
        elif lexeme == "<":
            inside = True
        elif lexeme in {",", ";"}:
            parts.append(_Part())
        elif lexeme == ":":
            # The name of a group ends here.
            parts[-1] = _Part()
        elif lexeme.startswith('"') and len(lexeme) > 1:
            parts[-1].name.append(_ESCAPED.sub(r"\1", lexeme[1:-1]))
        else:
            parts[-1].name.append(lexeme)
    return parts


def _address(text: str) -> str:
    """The address in lower case, its domain in ASCII (IDNA); "" if it is none."""
    if not _ADDRESS.fullmatch(text):
        return ""
    local, _, domain = text.rpartition("@")
    try:
        domain = domain.rstrip(".").encode("ascii", "surrogateescape").decode("utf-8").encode("idna").decode("ascii").lower()
        local = local.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return ""
    return f"{local.lower()}@{domain}" if _DOMAIN.fullmatch(domain) else ""
