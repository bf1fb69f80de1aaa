"""Raw bytes to a Message, whatever is wrong with them."""

from __future__ import annotations

import dataclasses
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.errors import BadMessage
from mailbot.hiring.model import Address, Message
from mailbot.mail.addresses import mailboxes
from mailbot.mail.parse import parse

SAMPLES = Path(__file__).parents[1] / "samples" / "ru-messages"
CASES = sorted(path.stem for path in SAMPLES.glob("*.toml"))
HEAD = b"From: Ivan <Ivan@Example.ru>\r\nTo: job@firm.ru\r\nSubject: x\r\n"
HEAD += b"Message-ID: <1@example.ru>\r\nDate: Mon, 23 Nov 2026 10:15:00 +0500\r\n"


def mixed(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    inner = b"".join(b"--BB\r\n" + part + b"\r\n" for part in parts)
    return HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/" + kind + b"; boundary=BB\r\n\r\n" + inner + b"--BB--\r\n"


PLAIN = b"Content-Type: text/plain; charset=utf-8\r\n\r\nhello"


@pytest.mark.parametrize("stem", CASES)
def test_a_sample_is_read_as_its_toml_says(stem: str) -> None:
    expected = tomllib.loads((SAMPLES / f"{stem}.toml").read_text(encoding="utf-8"))
    message = parse((SAMPLES / f"{stem}.eml").read_bytes())
    read = {
        "subject": message.subject,
        "name": message.sender.name if message.sender else None,
        "address": message.sender.address if message.sender else None,
        "text": message.text,
        "attachments": [attachment.name for attachment in message.attachments],
    }
    assert {key: read[key] for key in expected} == expected


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def test_there_are_samples() -> None:
    assert len(CASES) > 30


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\x00\xff\xfe", b"just text", b"Subject: x"])
def test_hardly_anything_is_still_a_message(raw: bytes) -> None:
    message = parse(raw)
    assert message.sender is None
    assert "it has no From" in message.defects
    assert "it has no Message-ID" in message.defects
    assert message.body_digest


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", HEAD, HEAD + b"\r\n", b"From: ", mixed(PLAIN)[:-20], b"Message-ID: <", b"Content-Type: ", b"References: <a> <"]),
)
def test_any_bytes_give_a_message_or_a_bad_message(noise: bytes, before: bytes) -> None:
    try:
        message = parse(before + noise)
    except BadMessage:
        return
    assert isinstance(message, Message)
    for _, value in message.headers:
        assert "\n" not in value
    # Everything in it can be written down: no half characters, no lone surrogates.
    for told in strings(dataclasses.asdict(message)):
        told.encode("utf-8")


def test_the_fields_of_an_ordinary_letter() -> None:
    message = parse(
        HEAD + b"Cc: =?utf-8?B?0JDQvdC90LA=?= <a@firm.ru>, b@firm.ru\r\nReply-To: r@x.ru\r\nIn-Reply-To: <0@firm.ru>\r\n"
        b"References: <a@firm.ru>\r\n\t<0@firm.ru> junk\r\n\r\nhello\r\n"
    )
    assert message.sender == Address("Ivan", "ivan@example.ru")
    assert message.recipients == (Address("", "job@firm.ru"), Address("Анна", "a@firm.ru"), Address("", "b@firm.ru"))
    assert message.reply_to == (Address("", "r@x.ru"),)
    assert message.message_id == "<1@example.ru>"
    assert message.in_reply_to == ("<0@firm.ru>",)
    assert message.references == ("<a@firm.ru>", "<0@firm.ru>")
    assert message.date is not None
    assert message.date.utcoffset() == timedelta(hours=5)
    assert message.text == "hello"
    assert message.parts == ("text/plain",)
    assert message.defects == ()
    assert message.first("subject") == "x"


@pytest.mark.parametrize(
    "value", [b"", b"yesterday", "Пн, 23 ноя 2026".encode(), b"Mon, 99 Nov 99999 10:15:00 +0500", b"Fri, 31 Dec 9999 23:00:00 -1400"]
)
def test_a_broken_date_is_a_defect(value: bytes) -> None:
    message = parse(b"From: a@b.ru\r\nDate: " + value + b"\r\n\r\nx")
    assert message.date is None
    assert [defect for defect in message.defects if "Date" in defect]


