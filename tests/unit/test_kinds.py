"""The decision table: what a message is, and that no machine is ever answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from mailbot.hiring.company import Assignment, Company, Limits, Office, Position, Recruiter
from mailbot.hiring.kinds import TABLE, Authentication, Evidence, Judgement, judge
from mailbot.hiring.model import Address, Attachment, Message, Reply, Report

JOB, ESCALATION, ALIAS, ANNA = "job@up-advert.ru", "n@up-advert.ru", "hr@up-advert.ru", "anna@up-advert.ru"
COMPANY = Company(
    name="Ап",
    language="ru",
    signature="",
    privacy_url="",
    job=JOB,
    escalation=ESCALATION,
    aliases=(ALIAS,),
    office=Office("RU", "Asia/Yekaterinburg", time(10), time(19)),
    positions=(Position("manager", "Аккаунт-менеджер", (), (), Assignment("", "")),),
    recruiters=(Recruiter("Анна", ANNA),),
    stages=(),
    limits=Limits(1, 1, 3, 6, 20, 60, ()),
)
PERSON = Message(
    headers=(),
    sender=Address("Иван", "ivan@mail.ru"),
    recipients=(Address("", JOB),),
    reply_to=(),
    subject="Привет",
    text="",
    html="",
    attachments=(),
    message_id="<1@mail.ru>",
    in_reply_to=(),
    references=(),
    date=None,
    parts=("text/plain",),
)
KNOWN = Evidence(in_thread=True, known_sender=True)
ALIGNED = Authentication("pass", aligned=True)


def judged(text: str = "", evidence: Evidence | None = None, *, headers: tuple[tuple[str, str], ...] = (), **changes: Any) -> Judgement:
    message = replace(PERSON, text=text, headers=tuple((name.lower(), value) for name, value in headers), **changes)
    return judge(message, evidence or Evidence(), COMPANY, Reply(text))


def row(judgement: Judgement) -> tuple[str, str]:
    assert judgement.because
    return judgement.rule, judgement.kind


def applicant(*headers: tuple[str, str], **changes: Any) -> tuple[str, str]:
    """The row of a letter that would be an application but for what is given."""
    return row(judged("Хочу у вас работать", headers=headers, **changes))


def sender(address: str) -> Address:
    return Address("", address)


def test_the_rows_stand_in_the_order_of_the_design() -> None:
    rules = list(dict.fromkeys(row.rule for row in TABLE))
    assert rules == ["D0", "D1", "D10", "D3", "D4", "D5", "D6", "D9", "D2", "D7", "D8", "D11", "D12", "D13", "D14", "D15", "D17"]


def test_only_three_rows_let_a_machine_answer() -> None:
    assert {row.rule for row in TABLE if row.may_answer} == {"D11", "D14", "D15"}


def test_every_row_can_be_the_first_that_fits() -> None:
    bounce = Report("delivery-status", action="failed")
    seen = {
        row(judgement)
        for judgement in (
            judged(evidence=Evidence(too_large=True)),
            judged(evidence=Evidence(ours=True)),
            judged(evidence=Evidence(seen_before=True)),
            judged(report=replace(bounce, action="delayed")),
            judged(report=replace(bounce, action="delivered")),
            judged(report=bounce),
            judged(report=Report("disposition-notification")),
            judged(report=Report("feedback-report")),
            judged(parts=("text/calendar",)),
            judged(headers=(("Auto-Submitted", "auto-replied"),)),
            judged(headers=(("List-Id", "<x>"),)),
            judged(sender=sender("noreply@hh.ru")),
            judged(evidence=Evidence(folder="sent")),
            judged(sender=sender(ANNA)),
            judged(sender=sender(JOB)),
            judged(evidence=Evidence(folder="junk")),
            judged(recipients=()),
            judged("Удалите мои персональные данные"),
            judged("Отзываю свою заявку", KNOWN),
            judged("Отзываю свою заявку"),
            judged("да", Evidence(condemned=True, in_thread=True)),
            judged("да", Evidence(condemned=True)),
            judged("да", KNOWN, headers=(("X-Auto-Response-Suppress", "All"),)),
            judged("Хочу работать", headers=(("X-Auto-Response-Suppress", "All"),)),
            judged("Хочу работать"),
            judged("да", KNOWN),
            judged(sender=None),
            judged(),
        )
    }
    assert seen == {(row.rule, row.kind) for row in TABLE}


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (Evidence(too_large=True, ours=True, seen_before=True), ("D0", "broken")),
        (Evidence(ours=True, seen_before=True, folder="sent"), ("D1", "ours")),
        (Evidence(seen_before=True, folder="sent"), ("D10", "duplicate")),
    ],
)
def test_what_is_known_already_comes_before_all_content(evidence: Evidence, expected: tuple[str, str]) -> None:
    assert row(judged(evidence=evidence, headers=(("List-Id", "<x>"),), sender=sender("mailer-daemon@x"))) == expected


# D3


@pytest.mark.parametrize(
    "changes",
    [
        {"report": Report("delivery-status", action="failed", status="5.1.1")},
        {"report": Report("delivery-status")},
        {"parts": ("multipart/report", "text/plain", "message/delivery-status")},
        {"parts": ("text/plain", "message/global-delivery-status")},
        {"parts": ("multipart/report", "text/plain")},
        {"headers": (("X-FAILED-Recipients", "ivan@mail.ru"),)},
        {"sender": sender("mailer-daemon@mail.ru")},
        {"sender": sender("Postmaster@mail.ru")},
        {"sender": sender("mail-daemon@mail.ru")},
        {"headers": (("Sender", "Mail Delivery System <MAILER-DAEMON@mx.mail.ru>"),)},
        {"headers": (("From", "MAILER-DAEMON@mx (Mail (Delivery) System)"),), "sender": None},
    ],
)
@pytest.mark.parametrize("evidence", [Evidence(), KNOWN, Evidence(folder="junk")])
def test_a_bounce_is_known_by_its_report_its_header_or_its_sender(changes: dict[str, Any], evidence: Evidence) -> None:
    headers = (("Auto-Submitted", "auto-replied"), ("Return-Path", "<>"), *changes.get("headers", ()))
    judgement = judged("вакансия", evidence, **{**changes, "headers": headers})
    assert row(judgement) == ("D3", "bounce")
    assert not judgement.may_answer


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"report": Report("delivery-status", action="delayed", status="4.4.1")}, "delayed"),
        ({"report": Report("delivery-status", action="failed"), "subject": "Delayed"}, "bounce"),
        ({"report": Report("delivery-status", action="relayed")}, "receipt"),
        ({"report": Report("delivery-status", action="expanded")}, "receipt"),
        ({"headers": (("From", "mailer-daemon@x.ru"),), "subject": "Warning: message 1abc delayed 24 hours"}, "delayed"),
        ({"headers": (("From", "mailer-daemon@x.ru"), ("X-Failed-Recipients", "a@b")), "subject": "Message delayed"}, "bounce"),
        ({"headers": (("From", "mailer-daemon@x.ru"),), "subject": "Доставка задерживается"}, "delayed"),
    ],
)
def test_a_delay_and_a_delivery_are_no_failure(changes: dict[str, Any], kind: str) -> None:
    assert row(judged(**changes)) == ("D3", kind)


def test_a_person_who_writes_of_a_delay_is_no_daemon() -> None:
    assert applicant(subject="Задержка с ответом: delayed") == ("D14", "application")


# D4


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"parts": ("multipart/report", "text/plain", "message/disposition-notification")}, "receipt"),
        ({"report": Report("disposition-notification"), "sender": sender("postmaster@mail.ru")}, "receipt"),
        ({"parts": ("multipart/report", "message/feedback-report", "message/rfc822")}, "complaint"),
        ({"parts": ("multipart/alternative", "text/plain", "text/calendar")}, "calendar"),
        ({"parts": ("application/ics",)}, "calendar"),
    ],
)
def test_receipts_complaints_and_calendar_answers_are_told_from_bounces(changes: dict[str, Any], kind: str) -> None:
    assert row(judged("вакансия", KNOWN, **changes)) == ("D4", kind)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n", "D4"),
        (b"BEGIN:VCALENDAR\r\nmethod:counter\r\n", "D4"),
        (b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n", "D14"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "D14"),
    ],
)
def test_an_invitation_by_a_person_is_no_calendar_answer(content: bytes, rule: str) -> None:
    assert applicant(parts=("text/calendar",), attachments=(Attachment("a.ics", "text/calendar", content),))[0] == rule


# D5


@pytest.mark.parametrize(
    "headers",
    [
        (("Auto-Submitted", "auto-replied"),),
        (("AUTO-SUBMITTED", "Auto-Generated"),),
        (("auto-submitted", "auto-notified; owner-email=a@b"),),
        (("Auto-Submitted", "(vacation (really)) auto-replied"),),
        (("Auto-Submitted", "no"), ("Auto-Submitted", "auto-replied")),
        (("Auto-Submitted", "no-really"),),
        (("Auto-Submitted", ""),),
        (("X-Autoreply", "yes"),),
        (("X-AutoReply-From", "a@b"),),
        (("X-Auto-Reply", "1"),),
        (("X-Autorespond", ""),),
        (("X-Autoresponder-Name", "x"),),
        (("X-Mail-Autoreply", "yes"),),
        (("X-Vacation", "yes"),),
        (("X-Autogenerated", "Reply"),),
        (("Precedence", "auto_reply"),),
        (("Precedence", "bulk"), ("PRECEDENCE", "Auto-Reply")),
        (("Return-Path", "<>"),),
        (("Return-Path", ""),),
        (("Return-Path", "<a@b.ru>"), ("Return-Path", "< >")),
        (("Return-Path", "<MAILER-DAEMON>"),),
        (("X-MS-Exchange-Inbox-Rules-Loop", "a@b"), ("X-Auto-Response-Suppress", "All")),
    ],
)
@pytest.mark.parametrize("evidence", [Evidence(), KNOWN, Evidence(folder="sent"), Evidence(token="valid")])
def test_an_automatic_reply_is_known_by_any_instance_of_its_headers(headers: tuple[tuple[str, str], ...], evidence: Evidence) -> None:
    assert row(judged("Хочу работать", evidence, headers=headers, sender=sender(ANNA))) == ("D5", "auto_reply")


@pytest.mark.parametrize(
    "headers",
    [
        (("Auto-Submitted", "no"),),
        (("Auto-Submitted", "NO (a person); x=auto-replied"),),
        (("X-Autoreply", "no"),),
        (("X-Autogenerated", "Forward"),),
        (("X-Autogenerated", "Mirror"), ("X-Autogenerated", "Redirect")),
        (("Precedence", "first-class"),),
        (("Return-Path", "<ivan@mail.ru>"),),
        (("X-MS-Exchange-Inbox-Rules-Loop", "a@b"),),
        (("X-Auto-Response-Suppress", "DR, RN"),),
        (("Resent-From", "a@b.ru"),),
    ],
)
def test_headers_that_a_person_may_have_prevent_nothing(headers: tuple[tuple[str, str], ...]) -> None:
    assert applicant(*headers) == ("D14", "application")


@pytest.mark.parametrize("subject", ["Автоответ: Вакансия", "Out of Office", "Automatic reply: job", "Я в отпуске", "Автоматический ответ"])
def test_the_subject_of_a_vacation_message_counts_only_beside_other_evidence(subject: str) -> None:
    assert applicant(subject=subject) == ("D14", "application")
    assert applicant(("X-Auto-Response-Suppress", "OOF"), subject=subject) == ("D5", "auto_reply")
    assert row(judged("Я нахожусь в отпуске до 1 декабря", subject=subject)) == ("D5", "auto_reply")
    assert row(judged("I am currently out of the office", subject=subject)) == ("D5", "auto_reply")
    assert row(judged("Сейчас в отпуске, отвечаю на вопросы", KNOWN, subject=f"Re: {subject}")) == ("D15", "answer")


# D6


@pytest.mark.parametrize(
    "name", ["List-Id", "LIST-UNSUBSCRIBE", "list-post", "List-Help", "List-Owner", "List-Archive", "List-Subscribe", "Mailing-List"]
)
def test_lists_are_not_answered(name: str) -> None:
    assert applicant((name, "x")) == ("D6", "list")


@pytest.mark.parametrize("value", ["bulk", "LIST", "Junk (really)", "list; x=1"])
def test_bulk_mail_is_not_answered(value: str) -> None:
    assert applicant(("Precedence", "first-class"), ("Precedence", value)) == ("D6", "list")


@pytest.mark.parametrize(
    "address",
    [
        "noreply@hh.ru",
        "no-reply@hh.ru",
        "no_reply@hh.ru",
        "No.Reply@hh.ru",
        "donotreply@hh.ru",
        "do-not-reply@hh.ru",
        "dontreply@hh.ru",
        "jobs-noreply@linkedin.com",
        "noreply+123@hh.ru",
        "noreply2@hh.ru",
        "notifications@hh.ru",
        "bounces@hh.ru",
        "robot@hh.ru",
        "majordomo@hh.ru",
        "listserv@hh.ru",
        "abuse@hh.ru",
        "hiring-request@hh.ru",
        "owner-hiring@hh.ru",
        "hiring-bounces+a=b@hh.ru",
        "hiring-request-17@hh.ru",
        "bounce-123@hh.ru",
    ],
)
def test_robots_are_not_answered(address: str) -> None:
    assert applicant(("From", f"Работа <{address}>"), sender=sender(address.lower())) == ("D6", "no_reply")


@pytest.mark.parametrize("name", ["Sender", "Reply-To", "Return-Path", "From"])
def test_a_sender_that_reads_no_answers_is_known_by_any_of_its_headers(name: str) -> None:
    assert applicant((name, "<a@b.ru>"), (name, "Работа <no-reply@hh.ru>")) == ("D6", "no_reply")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Sender", "listserv@lists.ru"),
        ("Sender", "robot@lists.ru"),
        ("Return-Path", "owner-jobs@lists.ru"),
        ("Return-Path", "jobs-request+7=a@lists.ru"),
        ("Return-Path", "majordomo@lists.ru"),
    ],
)
def test_what_a_list_or_a_system_sends_on_is_not_answered(name: str, address: str) -> None:
    assert applicant((name, f"<{address}>")) == ("D6", "no_reply")


@pytest.mark.parametrize(
    "address",
    [
        "norelly@mail.ru",
        "bot-kina@mail.ru",
        "nora.replyan@mail.ru",
        "arobot@mail.ru",
        "request@mail.ru",
        "bruno@mail.ru",
        "anoreply@mail.ru",
    ],
)
def test_people_whose_names_look_like_robots_are_people(address: str) -> None:
    assert applicant(("From", address), ("Return-Path", "<bounces+77@saas.com>"), sender=sender(address)) == ("D14", "application")


# D9


@pytest.mark.parametrize("address", [ANNA, ESCALATION])
@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (Evidence(token="valid"), "staff"),
        (Evidence(token="valid", pinned=True, authentication=ALIGNED), "staff"),
        (Evidence(token="none", pinned=True, authentication=ALIGNED), "staff"),
        (Evidence(token="valid", pinned=True), "staff_refused"),
        (Evidence(token="valid", pinned=True, authentication=Authentication("fail")), "staff_refused"),
        (Evidence(token="none"), "staff_refused"),
        (Evidence(token="none", pinned=True), "staff_refused"),
        (Evidence(token="none", authentication=ALIGNED), "staff_refused"),
        (Evidence(token="expired", pinned=True, authentication=ALIGNED), "staff_refused"),
        (Evidence(token="foreign", pinned=True, authentication=ALIGNED), "staff_refused"),
        (Evidence(token="valid", folder="junk"), "staff_refused"),
        (Evidence(token="none", known_sender=True, in_thread=True), "staff_refused"),
    ],
)
def test_staff_mail_counts_only_with_proof(address: str, evidence: Evidence, kind: str) -> None:
    judgement = judged("Хочу работать", evidence, sender=sender(address), headers=(("From", f"Анна <{address}>"),))
    assert row(judgement) == ("D9", kind)
    assert not judgement.may_answer


def test_the_reasons_of_a_refusal_differ() -> None:
    given = [
        Evidence(token="expired"),
        Evidence(token="foreign"),
        Evidence(),
        Evidence(token="valid", pinned=True),
        Evidence(folder="junk"),
    ]
    assert len({judged(evidence=evidence, sender=sender(ANNA)).because for evidence in given}) == len(given)


@pytest.mark.parametrize(
    "headers",
    [
        (("From", f"{ANNA}, evil@x.ru"),),
        (("From", f"Анна <{ANNA}>, <evil@x.ru>"),),
        (("From", "evil@x.ru"), ("From", ANNA)),
        (("From", ANNA), ("From", ANNA)),
    ],
)
@pytest.mark.parametrize("address", [None, sender(ANNA), sender("evil@x.ru")])
def test_a_listed_address_among_several_is_refused(headers: tuple[tuple[str, str], ...], address: Address | None) -> None:
    assert row(judged("/test", Evidence(token="valid"), sender=address, headers=headers)) == ("D9", "staff_refused")


def test_what_a_person_sent_from_our_mailbox_is_staff_mail() -> None:
    assert row(judged("Ждём вас", Evidence(folder="sent"), sender=sender(JOB), recipients=(sender("ivan@mail.ru"),))) == ("D9", "staff")


def test_a_display_name_with_a_staff_address_is_no_staff_mail() -> None:
    assert row(judged("Хочу работать", sender=Address(ANNA, "evil@x.ru"), headers=(("From", f'"{ANNA}" <evil@x.ru>'),))) == (
        "D14",
        "application",
    )


# D2, D7, D8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("From", f"Job <{JOB.upper()}>"),
        ("From", ALIAS),
        ("Sender", JOB),
        ("Sender", f"<{ESCALATION}>"),
        ("Return-Path", f"<{JOB}>"),
        ("Return-Path", "<job+b.7f3k9@up-advert.ru>"),
    ],
)
def test_mail_that_pretends_to_be_us_is_not_answered(name: str, value: str) -> None:
    assert applicant((name, value)) == ("D2", "pretender")


@pytest.mark.parametrize(
    ("evidence", "headers"),
    [
        (Evidence(folder="junk", in_thread=True), ()),
        (Evidence(authentication=Authentication("fail")), ()),
        (Evidence(), (("X-Spam-Flag", "YES"),)),
    ],
)
def test_junk_and_forged_mail_is_not_answered(evidence: Evidence, headers: tuple[tuple[str, str], ...]) -> None:
    assert row(judged("Хочу работать", evidence, headers=headers)) == ("D7", "junk")


def test_a_mark_that_says_no_spam_is_no_spam() -> None:
    assert applicant(("X-Spam-Flag", "NO")) == ("D14", "application")


@pytest.mark.parametrize("pinned", [True, False])
def test_missing_results_are_no_evidence_against_a_candidate(pinned: bool) -> None:
    assert judged("Хочу работать", Evidence(pinned=pinned)).may_answer


@pytest.mark.parametrize("address", [JOB, ESCALATION, ALIAS, "job+tag@up-advert.ru"])
def test_a_letter_to_any_of_our_addresses_is_to_us(address: str) -> None:
    assert applicant(recipients=(sender("other@x.ru"), sender(address))) == ("D14", "application")


@pytest.mark.parametrize("recipients", [(), (sender("ivan@mail.ru"),), (sender(ANNA),), (sender("job@other.ru"),)])
def test_a_letter_that_does_not_name_us_is_not_answered(recipients: tuple[Address, ...]) -> None:
    assert applicant(recipients=recipients) == ("D8", "forwarded")


# D11 to D17


def test_a_wish_to_be_forgotten_is_answered_once_whoever_asks() -> None:
    for evidence in (Evidence(), KNOWN):
        assert judged("Прошу удалить мои персональные данные", evidence) == Judgement(
            "erasure", "D11", True, "it asks to have personal data deleted"
        )


def test_a_withdrawal_is_answered_only_where_there_is_an_application() -> None:
    assert judged("Отзываю своё резюме", KNOWN).may_answer
    assert not judged("Отзываю своё резюме").may_answer


def test_only_the_new_text_can_withdraw() -> None:
    message = replace(PERSON, text="Да\n> Отзываю свою заявку")
    assert judge(message, KNOWN, COMPANY, Reply("Да", ("Отзываю свою заявку",))).rule == "D15"


def test_a_condemned_attachment_silences_an_answer_and_an_application() -> None:
    assert row(judged("Хочу работать", Evidence(condemned=True))) == ("D12", "other")
    assert row(judged("да", replace(KNOWN, condemned=True))) == ("D12", "answer")


def test_a_letter_of_three_domains_is_not_answered_unless_one_of_them_is_proven() -> None:
    headers = (("From", "<ivan@mail.ru>"), ("Reply-To", "<a@other.ru>"), ("Return-Path", "<b@third.ru>"))
    assert row(judged("Хочу работать", headers=headers)) == ("D13", "application")
    assert row(judged("да", KNOWN, headers=headers)) == ("D13", "answer")
    assert row(judged("Хочу работать", Evidence(authentication=Authentication("pass")), headers=headers)) == ("D14", "application")
    # A service that sends for a person, and a person who reads elsewhere.
    for two in (headers[:2], (headers[0], headers[2]), (*headers[:2], ("Return-Path", "<x@bounce.mail.ru>"))):
        assert row(judged("Хочу работать", headers=two)) == ("D14", "application")


@pytest.mark.parametrize("value", ["All", "oof", "DR, AutoReply", "RN;OOF", "(x) ALL"])
def test_who_asks_machines_to_be_silent_is_not_answered_but_counts(value: str) -> None:
    headers = (("X-Auto-Response-Suppress", "DR"), ("X-AUTO-RESPONSE-SUPPRESS", value))
    assert row(judged("Хочу работать", headers=headers)) == ("D13", "application")
    assert row(judged("да", KNOWN, headers=headers)) == ("D13", "answer")
    assert row(judged("привет", headers=headers)) == ("D17", "other")
    assert not judged("да", KNOWN, headers=headers).may_answer


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("Здравствуйте, хочу быть аккаунт-менеджером", {}),
        ("", {"subject": "Аккаунт-менеджер"}),
        ("", {"subject": "Отклик на вакансию"}),
        ("", {"attachments": (Attachment("Иванов.PDF", "application/octet-stream", b""),)}),
        ("", {"attachments": (Attachment("", "application/pdf", b""),)}),
        ("", {"attachments": (Attachment("moe_cv.jpg", "image/jpeg", b""),)}),
        ("", {"attachments": (Attachment("Резюме.zip", "application/zip", b""),)}),
        ("Высылаю резюме", {}),
        ("Ищу работу", {}),
        ("Возьмёте стажёром?", {}),
        ("Когда собеседование", {}),
        ("My CV is below", {}),
        ("I apply for the position", {}),
        ("", {"subject": "Vacancy"}),
    ],
)
def test_a_person_who_applies_opens_an_application(text: str, changes: dict[str, Any]) -> None:
    judgement = judged(text, **changes)
    assert row(judgement) == ("D14", "application")
    assert judgement.may_answer


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("Предлагаем канцтовары", {}),
        ("Пишите на job@up-advert.ru или https://x.ru/vacancy-job", {}),
        ("", {"attachments": (Attachment("logo.png", "image/png", b""),)}),
        ("jobless positioned cvs", {}),
        ("Хочу работать", {"sender": None}),
        ("Хочу работать", {"headers": (("From", "ivan@mail.ru, petr@mail.ru"),)}),
        ("Хочу работать", {"headers": (("From", "ivan@mail.ru"), ("From", "ivan@mail.ru"))}),
    ],
)
def test_anything_else_waits_for_a_person(text: str, changes: dict[str, Any]) -> None:
    judgement = judged(text, **changes)
    assert row(judgement) == ("D17", "other")
    assert not judgement.may_answer


@pytest.mark.parametrize("text", ["да", "Удалите мои персональные данные", "Отзываю свою заявку"])
def test_a_known_thread_without_exactly_one_sender_is_not_answered(text: str) -> None:
    assert not judged(text, KNOWN, sender=None).may_answer
    assert not judged(text, KNOWN, headers=(("From", "<ivan@mail.ru>, <petr@mail.ru>"),)).may_answer


@pytest.mark.parametrize("evidence", [Evidence(in_thread=True), Evidence(known_sender=True), KNOWN])
def test_whoever_has_an_application_answers_in_it(evidence: Evidence) -> None:
    judgement = judged("Высылаю резюме на вакансию аккаунт-менеджера", evidence)
    assert row(judgement) == ("D15", "answer")
    assert judgement.may_answer
