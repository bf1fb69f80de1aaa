"""The bytes of a message: exactly the headers that were meant, whatever text they hold, and the same for the same."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.errors import Permanent
from mailbot.hiring.model import Attachment
from mailbot.mail.compose import Envelope, file_name, thread_subject, write

ENVELOPE = Envelope(
    sender_name="АП-Адверт",
    sender="job@example.ru",
    to="maria@example.ru",
    message_id="<mb1.abcdefgh234567ab.0123456789abcdef0123456789abcdef@example.ru>",
    date=datetime(2026, 11, 23, 15, 4, 5, tzinfo=timezone(timedelta(hours=5))),
    subject="Re: Отклик на вакансию",
    auto_submitted="auto-replied",
    in_reply_to="<b@mail.example>",
    references=("<a@mail.example>", "<b@mail.example>"),
    mark="abcdefgh234567ab 0123456789abcdef",
)
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("X-Mailbot", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
]
RUSSIAN = "Здравствуйте, Мария!\n\nСпасибо за письмо.\n"
CV = Attachment(name="Резюме Ивановой.pdf", type="application/pdf", content=bytes(range(256)) * 20)

#: Any text at all, made more likely to hold what breaks headers and bodies.
hostile = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from(
            [
                *("\r\n", "\n", "\r", "\r\nBcc: x@evil.example\r\n", "\n\n<html>", "\x00", "\x85", "\u2028", "\x0b", "\x1c", "\ud800"),
                *(
                    "=?utf-8?q?=0D=0ABcc:_x?=",
                    "=?utf-8?b?DQo=?=",
                    '"',
                    "\\",
                    "<",
                    ">",
                    "@",
                    ",",
                    ";",
                    "(",
                    "\u202e",
                    "\ufeff",
                    "Ж" * 90,
                    "😀" * 90,
                ),
                *("\n.\n", "\n--=_m", "\nFrom x", " " * 120, "x" * 1200),
            ]
        ),
    ),
    max_size=6,
).map("".join)
mail_text = hostile


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def content(part: EmailMessage) -> str:
    text = part.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n")


def body(raw: bytes) -> str:
    part = parsed(raw).get_body(("plain",))
    assert isinstance(part, EmailMessage)
    return content(part)


def sound(raw: bytes) -> None:
    """Only CRLF ends a line, no line is longer than RFC 5321 allows, and everything is ASCII."""
    assert raw.isascii()
    assert b"\x00" not in raw
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) < 998


def test_a_letter_has_exactly_the_headers_of_the_design() -> None:
    raw = write(ENVELOPE, RUSSIAN)
    sound(raw)
    message = parsed(raw)
    assert message.keys() == HEADERS
    assert str(message["From"]) == "АП-Адверт <job@example.ru>"
    assert message["To"] == "maria@example.ru"
    assert message["Subject"] == "Re: Отклик на вакансию"
    assert message["Date"] == "Mon, 23 Nov 2026 15:04:05 +0500"
    assert message["Message-ID"] == ENVELOPE.message_id
    assert message["In-Reply-To"] == "<b@mail.example>"
    assert message["References"].split() == ["<a@mail.example>", "<b@mail.example>"]
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply, RN, NRN, DR"
    assert message["X-Mailbot"] == ENVELOPE.mark
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert content(message) == RUSSIAN


def test_a_persons_own_words_are_not_marked_as_a_machines() -> None:
    message = parsed(write(replace(ENVELOPE, auto_submitted=""), RUSSIAN))
    assert message["Auto-Submitted"] is None
    assert message["X-Auto-Response-Suppress"] is None
    assert message["X-Mailbot"] == ENVELOPE.mark


def test_a_message_that_begins_a_thread_refers_to_nothing() -> None:
    message = parsed(write(replace(ENVELOPE, in_reply_to="", references=()), RUSSIAN))
    assert message["In-Reply-To"] is None
    assert message["References"] is None


def test_the_same_is_written_the_same() -> None:
    first, second = (write(ENVELOPE, RUSSIAN, "<p>Привет</p>", [CV]) for _ in range(2))
    assert first == second
    assert first != write(replace(ENVELOPE, message_id="<mb1.other@example.ru>"), RUSSIAN, "<p>Привет</p>", [CV])


@given(subject=hostile, name=hostile, ids=st.lists(hostile, max_size=4), text=mail_text)
def test_no_text_breaks_a_header(subject: str, name: str, ids: list[str], text: str) -> None:
    envelope = replace(
        ENVELOPE, subject=subject, sender_name=name, in_reply_to="".join(ids), references=(*ENVELOPE.references, *ids), mark=subject or "x"
    )
    raw = write(envelope, text)
    sound(raw)
    message = message_from_bytes(raw)
    # What is left of the mark of pure blanks is nothing, and a Message-ID that is none is left out.
    assert message.keys() == [name for name in HEADERS if name in message]
    assert {*HEADERS} - {*message.keys()} <= {"In-Reply-To", "X-Mailbot"}
    assert message["From"].endswith("job@example.ru>") or message["From"] == "job@example.ru"
    shown = str(make_header(decode_header(re.sub(r"\r\n", "", message["Subject"]))))
    assert len(shown) <= 200
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]", shown)


@given(name=hostile)
def test_no_name_adds_a_sender(name: str) -> None:
    sender = parsed(write(replace(ENVELOPE, sender_name=name), RUSSIAN))["From"]
    assert [address.addr_spec for address in sender.addresses] == ["job@example.ru"]


@given(text=mail_text)
def test_a_text_arrives_as_it_was_but_for_control_characters(text: str) -> None:
    expected = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    expected = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", expected)
    assert body(write(ENVELOPE, text)).removesuffix("\n") == expected.removesuffix("\n")


@pytest.mark.parametrize("name", ["Mailbot", "O'Neill, Pat", 'Pat "the cat" \\ Smith', "Мария Иванова", "=?utf-8?q?x?=", "Ж" * 100])
def test_a_name_is_shown_as_it_was(name: str) -> None:
    raw = write(replace(ENVELOPE, sender_name=name), RUSSIAN)
    sound(raw)
    # The compatible parser: the newer one puts a blank between adjacent encoded words of a name.
    shown = str(make_header(decode_header(message_from_bytes(raw)["From"].replace("\r\n", ""))))
    assert parseaddr(shown) == (name, "job@example.ru")


@pytest.mark.parametrize("subject", ["Re: Application", "Re: Отклик", "=?utf-8?b?0J/RgNC40LLQtdGC?=", "Ж" * 200, "😀" * 200, "x" * 200, ""])
def test_a_subject_is_shown_as_it_was(subject: str) -> None:
    raw = write(replace(ENVELOPE, subject=subject), RUSSIAN)
    sound(raw)
    assert str(make_header(decode_header(message_from_bytes(raw)["Subject"].replace("\r\n", "")))) == subject


def test_a_subject_is_cut_to_200_characters() -> None:
    assert parsed(write(replace(ENVELOPE, subject="Ж" * 300), RUSSIAN))["Subject"] == "Ж" * 200


def test_of_many_references_the_first_and_the_last_ten_are_kept() -> None:
    many = tuple(f"<{number}@{'x' * 60}.example>" for number in range(40))
    raw = write(replace(ENVELOPE, references=many), RUSSIAN)
    sound(raw)
    assert tuple(parsed(raw)["References"].split()) == (many[0], *many[-10:])


@pytest.mark.parametrize("count", [1, 10, 11])
def test_few_references_are_all_kept(count: int) -> None:
    few = tuple(f"<{number}@x.example>" for number in range(count))
    assert tuple(parsed(write(replace(ENVELOPE, references=few), RUSSIAN))["References"].split()) == few


@pytest.mark.parametrize(
    "address",
    [
        "",
        "maria",
        "мария@example.ru",
        "a@b@c",
        "a b@example.ru",
        "<a@example.ru>",
        "a@example.ru, b@example.ru",
        "a@example.ru\r\nBcc: b@example.ru",
    ],
)
def test_an_address_that_can_not_be_written_is_refused(address: str) -> None:
    for envelope in (replace(ENVELOPE, to=address), replace(ENVELOPE, sender=address)):
        with pytest.raises(Permanent) as raised:
            write(envelope, RUSSIAN)
        assert not address or address not in str(raised.value)


def test_a_message_id_of_ours_that_can_not_be_written_is_refused() -> None:
    with pytest.raises(Permanent):
        write(replace(ENVELOPE, message_id="mb1"), RUSSIAN)


def test_english_stays_readable_in_the_raw_bytes_and_russian_is_short() -> None:
    english = write(ENVELOPE, "Hello Maria,\n\nthank you for your letter – it is here.\n")
    assert b"thank you for your letter" in english
    assert b"Content-Transfer-Encoding: quoted-printable" in english
    assert b"Content-Transfer-Encoding: base64" in write(ENVELOPE, RUSSIAN)


def test_a_html_side_stands_beside_the_text() -> None:
    raw = write(ENVELOPE, RUSSIAN, "<p>Привет, Мария!</p>")
    sound(raw)
    message = parsed(raw)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert body(raw).strip() == RUSSIAN.strip()


def test_attachments_arrive_byte_for_byte_with_their_names() -> None:
    raw = write(ENVELOPE, RUSSIAN, "<p>Привет</p>", [CV, Attachment("notes.txt", "text/plain", b"x"), Attachment("empty.bin", "", b"")])
    sound(raw)
    message = parsed(raw)
    assert message.get_content_type() == "multipart/mixed"
    attached = list(message.iter_attachments())
    assert [(part.get_filename(), part.get_content_type()) for part in attached] == [
        ("Резюме Ивановой.pdf", "application/pdf"),
        ("notes.txt", "text/plain"),
        ("empty.bin", "application/octet-stream"),
    ]
    assert [part.get_payload(decode=True) for part in attached] == [CV.content, b"x", b""]
    assert body(raw).strip() == RUSSIAN.strip()


def test_a_name_stands_also_in_the_way_that_old_clients_look_for() -> None:
    _, _, attached = message_from_bytes(write(ENVELOPE, RUSSIAN, attachments=[CV])).walk()
    name = str(attached.get_param("name"))
    assert str(make_header(decode_header(name.replace("\r\n", "")))) == CV.name


@pytest.mark.parametrize(
    "type", ["message/rfc822", "multipart/mixed", "text", "text/plain; charset=x", "text/plain\r\nX: y", "application/pdf\n", "текст/plain"]
)
def test_a_type_that_can_not_be_passed_on_goes_as_plain_bytes(type: str) -> None:
    raw = write(ENVELOPE, RUSSIAN, attachments=[Attachment("x.bin", type, b"x")])
    sound(raw)
    assert [part.get_content_type() for part in parsed(raw).iter_attachments()] == ["application/octet-stream"]


@given(name=hostile)
def test_no_file_name_breaks_a_header(name: str) -> None:
    raw = write(ENVELOPE, RUSSIAN, attachments=[Attachment(name, "application/pdf", b"x")])
    sound(raw)
    (attached,) = parsed(raw).iter_attachments()
    assert attached.keys() == ["Content-Type", "Content-Disposition", "Content-Transfer-Encoding"]
    assert attached.get_filename() == file_name(name)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Резюме.pdf", "Резюме.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\..\\x.exe", "_.._x.exe"),
        ('a"b<c>|d?.doc', "a_b_c__d_.doc"),
        ("cv\u202efdp.exe", "cv fdp.exe"),
        ("cv.pdf\r\nX: y", "cv.pdf X_ y"),
        ("", "attachment"),
        ("...", "attachment"),
        (".htaccess", "htaccess"),
        ("Ж" * 300 + ".pdf", "Ж" * 98 + ".pdf"),
        ("x" * 300, "x" * 200),
        ("a." + "x" * 300, ("a." + "x" * 300)[:200]),
        ("archive.tar.gz", "archive.tar.gz"),
    ],
)
def test_a_file_name_is_made_safe(name: str, safe: str) -> None:
    assert file_name(name) == safe


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Отклик", "Отклик"),
        ("Re: Отклик", "Отклик"),
        ("RE: re:  Отклик", "Отклик"),
        ("Re[2]: Отклик", "Отклик"),
        ("Re(3): FWD: Отклик", "Отклик"),
        ("Отв: Отклик", "Отклик"),
        ("ОТВЕТ: Отклик", "Отклик"),
        ("Пересл: Fw: Отклик", "Отклик"),
        ("НА: Отклик", "Отклик"),
        ("HA: Отклик", "Отклик"),
        ("AW: WG: Application", "Application"),
        ("Re : Отклик", "Отклик"),
        ("Re：Отклик", "Отклик"),
        ("  Отклик\r\n  на   вакансию ", "Отклик на вакансию"),
        ("Ответ на вакансию: менеджер", "Ответ на вакансию: менеджер"),
        ("Резюме: Иванова", "Резюме: Иванова"),
        ("Report: x", "Report: x"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_a_threads_subject_stands_without_what_clients_put_before_it(subject: str, bare: str) -> None:
    assert thread_subject(subject) == bare
