"""What a report says of a message that was sent before."""

from __future__ import annotations

import pytest

from mailbot.hiring.model import Report
from mailbot.mail.parse import parse


def report(kind: bytes, fields: bytes, returned: bytes = b"") -> Report | None:
    part = b"Content-Type: message/" + kind + b"\r\n\r\n" + fields + b"\r\n"
    raw = b"From: x@y.ru\r\nContent-Type: multipart/report; report-type=" + kind + b"; boundary=B\r\n\r\n--B\r\n\r\nsorry\r\n--B\r\n" + part
    raw += b"--B\r\nContent-Type: message/rfc822\r\n\r\n" + returned + b"\r\n" if returned else b""
    return parse(raw + b"--B--\r\n").report


def test_a_bounce_names_recipient_action_status_and_message() -> None:
    fields = b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; Ivan@Example.ru\r\nAction: failed\r\nStatus: 5.1.1 (unknown)\r\n"
    found = report(b"delivery-status", fields, b"Message-ID: <n@firm.ru>\r\nSubject: x\r\n\r\nbody")
    assert found == Report("delivery-status", "ivan@example.ru", "failed", "5.1.1", "<n@firm.ru>")


def test_a_delay_is_told_from_a_failure() -> None:
    found = report(b"delivery-status", b"\r\nFinal-Recipient: rfc822;a@b.ru\r\nAction: Delayed\r\nStatus: 4.4.1\r\n")
    assert found is not None
    assert (found.action, found.status) == ("delayed", "4.4.1")


def test_of_several_recipients_the_one_that_failed_is_told_by_the_address_we_wrote_to() -> None:
    fields = b"Reporting-MTA: dns; m\r\n\r\nFinal-Recipient: rfc822; a@b.ru\r\nAction: delivered\r\n\r\n"
    fields += b"Original-Recipient: rfc822;c@d.ru\r\nFinal-Recipient: rfc822; e@f.ru\r\nAction: failed\r\n"
    found = report(b"delivery-status", fields)
    assert found is not None
    assert (found.address, found.action) == ("c@d.ru", "failed")


def test_a_receipt_names_the_message_it_is_for() -> None:
    found = report(
        b"disposition-notification", b"Final-Recipient: rfc822;a@b.ru\r\nOriginal-Message-ID: <n@firm.ru>\r\nDisposition: x; displayed\r\n"
    )
    assert found == Report("disposition-notification", "a@b.ru", "", "", "<n@firm.ru>")


def test_a_complaint_is_no_bounce() -> None:
    found = report(b"feedback-report", b"Feedback-Type: abuse\r\nOriginal-Rcpt-To: <a@b.ru>\r\n", b"Message-ID: <n@firm.ru>\r\n\r\nx")
    assert found == Report("feedback-report", "a@b.ru", "", "", "<n@firm.ru>")


def test_a_report_is_no_attachment_and_what_it_returns_is_one() -> None:
    raw = b"Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--B\r\n"
    message = parse(raw + b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nx\r\n--B--\r\n")
    assert [attachment.name for attachment in message.attachments] == ["message.eml"]


@pytest.mark.parametrize(
    ("head", "text", "expected"),
    [
        (
            "X-Failed-Recipients: Ivan@b.ru\r\n",
            "This message could not be delivered.\r\n\r\nMessage-ID: <n@firm.ru>\r\n",
            Report("", "ivan@b.ru", "failed", "", "<n@firm.ru>"),
        ),
        ("From: MAILER-DAEMON@mx.ru\r\n", "<ivan@b.ru>:\r\n550 5.1.1 unknown user\r\n", Report("", "ivan@b.ru", "failed", "5.1.1", "")),
        (
            "From: postmaster@mx.ru\r\nSubject: Warning: message delayed 24 hours\r\nIn-Reply-To: <n@firm.ru>\r\n",
            "  ivan@b.ru\r\n",
            Report("", "ivan@b.ru", "delayed", "", "<n@firm.ru>"),
        ),
    ],
)
def test_an_old_server_is_understood_from_its_words(head: str, text: str, expected: Report) -> None:
    assert parse(f"{head}\r\n{text}".encode()).report == expected


def test_a_letter_is_no_report() -> None:
    assert parse(b"From: ivan@b.ru\r\nSubject: x\r\n\r\n550 5.1.1 is my flat number").report is None
