"""Authentication-Results: what the pinned server found counts, and nothing that a sender can write himself."""

from __future__ import annotations

import pytest

from mailbot.hiring.model import Address, Message
from mailbot.mail.authentication import LENGTH_LIMIT, verdict

YANDEX = (
    "mail-nwsmtp-mxfront-production-main-73.vla.yp-c.yandex.net; spf=pass (mail-nwsmtp-mxfront-production-main-73.vla.yp-c.yandex.net: "
    "domain of office.example designates 192.0.2.1 as permitted sender, rule=[ip4:192.0.2.0/24]) smtp.mail=anna@office.example; "
    "dkim=pass header.i=@office.example"
)
MAIL_RU = (
    "mxs.mail.ru; spf=pass (mx123.i.mail.ru: domain of office.example designates 192.0.2.1 as permitted sender) "
    "smtp.mailfrom=anna@office.example smtp.helo=mail.office.example; dkim=pass header.d=office.example; "
    "dmarc=pass header.from=anna@office.example"
)
GOOGLE = (
    "mx.google.com; dkim=pass header.i=@office.example header.s=mail header.b=aBc/dE+1; "
    "spf=pass (google.com: domain of anna@office.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=anna@office.example; "
    "dmarc=pass (p=QUARANTINE sp=NONE dis=NONE) header.from=office.example"
)
MICROSOFT = (
    "spf=fail (sender IP is 192.0.2.9) smtp.mailfrom=office.example; dkim=none (message not signed) header.d=none;"
    "dmarc=fail action=quarantine header.from=office.example;compauth=fail reason=000"
)
ID = "mx.job.example"


def message(*headers: str, sender: str = "anna@office.example", others: tuple[tuple[str, str], ...] = ()) -> Message:
    fields = (*(("authentication-results", value) for value in headers), *others, ("from", f"Anna <{sender}>"))
    return Message(
        headers=fields,
        sender=Address("Anna", sender),
        recipients=(),
        reply_to=(),
        subject="",
        text="",
        html="",
        attachments=(),
        message_id="",
        in_reply_to=(),
        references=(),
        date=None,
        parts=(),
    )


@pytest.mark.parametrize(
    ("header", "pinned", "expected"),
    [
        (YANDEX, "*.yandex.net", ("none", True)),
        (MAIL_RU, "mxs.mail.ru", ("pass", True)),
        (GOOGLE, "mx.google.com", ("pass", True)),
        (GOOGLE.replace("mx.google.com", "MX.Google.COM 1"), "mx.google.com", ("pass", True)),
    ],
)
def test_the_headers_of_the_great_providers_are_understood(header: str, pinned: str, expected: tuple[str, bool]) -> None:
    assert verdict(message(header), pinned) == expected


def test_microsoft_leaves_its_name_out_so_its_failure_counts_and_its_pass_proves_nothing() -> None:
    assert verdict(message(MICROSOFT), "") == ("fail", False)
    assert verdict(message(MICROSOFT.replace("fail", "pass")), ID) == ("none", False)


def test_without_a_pinned_server_nothing_is_proven() -> None:
    assert verdict(message(GOOGLE), "") == ("pass", False)


def test_no_header_is_no_verdict() -> None:
    assert verdict(message(), ID) == ("none", False)
    assert verdict(message(), "") == ("none", False)


