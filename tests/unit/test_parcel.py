"""What the reader of messages hands back: it comes out as it went in, it is bounded, and anything else is refused."""

from __future__ import annotations

import io
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.hiring.model import Attachment, Exchange, Reply, Report
from mailbot.mail import messages, parcel
from mailbot.mail.parcel import LIMIT, LINE_LIMIT, Read, Unread

LETTER = messages.read(b"From: Ivan <ivan@example.ru>\r\nDate: Mon, 23 Nov 2026 10:15:00 +0500\r\n\r\nhello\r\n")
FULL = Read(
    replace(
        LETTER.message,
        attachments=(
            Attachment("a.pdf", "application/pdf", b"\n{}\n"),
            Attachment("", "text/plain", b""),
            Attachment("ж", "x/y", b"\xff" * 9),
        ),
        report=Report("delivery-status", "a@b.ru", "failed", "5.1.1", "<1@b.ru>"),
    ),
    Reply("новое", ("quoted\nlines",), (Exchange("quote", "answer"),)),
)


def packed(found: Read | Unread) -> bytes:
    file = io.BytesIO()
    parcel.write(file, found)
    return file.getvalue()


def unpacked(content: bytes) -> Read | Unread:
    return parcel.read(io.BytesIO(content))


@pytest.mark.parametrize("found", [LETTER, FULL, Unread("it is too large"), Unread("crashed", failed=True)])
def test_what_is_handed_back_comes_out_as_it_went_in(found: Read | Unread) -> None:
    assert unpacked(packed(found)) == found


@pytest.mark.parametrize(
    "large",
    [
        pytest.param(replace(LETTER, message=replace(LETTER.message, text="я" * (LINE_LIMIT // 2))), id="text"),
        pytest.param(replace(LETTER, message=replace(LETTER.message, headers=(("x", "y" * 100),) * 160_000)), id="headers"),
        pytest.param(
            replace(LETTER, message=replace(LETTER.message, attachments=(Attachment("a", "x/y", bytes(LIMIT // 2)),) * 2)), id="attachments"
        ),
    ],
)
def test_what_is_larger_than_any_letter_is_handed_back_as_unread(large: Read) -> None:
    content = packed(large)
    assert len(content) < 1000
    assert unpacked(content) == Unread("what it holds is larger than any letter")


@given(st.data())
def test_an_answer_that_is_cut_off_or_changed_is_refused_or_still_a_message(data: st.DataObject) -> None:
    content = bytearray(packed(FULL))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = unpacked(bytes(content))
    except ValueError:
        return
    assert isinstance(found, Read)
    assert len(found.message.attachments) == 3


def test_every_prefix_is_refused() -> None:
    content = packed(FULL)
    for length in range(len(content)):
        with pytest.raises(ValueError):  # noqa: PT011 - whichever it is
            unpacked(content[:length])


@pytest.mark.parametrize(
    "sizes", [[], [4], [4, 0, 9, 0], [4, 0, 10], [-1, 0, 9], [4, 0, 10**15], [4, 0, -(10**15)], [True, 0, 9], ["4", 0, 9], [4.0, 0, 9]]
)
def test_sizes_that_do_not_fit_are_refused(sizes: list[object]) -> None:
    line, _, rest = packed(FULL).partition(b"\n")
    with pytest.raises(ValueError):  # noqa: PT011 - whichever it is
        unpacked(orjson.dumps({**orjson.loads(line), "sizes": sizes}) + b"\n" + rest)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b'{"read":{}}\n', b"[" * LINE_LIMIT, b'{"read":null,"unread":null}\n', b"\xff\n"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever it is
        unpacked(content)
