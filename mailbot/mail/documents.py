"""The text of one document, read in a process of its own: what is hostile in it can only harm that process.

Started by `extract.py`, once per attachment: the limits first, then the document on stdin, then one JSON object
`{"verdict", "text", "because"}` on stdout. Each reader imports what its type needs and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable

from mailbot.mail import child
from mailbot.mail.charsets import clean, decode
from mailbot.mail.refused import Refused

#: Characters of text that are kept: a long CV has 20 000.
TEXT_LIMIT = 200_000
#: Bytes of the answer on stdout: the text in UTF-8 and room for what JSON escapes.
ANSWER_LIMIT = 2_000_000
PAGE_LIMIT = 300
#: Measured: a document that makes PDFium ask for gigabytes dies of these within 2 s; an ordinary CV needs 20 MB and 0.1 s.
MEMORY_LIMIT = 600_000_000
CPU_SECONDS = 8


def pdf(content: bytes) -> str:
    import pypdfium2  # noqa: PLC0415

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise Refused("no_text", "it is locked with a password") from error
        raise Refused("broken", "it is damaged or cut off") from error
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
    whole = "\n".join(found).replace("\r\n", "\n")
    if not whole.strip():
        raise Refused("no_text", "its pages hold no text: a scan or pictures")
    # PDFium writes U+FFFE (or U+0002) for the hyphen of a word that is broken at the end of a line.
    return whole.replace("\ufffe\n", "").replace("\x02\n", "")


def office(content: bytes) -> str:
    from mailbot.mail import office_document  # noqa: PLC0415

    return office_document.text(content)


def word(content: bytes) -> str:
    from mailbot.mail import word_document  # noqa: PLC0415

    return word_document.text(content)


def rtf(content: bytes) -> str:
    from striprtf.striprtf import rtf_to_text  # noqa: PLC0415

    # RTF is ASCII by its rules; where a writer broke them, the bytes are in the Russian code page far more often than not.
    return str(rtf_to_text(content.decode("cp1251", "replace"), encoding="cp1251", errors="replace"))


def html(content: bytes) -> str:
    from mailbot.mail.html import to_text  # noqa: PLC0415

    declared = re.search(rb"charset\s*=\s*[\"']?([\w.:-]{1,40})", content[:2048], re.IGNORECASE)
    return to_text(decode(content, declared[1].decode("ascii") if declared else "").text)


def plain(content: bytes) -> str:
    return decode(content).text


#: What `extract.TYPES` names: the text of a document from its bytes; raises Refused, or anything at all for what it can not read.
READERS: dict[str, Callable[[bytes], str]] = {"pdf": pdf, "office": office, "word": word, "rtf": rtf, "html": html, "plain": plain}


def main(reader: str) -> None:
    """Limits, stdin, reader, stdout. Never returns: the interpreter's own exit is left out, because libraries may die in it."""
    child.limit(memory=MEMORY_LIMIT, written=ANSWER_LIMIT)
    child.limit_time(CPU_SECONDS)
    verdict, text, because = _answer(reader, sys.stdin.buffer.read())
    os.write(1, json.dumps({"verdict": verdict, "text": text, "because": because}, ensure_ascii=False).encode())
    os._exit(0)


def _answer(reader: str, content: bytes) -> tuple[str, str, str]:
    """Verdict, text (no control characters, no lone surrogates, one blank line at a time, at most TEXT_LIMIT long) and reason."""
    try:
        text = clean(READERS[reader](content)).encode("utf-8", "replace").decode().strip()
        text = re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text)
    except Refused as refused:
        return refused.verdict, "", refused.because
    except MemoryError:
        return "too_large", "", "it asks for more memory than a document needs"
    except ImportError:
        # The installation's fault, not the document's: the parent says so.
        raise
    except Exception:
        # Whatever a reader makes of a hostile document, its message may quote the document: it stays here.
        return "broken", "", "it can not be read"
    if not text:
        return "no_text", "", "it holds no text"
    if len(text) > TEXT_LIMIT:
        return "text", text[:TEXT_LIMIT], f"only its first {TEXT_LIMIT} characters were read"
    return "text", text, ""
