"""Decodes what stands in headers and transfer encodings, from the raw bytes and tolerantly: RFC 2047 words, RFC 2231 parameters, base64."""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Mapping
from email.message import Message
from urllib.parse import unquote_to_bytes

from mailbot.mail import charsets

#: RFC 2047 section 2, but blanks, "?" and raw 8-bit are tolerated inside; not the beginning of another: so the search is linear.
_WORD = re.compile(r"=\?([\w.:+*-]{1,60})\?([bBqQ])\?((?:[^?=]|\?(?!=)|=(?!\?(?!=))){0,4000}?)\?=")
_PARAMETER = re.compile(r";\s*([^\s=;]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;]*))", re.DOTALL)
_PIECE = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PERCENT = re.compile(rb"(?:%[0-9A-Fa-f]{2}){2}")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_BLANKS = re.compile(r"\s+")
#: Characters that turn the direction of a text: a file "fdp.exe" can be made to look like "exe.pdf".
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NAME_LENGTH = 200


def header(value: str, charset: str = "") -> str:
    """A header's value as a person reads it, on one line.

    `value` is as the parser keeps it: raw 8-bit bytes as surrogates. `charset` is what the message declares for its body: likely that of
    raw bytes in its headers too.
    """
    return " ".join(charsets.clean(words(value, charset)).split())


def words(value: str, charset: str = "") -> str:
    """`value` with its encoded words (RFC 2047) and raw bytes decoded; blanks outside of them stay."""
    out: list[str] = []
    # Adjacent words of one charset are joined before they are decoded: a character may be split between them.
    pending, pending_charset = b"", ""
    half = ""
    end = 0
    for match in _WORD.finditer(value):
        between = value[end : match.start()]
        name, encoding, content = match[1].lower(), match[2].lower(), match[3]
        if pending_charset and (between.strip() or name != pending_charset):
            out.append(charsets.decode(pending + _base64(_bytes(half)), pending_charset).text)
            pending, pending_charset, half = b"", "", ""
        if between.strip() or not end:
            out.append(charsets.decode(_bytes(between), charset).text)
        pending_charset, end = name, match.end()
        if encoding == "b":
            half += content
            # Only a complete group of four may be decoded by itself.
            if len(half) % 4 == 0 or half.endswith("="):
                pending, half = pending + _base64(_bytes(half)), ""
        else:
            pending, half = pending + _base64(_bytes(half)) + _q(_bytes(content)), ""
    if pending_charset:
        out.append(charsets.decode(pending + _base64(_bytes(half)), pending_charset).text)
    out.append(charsets.decode(_bytes(value[end:]), charset).text)
    return "".join(out)


def parameters(value: str) -> dict[str, str]:
    """The parameters of a Content-Type or Content-Disposition, decoded, names in lower case; RFC 2231 before plain."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for match in _PARAMETER.finditer(value):
        key = match[1].lower()
        content = _ESCAPED.sub(r"\1", match[2]) if match[2] is not None else match[3].strip()
        piece = _PIECE.fullmatch(key)
        if piece and (piece[2] or piece[3]):
            pieces.setdefault(piece[1], {}).setdefault(int(piece[2] or 0), (bool(piece[3]), content))
        else:
            plain.setdefault(key, content)
    found = {name: _plain(content) for name, content in plain.items()}
    return found | {name: _extended(parts) for name, parts in pieces.items()}


def file_name(disposition: Mapping[str, str], content_type: Mapping[str, str]) -> str:
    """The name of an attachment as its sender wrote it, "" if there is none; never a path, without control characters, at most 200 letters.

    Given are the decoded parameters of Content-Disposition and Content-Type.
    """
    name = disposition.get("filename") or content_type.get("name") or ""
    name = _INVISIBLE.sub("", charsets.clean(name))
    name = _BLANKS.sub(" ", re.split(r"[\\/]", name)[-1]).strip(" .")
    if len(name) > _NAME_LENGTH:
        stem, dot, extension = name.rpartition(".")
        name = name[:_NAME_LENGTH] if not dot or len(extension) > 10 else f"{stem[: _NAME_LENGTH - 11]}.{extension}"
    return name


def content(part: Message) -> bytes:
    """The decoded bytes of a leaf of the MIME tree, whatever is wrong with its transfer encoding. Never raises."""
    encoding = str(part.get("content-transfer-encoding", "")).lower()
    if "uu" in encoding:
        return _payload(part)
    raw = _payload(part)
    if "base64" in encoding or "quoted" in encoding:
        # Without the header the parser hands out the bytes as they came; with it, it gives up on the first irregularity.
        del part["content-transfer-encoding"]
        raw = _payload(part)
        part["content-transfer-encoding"] = encoding
    if "base64" in encoding:
        return _base64(raw)
    if "quoted" in encoding:
        return quopri.decodestring(raw)
    return raw


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _bytes(value: str) -> bytes:
    """The bytes that the parser kept as ASCII with surrogates; text that is no such thing is UTF-8."""
    try:
        return value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


def _base64(raw: bytes) -> bytes:
    """Base64 without a fuss about missing padding, stray characters or a cut end."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        letters = _NOT_BASE64.sub(b"", raw)
        whole = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
        return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _q(raw: bytes) -> bytes:
    """The Q encoding of RFC 2047 section 4.2."""
    return binascii.a2b_qp(raw.replace(b" ", b"_"), header=True)


def _plain(value: str) -> str:
    """A parameter without RFC 2231: it may still hold encoded words, raw bytes or percent signs, all of them seen in mail."""
    raw = _bytes(value)
    if _PERCENT.search(raw):
        try:
            return unquote_to_bytes(raw).decode("utf-8")
        except UnicodeDecodeError:
            pass
    return words(value)


def _extended(parts: Mapping[int, tuple[bool, str]]) -> str:
    """The value of an RFC 2231 parameter from its numbered pieces; decoded as a whole, since a character may be split between two."""
    raw, charset = b"", ""
    for number in sorted(parts):
        encoded, value = parts[number]
        if number == min(parts) and encoded and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        raw += unquote_to_bytes(_bytes(value)) if encoded else _bytes(value)
    if not charset and raw.isascii():
        return words(raw.decode("ascii"))
    return charsets.decode(raw, charset).text
