"""The text of one document, read in a process of its own: what is hostile in it can only harm that process.

Started by `extract.py`, once per attachment: the limits first, then the document on stdin, then one JSON object
`{"verdict", "text", "because"}` on stdout. Each reader imports what its type needs and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Callable

from mailbot.mail.charsets import clean, decode

Answer = tuple[str, str, str]  # verdict, text, because

#: Characters of text that are kept: a long CV has 20 000.
TEXT_LIMIT = 200_000
#: Bytes of the answer on stdout: the text in UTF-8 and room for what JSON escapes.
ANSWER_LIMIT = 2_000_000
PAGE_LIMIT = 300
#: Measured: a document that makes PDFium ask for gigabytes dies of these within 1.5 s; an ordinary CV needs 20 MB and 0.1 s.
MEMORY_LIMIT = 600_000_000
CPU_SECONDS = 8
OPEN_FILES = 32

#: Extensions of what a desktop runs on a double click, and of documents that may carry macros: never opened, never passed on.
PROGRAMS = frozenset(
    "apk app bat chm cmd com cpl dll exe gadget hta img iso jar js jse lnk msc msi msp pif ps1 reg scr sh sys url vbe vbs vhd wsf".split()
)
MACRO_DOCUMENTS = frozenset("docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm".split())


def pdf(content: bytes) -> Answer:
    import pypdfium2  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            return "no_text", "", "it is locked with a password"
        return "broken", "", "it is damaged or cut off"
    found: list[str] = []
    size = 0
    for number in range(min(len(document), PAGE_LIMIT)):
        # A damaged page says nothing of the pages after it.
        try:
            page = document[number].get_textpage().get_text_bounded()
        except pypdfium2.PdfiumError:
            continue
        found.append(page)
        size += len(page)
        if size > TEXT_LIMIT:
            break
    # PDFium writes U+FFFE (or U+0002) for the hyphen of a word that is broken at the end of a line.
    whole = "\n".join(found).replace("\r\n", "\n")
    return _text(whole.replace("\ufffe\n", "").replace("\x02\n", ""), "its pages hold no text: a scan or pictures")


def office(content: bytes) -> Answer:
    from mailbot.mail import office_document  # noqa: PLC0415

    try:
        return _text(office_document.text(content), "it holds no text")
    except office_document.Refused as refused:
        return refused.verdict, "", refused.because


def rtf(content: bytes) -> Answer:
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415

    # RTF is ASCII by its rules; where a writer broke them, the bytes are in the Russian code page far more often than not.
    return _text(rtf_to_text(content.decode("cp1251", "replace"), encoding="cp1251", errors="replace"), "it holds no text")


def html(content: bytes) -> Answer:
    from mailbot.mail.html import to_text  # noqa: PLC0415

    declared = re.search(rb"charset\s*=\s*[\"']?([\w.:-]{1,40})", content[:2048], re.IGNORECASE)
    return _text(to_text(decode(content, declared[1].decode("ascii") if declared else "").text), "it holds no text")


def plain(content: bytes) -> Answer:
    return _text(decode(content, "").text, "it is empty")


READERS: dict[str, Callable[[bytes], Answer]] = {"pdf": pdf, "office": office, "rtf": rtf, "html": html, "plain": plain}


def _text(text: str, if_empty: str) -> Answer:
    """The answer for a text: without control characters and lone surrogates, at most TEXT_LIMIT long."""
    readable = clean(text).encode("utf-8", "replace").decode().strip()
    if not readable:
        return "no_text", "", if_empty
    if len(readable) > TEXT_LIMIT:
        return "text", readable[:TEXT_LIMIT], f"only its first {TEXT_LIMIT} characters were read"
    return "text", readable, ""


def _limit() -> None:
    for what, value in (
        (resource.RLIMIT_AS, MEMORY_LIMIT),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, ANSWER_LIMIT),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(what, (value, value))


def main(reader: str) -> None:
    """Limits, stdin, reader, stdout. Never returns: the interpreter's own exit is left out, because libraries may die in it."""
    _limit()
    try:
        verdict, text, because = READERS[reader](sys.stdin.buffer.read())
    except MemoryError:
        verdict, text, because = "too_large", "", "it asks for more memory than a document needs"
    except Exception:
        # Whatever a reader makes of a hostile document, its message may quote the document: it stays here.
        verdict, text, because = "broken", "", "it can not be read"
    os.write(1, json.dumps({"verdict": verdict, "text": text, "because": because}, ensure_ascii=False).encode())
    os._exit(0)
