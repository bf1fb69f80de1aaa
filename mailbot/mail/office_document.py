"""The text of a DOCX or ODT: a zip of XML, read as a stream with running limits and never unpacked."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from mailbot.mail.refused import MACRO_DOCUMENTS, PROGRAMS, Refused

#: What a part, and all parts together, may unpack to: a CV with a photo on every page has far less XML.
PART_LIMIT = 20_000_000
TOTAL_LIMIT = 50_000_000
ENTRY_LIMIT = 2_000
CHUNK = 65_536

#: The parts that hold text, in the order in which a person reads them.
DOCX_PARTS = (r"word/header\d*\.xml", r"word/document\d*\.xml", r"word/(?:footnotes|endnotes)\.xml", r"word/footer\d*\.xml")
ODT_PARTS = (r"content\.xml", r"styles\.xml")
MACRO_PARTS = re.compile(r"(?:.*/)?vbaProject[^/]*\.bin|(?:.*/)?Basic/.*\.(?:xml|xlb)|Scripts/.+", re.IGNORECASE | re.DOTALL)
#: Elements by local name, of both formats, and what each puts between the texts.
BREAKS = {"br": "\n", "cr": "\n", "line-break": "\n", "tab": "\t"}
PARAGRAPHS = frozenset({"p", "h"})
CELLS = frozenset({"tc", "table-cell"})
ROWS = frozenset({"tr", "table-row"})
#: Elements whose text a reader does not see: the copy for old programs, moved or deleted text, comments, texts for the blind.
UNSEEN = frozenset({"Fallback", "moveFrom", "tracked-changes", "annotation", "title", "desc"})
ODF_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"


def text(content: bytes) -> str:
    """The text of a DOCX or ODT, with its text boxes, tables, headers and footers; raises Refused for anything else that is a zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = _parts(archive)
            budget = TOTAL_LIMIT
            found: list[str] = []
            for part in parts:
                walker = _Walker()
                for chunk in _chunks(archive, part, min(PART_LIMIT, budget)):
                    budget -= len(chunk)
                    walker.feed(chunk)
                found.append(walker.close())
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, expat.ExpatError) as error:
        raise Refused("broken", "it is damaged or cut off") from error
    return "\n".join(filter(None, found))


def _parts(archive: zipfile.ZipFile) -> list[str]:
    """The names of the parts with text, in reading order."""
    names = [entry.filename for entry in archive.infolist()]
    if len(names) > ENTRY_LIMIT:
        raise Refused("too_large", f"it is an archive of more than {ENTRY_LIMIT} files")
    if any(MACRO_PARTS.fullmatch(name) for name in names):
        raise Refused("withheld", "it carries macros")
    if any(entry.flag_bits & 1 for entry in archive.infolist()):
        raise Refused("withheld", "it is an archive locked with a password")
    if any(name.rpartition(".")[2].lower() in PROGRAMS | MACRO_DOCUMENTS for name in names):
        raise Refused("withheld", "it is an archive with a program or macros inside")
    if "META-INF/manifest.xml" in names and b"encryption-data" in b"".join(_chunks(archive, "META-INF/manifest.xml", PART_LIMIT)):
        raise Refused("withheld", "it is locked with a password")
    if "[Content_Types].xml" in names and b"macroEnabled" in b"".join(_chunks(archive, "[Content_Types].xml", PART_LIMIT)):
        raise Refused("withheld", "it carries macros")
    for patterns in (DOCX_PARTS, ODT_PARTS):
        wanted = [name for pattern in patterns for name in sorted(set(names)) if re.fullmatch(pattern, name)]
        # Header or style parts alone are no document.
        if any(re.fullmatch(r"word/document\d*\.xml|content\.xml", name) for name in wanted):
            return wanted
    raise Refused("no_text", "it is an archive, or a document of a type that is not read")


def _chunks(archive: zipfile.ZipFile, name: str, limit: int) -> Iterator[bytes]:
    """The unpacked bytes of a part; counts what comes, because the size that the archive states may be a lie."""
    with archive.open(name) as part:
        while chunk := part.read(CHUNK):
            limit -= len(chunk)
            if limit < 0:
                raise Refused("too_large", "it unpacks to more than a document needs")
            yield chunk


class _Walker:
    """Collects text from the XML of either format without building a tree; refuses a DTD, so no entity is ever expanded."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._path: list[str] = []
        self._odf_paragraphs = 0
        self._unseen = 0
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)

    def close(self) -> str:
        self._parser.Parse(b"", True)
        return "".join(self._found).strip()

    def _doctype(self, *_: object) -> None:
        raise Refused("broken", "its XML declares a document type, which no office program writes")

    def _start(self, qualified: str, attributes: dict[str, str]) -> None:
        space, _, name = qualified.rpartition(" ")
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if name in UNSEEN:
            self._unseen += 1
        elif name in PARAGRAPHS:
            # A text box stands inside a paragraph: its own paragraphs begin on a new line.
            if self._found and self._found[-1][-1:] not in "\n\t":
                self._put("\n")
            self._odf_paragraphs += space == ODF_TEXT
        elif name in BREAKS and parent != "tabs":
            self._put(BREAKS[name])
        elif name == "s" and space == ODF_TEXT:
            count = attributes.get(f"{ODF_TEXT} c", "1")
            self._put(" " * min(int(count) if count.isdecimal() else 1, 20))

    def _end(self, qualified: str) -> None:
        space, _, name = qualified.rpartition(" ")
        self._path.pop()
        if name in UNSEEN:
            self._unseen -= 1
        elif name in PARAGRAPHS:
            self._put("\n")
            self._odf_paragraphs -= space == ODF_TEXT
        elif name in CELLS:
            self._replace("\n", "\t")
        elif name in ROWS:
            self._replace("\t", "\n")

    def _characters(self, text: str) -> None:
        if self._odf_paragraphs or self._path[-1] == "t":
            self._put(text)

    def _put(self, text: str) -> None:
        if text and not self._unseen:
            self._found.append(text)

    def _replace(self, last: str, by: str) -> None:
        """The end of a cell stands for the end of its last paragraph, the end of a row for that of its last cell."""
        if self._found and self._found[-1] == last:
            self._found[-1] = by