@pytest.mark.parametrize(
    "headers",
    [
        # From another server, above or below.
        ("mx.evil.example; dmarc=pass header.from=office.example",),
        ("mx.job.example.evil.example; dmarc=pass header.from=office.example",),
        ("evil.mx.job.example; dmarc=pass header.from=office.example",),
        # The own server's is the topmost of its name; what it found counts, whatever stands below.
        (f"{ID}; dmarc=none header.from=office.example", f"{ID}; dmarc=pass header.from=office.example"),
        (f"{ID}; spf=pass smtp.mailfrom=a@office.example", f"{ID}; dkim=pass header.d=office.example"),
        (f"{ID}; none", f"{ID}; dmarc=pass header.from=office.example"),
        (f"{ID}; dkim=pass header.d", f"{ID}; dmarc=pass header.from=office.example"),
        (f"{ID};;;", f"{ID}; dmarc=pass header.from=office.example"),
        # Inside a comment, a quoted string or another result.
        (f"{ID}; spf=none (dmarc=pass header.from=office.example) smtp.mailfrom=x",),
        (f"{ID}; spf=none (; dmarc=pass header.from=office.example) smtp.mailfrom=x",),
        (f'{ID}; spf=none reason="; dmarc=pass header.from=office.example" smtp.mailfrom=x',),
        (f'{ID}; spf=none smtp.mailfrom="a; dkim=pass header.d=office.example"',),
        ("mx.evil.example (mx.job.example; dmarc=pass); dmarc=pass header.from=office.example",),
        ("(mx.job.example) mx.evil.example; dmarc=pass header.from=office.example",),
        # Passed for somebody else.
        (f"{ID}; dkim=pass header.d=evil.example",),
        (f"{ID}; dkim=pass header.d=notoffice.example",),
        (f"{ID}; dkim=pass header.d=evil.office.example",),
        (f"{ID}; dkim=pass header.d=example",),
        (f"{ID}; dkim=pass header.i=anna@office.example header.d=evil.example",),
        (f"{ID}; dmarc=pass header.from=evil.example",),
        (f"{ID}; dkim=pass",),
        (f"{ID}; spf=pass smtp.mailfrom=anna@office.example",),
        # A result that only looks like a pass.
        (f"{ID}; dmarc=bestguesspass header.from=office.example",),
        (f"{ID}; dkim=fail header.d=office.example",),
        (f"{ID}; x-dmarc=pass header.from=office.example",),
        (f"{ID}; dmarc=pass header.from=office.example; dmarc=fail header.from=office.example",),
    ],
)
def test_a_forged_header_proves_nothing(headers: tuple[str, ...]) -> None:
    found = verdict(message(*headers), ID)
    assert found[1] is False


@pytest.mark.parametrize(
    "header",
    [
        f"{ID};\r\n\tdmarc=pass\r\n header.from=office.example",
        f"(first) {ID} (comment (nested)) 1 ; dmarc (x) = (y) pass (z) header.from (a) = office.example",
        f"{ID}; DMARC=Pass HEADER.From=OFFICE.Example",
        f"{ID}; dkim=fail header.d=list.example; dkim=pass header.d=office.example",
        f'{ID}; dkim=pass (2048-bit key; unprotected) header.d=office.example header.b="aB/c+="; dkim-atps=neutral',
        f"{ID}; dmarc=pass action=none header.from=office.example; none",
        f"{ID}; dmarc=pass (p=reject)",
    ],
)
def test_folding_comments_and_case_change_nothing(header: str) -> None:
    assert verdict(message(header, f"{ID}; dmarc=fail header.from=office.example"), ID)[1] is True


def test_a_header_of_another_server_above_the_own_does_not_hide_it() -> None:
    assert verdict(message("list.example; dmarc=fail", f"{ID}; dmarc=pass header.from=office.example"), ID) == ("pass", True)


def test_the_domain_of_the_company_covers_its_departments() -> None:
    assert verdict(message(f"{ID}; dkim=pass header.d=office.example", sender="anna@hr.office.example"), ID) == ("none", True)


def test_a_failure_of_dmarc_is_told() -> None:
    assert verdict(message(f"{ID}; dkim=pass header.d=office.example; dmarc=fail header.from=office.example"), ID) == ("fail", False)


def test_two_senders_are_none() -> None:
    both = message(f"{ID}; dmarc=pass header.from=office.example", others=(("from", "evil@evil.example"),))
    assert verdict(both, ID)[1] is False


@pytest.mark.parametrize(
    "header",
    [
        "",
        ";",
        "(",
        ID,
        f"{ID};",
        f"{ID} 2; dmarc=pass",
        f"{ID}; dmarc",
        f"{ID}; =pass",
        "(" * 5000,
        f"{ID}; dmarc=pass " + "x" * LENGTH_LIMIT,
        "\0\ufffd;",
    ],
)
def test_a_broken_header_is_no_verdict_and_no_crash(header: str) -> None:
    for pinned in (ID, ""):
        assert verdict(message(header), pinned)[1] is False