def test_a_date_without_a_zone_is_taken_for_utc() -> None:
    assert parse(b"Date: Mon, 23 Nov 2026 10:15:00 -0000\r\n\r\nx").date == datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "field",
    [
        b"From: a@b.ru, c@d.ru",
        b"From: a@b.ru\r\nFrom: c@d.ru",
        b"From: Name <a@b.ru> <c@d.ru>",
        b"From: Name",
        b"From: <>",
        b"From: undisclosed-recipients:;",
        b'From: "a b"@c.ru',
        b"From: =?utf-8?q?x_=3Ca=40b=2Eru=3E?=",
    ],
)
def test_a_sender_that_is_not_exactly_one_usable_mailbox_is_none(field: bytes) -> None:
    message = parse(field + b"\r\nMessage-ID: <1@x>\r\nDate: Mon, 23 Nov 2026 10:15:00 +0500\r\n\r\nx")
    assert message.sender is None
    assert [defect for defect in message.defects if "From" in defect]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Петров, Иван <I@b.ru>", (Address("Петров, Иван", "i@b.ru"),)),
        ('"Петров, Иван" <i@b.ru>', (Address("Петров, Иван", "i@b.ru"),)),
        ('"evil@x.ru" <i@b.ru>', (Address("evil@x.ru", "i@b.ru"),)),
        ("i@b.ru (Иван)", (Address("", "i@b.ru"),)),
        ("i@b.ru <i@b.ru>", (Address("", "i@b.ru"),)),
        ("Staff: a@b.ru, Анна <c@d.ru>;, e@f.ru", (Address("", "a@b.ru"), Address("Анна", "c@d.ru"), Address("", "e@f.ru"))),
        ("=?utf-8?q?a=2C_b?= <i@b.ru>", (Address("a, b", "i@b.ru"),)),
        ("Иван <i@почта.рф>", (Address("Иван", "i@xn--80a1acny.xn--p1ai"),)),
        ("", ()),
        (",,;;", ()),
        ("<@route:i@b.ru>", ()),
    ],
)
def test_mailboxes_are_read_before_their_names_are_decoded(value: str, expected: tuple[Address, ...]) -> None:
    assert mailboxes(value.encode().decode("ascii", "surrogateescape")) == expected


