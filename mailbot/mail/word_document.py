"""The text of a Word 97 to 2003 document (.doc): the piece table of [MS-DOC] in the compound file of [MS-CFB]."""

from __future__ import annotations

import re
import struct

from mailbot.mail.refused import Refused

END_OF_CHAIN = 0xFFFFFFFA  # this and all above are marks, not sectors
#: [MS-DOC] 2.5.1: the first word of every document, and the lowest version of the format that has a piece table as read here (Word 97).
DOCUMENT_MARK, WORD_97 = 0xA5EC, 0x00C1
ENCRYPTED, SECOND_TABLE = 0x0100, 0x0200
#: Bit 30 of a piece: its text is in single bytes of code page 1252, at half the offset ([MS-DOC] 2.9.73).
SINGLE_BYTES = 0x40000000
#: Innermost fields first: begin, code, separator, result, end ([MS-DOC] 2.8.25). Only the result is seen on paper.
FIELD = re.compile("\x13[^\x13\x14\x15]*(?:\x14([^\x13\x15]*))?\x15")
FIELD_DEPTH = 20


def text(content: bytes) -> str:
    """The text: headers and footers, body with footnotes, text boxes; no comments and no field codes.

    Raises Refused if it is locked, no Word document, or damaged.
    """
    try:
        streams = _Streams(content)
        document = streams.read("WordDocument")
        if document is None:
            raise Refused("no_text", "it is an old Office document of a type that is not read (.xls, .ppt)")
        mark, version = struct.unpack_from("<HH", document)
        (flags,) = struct.unpack_from("<H", document, 0x0A)
        if flags & ENCRYPTED:
            raise Refused("withheld", "it is locked with a password")
        if mark != DOCUMENT_MARK or version < WORD_97:
            raise Refused("no_text", "it is in a Word format older than Word 97")
        table = streams.read("1Table" if flags & SECOND_TABLE else "0Table")
        if table is None:
            raise Refused("broken", "it is damaged or cut off")
        whole = _pieces(document, table)
        main, footnotes, headers, _, comments, endnotes, boxes, header_boxes = struct.unpack_from("<8I", document, 0x4C)
    except (struct.error, IndexError) as error:
        raise Refused("broken", "it is damaged or cut off") from error
    after_headers = main + footnotes + headers
    after_endnotes = after_headers + comments + endnotes
    body, head = whole[: main + footnotes], whole[main + footnotes : after_headers]
    return _readable("\r".join((head, body, whole[after_endnotes : after_endnotes + boxes + header_boxes])))


def _pieces(document: bytes, table: bytes) -> str:
    """All characters of the document in order, by its piece table ([MS-DOC] 2.4.1)."""
    offset, size = struct.unpack_from("<II", document, 0x01A2)
    clx = table[offset : offset + size]
    position = 0
    # What stands before the table: changes of properties, each with its length.
    while clx[position] == 1:
        position += 3 + int.from_bytes(clx[position + 1 : position + 3], "little")
    (length,) = struct.unpack_from("<I", clx, position + 1)
    position += 5
    count = (length - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", clx, position)
    found: list[str] = []
    for number in range(count):
        (place,) = struct.unpack_from("<I", clx, position + 4 * (count + 1) + 8 * number + 2)
        letters = bounds[number + 1] - bounds[number]
        if place & SINGLE_BYTES:
            start = (place & ~SINGLE_BYTES) // 2
            found.append(document[start : start + letters].decode("cp1252", "replace"))
        else:
            found.append(document[place : place + 2 * letters].decode("utf-16-le", "replace"))
    return "".join(found)


def _readable(raw: str) -> str:
    for _ in range(FIELD_DEPTH):
        raw, replaced = FIELD.subn(lambda field: field[1] or "", raw)
        if not replaced:
            break
    # The end of a row is an end of a cell more.
    raw = raw.replace("\x07\x07", "\r").replace("\x07", "\t")
    return raw.translate({0x0D: "\n", 0x0B: "\n", 0x0C: "\n", 0x0E: "\n", 0x1E: "-", 0x1F: None, 0xAD: None})


class _Streams:
    """The streams at the top of a compound file ([MS-CFB]); what lies deeper are embedded objects."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise Refused("broken", "it is damaged or cut off")
        self._size = 1 << shift
        first_directory, _, self._cutoff, first_mini, _, first_extension = struct.unpack_from("<6I", content, 48)
        self._table = self._allocation(first_extension)
        directory = self._chain(first_directory)
        entries = [directory[at : at + 128] for at in range(0, len(directory) - 127, 128)]
        self._found: dict[str, tuple[int, int]] = {}
        waiting, visited = [int.from_bytes(entries[0][76:80], "little")], set[int]()
        while waiting:
            number = waiting.pop()
            if number in visited or number >= len(entries):
                continue
            visited.add(number)
            entry = entries[number]
            name = entry[: max(int.from_bytes(entry[64:66], "little") - 2, 0)].decode("utf-16-le", "replace")
            self._found[name] = struct.unpack_from("<II", entry, 116)
            waiting += struct.unpack_from("<II", entry, 68)
        raw = self._chain(first_mini)
        self._mini_table = struct.unpack(f"<{len(raw) // 4}I", raw)
        self._mini = self._chain(int.from_bytes(entries[0][116:120], "little"))

    def read(self, name: str) -> bytes | None:
        """The bytes of a stream, or None if there is none of this name."""
        if name not in self._found:
            return None
        start, size = self._found[name]
        if size >= self._cutoff:
            return self._chain(start)[:size]
        return b"".join(self._mini[at * 64 : at * 64 + 64] for at in _links(self._mini_table, start))[:size]

    def _sector(self, number: int) -> bytes:
        return self._content[(number + 1) * self._size : (number + 2) * self._size]

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in _links(self._table, start))

    def _allocation(self, extension: int) -> tuple[int, ...]:
        """The allocation table: which sector follows which. Its own sectors are listed in the header and in a chain after it."""
        places = list(struct.unpack_from("<109I", self._content, 76))
        visited = set[int]()
        while extension < END_OF_CHAIN and extension not in visited:
            visited.add(extension)
            sector = self._sector(extension)
            more = struct.unpack(f"<{len(sector) // 4}I", sector)
            places += more[:-1]
            extension = more[-1]
        raw = b"".join(self._sector(place) for place in places if place < END_OF_CHAIN)
        return struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])


def _links(table: tuple[int, ...], start: int) -> list[int]:
    """The numbers of a chain, in order; ends at a number that is no sector or was there before."""
    visited: dict[int, None] = {}
    while start < len(table) and start not in visited:
        visited[start] = None
        start = table[start]
    return list(visited)