def test_a_part_without_a_name_is_an_attachment_named_from_its_type() -> None:
    message = parse(mixed(PLAIN, b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0="))
    assert message.text == "hello"
    assert [(attachment.name, attachment.type, attachment.content) for attachment in message.attachments] == [
        ("attachment.pdf", "application/pdf", b"%PDF-")
    ]


def test_a_forwarded_message_is_an_attachment_and_not_its_senders_words() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\nFrom: other@x.ru\r\nSubject: inner\r\n\r\nFrom here on: other words\r\n"
    message = parse(mixed(PLAIN, inner))
    assert message.text == "hello"
    assert message.parts == ("multipart/mixed", "text/plain", "message/rfc822")
    assert message.attachments[0].name == "message.eml"
    assert b"\nFrom here on: other words" in message.attachments[0].content


def test_text_around_an_attachment_is_one_text() -> None:
    message = parse(mixed(PLAIN, b"Content-Type: image/png; name=a.png\r\n\r\nx", b"Content-Type: text/html\r\n\r\n<p>bye"))
    assert message.text == "hello\n\nbye"
    assert "hello" in message.html
    assert "<p>bye" in message.html


def test_of_alternatives_plain_is_the_text_and_html_stands_beside_it() -> None:
    message = parse(mixed(PLAIN, b"Content-Type: text/html\r\n\r\n<p>hello", kind=b"alternative"))
    assert (message.text, message.html) == ("hello", "<p>hello")


def test_an_empty_plain_alternative_gives_way_to_html() -> None:
    message = parse(mixed(b"Content-Type: text/plain\r\n\r\n \r\n", b"Content-Type: text/html\r\n\r\n<p>hello", kind=b"alternative"))
    assert message.text == "hello"


def test_a_named_text_is_an_attachment() -> None:
    message = parse(mixed(PLAIN, b"Content-Type: text/plain; name=cv.txt\r\n\r\nmy cv"))
    assert message.text == "hello"
    assert [attachment.name for attachment in message.attachments] == ["cv.txt"]


def test_flowed_lines_are_joined_and_the_signature_mark_is_not() -> None:
    raw = HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\none \r\ntwo\r\n> q \r\n> r\r\n-- \r\nIvan\r\n"
    assert parse(raw).text == "one two\n> q r\n-- \nIvan"


def test_what_mail_parser_fails_on_is_read_all_the_same() -> None:
    cut = b"Content-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\nContent-Type: text/plain\r\n\r\nhi\r\n--A\r\n"
    cut += b"Content-Type: message/rfc822\r\n\r\nSubject: o\r\nContent-Type: multipart/mixed; boundary=Q\r\n\r\ntrunc\r\n"
    message = parse(b"From: a@b.ru\r\n" + cut)
    assert message.text == "hi"
    assert "mail-parser can not read it (AttributeError)" in message.defects


def test_what_the_standard_library_fails_on_as_well_is_read_all_the_same() -> None:
    message = parse(mixed(PLAIN).replace(b"boundary=BB", b"boundary*=x; boundary*0=y"))
    assert message.sender == Address("Ivan", "ivan@example.ru")
    assert message.text == "hello"


def test_the_digest_tells_bodies_apart_and_not_headers() -> None:
    assert parse(HEAD + b"\r\nhello").body_digest == parse(b"From: x@y.ru\r\n\r\nhello").body_digest
    assert parse(HEAD + b"\r\nhello").body_digest != parse(HEAD + b"\r\nhello!").body_digest
    assert parse(mixed(PLAIN)).body_digest != parse(mixed(PLAIN, b"Content-Type: image/png\r\n\r\nx")).body_digest


def test_a_multipart_without_a_boundary_within_another_is_divided_all_the_same() -> None:
    inner = b"Content-Type: multipart/mixed\r\n\r\n--Q\r\nContent-Type: application/pdf; name=cv.pdf\r\n\r\n%PDF\r\n--Q--\r\n"
    assert [attachment.name for attachment in parse(mixed(PLAIN, inner)).attachments] == ["cv.pdf"]


def nested(levels: int) -> bytes:
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(levels))
    return b"From: a@b.ru\n" + opened + b"\nhi\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(nested(60), id="60 levels"),
        pytest.param(nested(2000), id="2000 levels"),
        pytest.param(b"From: a@b.ru\n" + b"Content-Type: message/rfc822\n\n" * 60, id="60 messages in each other"),
        pytest.param(b"From: a@b.ru\n" + b"Content-Type: message/rfc822\n\n" * 3000, id="3000 messages in each other"),
        pytest.param(HEAD + b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B\n\nx\n" * 100_000, id="100000 parts"),
        pytest.param(
            HEAD + b"Content-Type: multipart/mixed; boundary=Q\n\n" + b"--B\nContent-X: y\n\n" * 2000, id="2000 parts, wrong boundary"
        ),
        pytest.param(
            HEAD + b"Content-Type: multipart/mixed\n\n" + b"".join(b"--B%d\nContent-Type: multipart/mixed\n\n" % n for n in range(3000)),
            id="3000 levels without boundaries",
        ),
        pytest.param(b"X: " + b"x" * 2_000_000, id="an endless header"),
        pytest.param(HEAD + b"\n" + b"\n" * 2_000_000, id="2000000 lines with nothing on them"),
        pytest.param(HEAD + b"Content-Type: text/plain" + b";a=b" * 10_000 + b"\n\nx", id="10000 parameters"),
    ],
)
def test_a_message_beyond_all_bounds_is_refused_at_once_and_in_words(raw: bytes) -> None:
    before = time.process_time()
    with pytest.raises(BadMessage, match=r"its|it has|a field|it declares"):
        parse(raw)
    assert time.process_time() - before < 5


def test_many_levels_and_parts_within_the_bounds_are_read() -> None:
    assert parse(nested(40)).sender is not None
    assert len(parse(mixed(*[PLAIN] * 900)).parts) == 901


def test_a_large_message_of_wrong_boundaries_is_not_parsed_at_every_level_anew() -> None:
    levels = b"".join(b"--y%d\r\nContent-Type: multipart/mixed; boundary=WRONG\r\n\r\n" % level for level in range(45))
    text = b"--z\r\nContent-Type: text/plain\r\n\r\n" + b"line of a text\r\n" * 200_000
    before = time.process_time()
    parse(HEAD + b"Content-Type: multipart/mixed; boundary=WRONG\r\n\r\n" + levels + text)
    # Measured: 1 s; 11 s where every level was.
    assert time.process_time() - before < 5
