"""The verbs from outside: their JSON, their exit status, what they ask of a running daemon, and their words when something is wrong."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from applicants import A_FILE, ANSWERS, LETTER, SUBJECT, asked
from office import CANDIDATE, RECRUITER, ROOT, N, Office, forget_state
from servers import free_ports

from mailbot.records.quarantine import Quarantine

PETER = "kim@yandex.ru"
#: The keys of design section 7.
LIST = "reference position stage waits_for since due hinted escalated name addresses language opened last_message".split()
SHOW = [*LIST, "questions", "messages", "attachments", "outbox", "history"]
MESSAGE = "number direction kind from to subject message_id at path".split()
OUTBOX = "id reference purpose to state attempts next message_id at reason".split()
STATUS = "state pid started last_fetch last_sent waiting outbox quarantine breaker calendar mailboxes".split()
EXPLAIN = (
    "file kind rule subject from message_id in_reply_to references date charset_guessed text full_text quoted attachments person position "
    "language answers asks_us bounce application actions because"
).split()


def change(office: Office, *changes: tuple[str, str]) -> None:
    """Replace these pieces of the configuration; each must stand there."""
    text = office.config.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    office.config.write_text(text, encoding="utf-8")


def answered(office: Office, *senders: str) -> None:
    """Candidates who got their questions and answered them, where one automatic message a day is the cap: the test is held."""
    change(office, ("address_per_day = 3", "address_per_day = 1"))
    for sender in senders:
        office.letter(f"Re: {SUBJECT}", ANSWERS, sender=sender, answers=asked(office, sender), attach=A_FILE)
    office.pass_time(minutes=1)
    office.once()


def states(office: Office) -> dict[str, str]:
    """What is known of each message to a candidate: (to, purpose) -> state."""
    return {f"{entry['purpose']} to {entry['to']}": entry["state"] for entry in office.json("outbox", "list")}


def in_office_time(instant: str) -> datetime:
    """RFC 3339 with the office's offset."""
    read = datetime.fromisoformat(instant)
    assert read.utcoffset() == timedelta(hours=5)
    return read


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file and folder below `folder`, with what is in it."""
    return {str(path): sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in folder.rglob("*")}


def test_every_json_has_exactly_the_keys_of_the_contract(office: Office) -> None:
    answered(office, f"Мария Петрова <{CANDIDATE}>")
    office.put(b"From: a@b.example\r\nX-Long: " + b"x" * 300_000 + b"\r\n\r\nhello\r\n")
    office.pass_time(minutes=1)
    office.once()

    (application,) = office.json("list")
    assert list(application) == LIST
    assert [application[key] for key in ("position", "stage", "waits_for", "name", "addresses", "language", "hinted", "escalated")] == [
        "trainee", "test", "candidate", "Мария Петрова", [CANDIDATE], "ru", None, None,
    ]  # fmt: skip
    assert in_office_time(application["opened"]) < in_office_time(application["last_message"]) <= in_office_time(application["since"])
    assert office.json("list", "--stage", "review") == office.json("list", "--waiting") == []
    assert office.json("list", "--stage", "test") == [application]

    shown = office.json("show", application["reference"])
    assert list(shown) == SHOW
    assert {key: shown[key] for key in LIST} == application
    assert [list(question) for question in shown["questions"]] == [["id", "text", "state", "answer"]] * 5
    assert [question["state"] for question in shown["questions"]] == ["answered"] * 4 + ["asked"]
    assert shown["questions"][4]["answer"] is None
    assert all(list(message) == MESSAGE for message in shown["messages"])
    assert [(message["direction"], message["kind"]) for message in shown["messages"]][:2] == [("in", "application"), ("out", "questions")]
    assert all(Path(message["path"]).read_bytes() for message in shown["messages"])
    (attached,) = shown["attachments"]
    assert list(attached) == ["name", "type", "size", "verdict", "path"]
    assert (attached["name"], Path(attached["path"]).read_bytes()) == A_FILE
    assert all(list(entry) == OUTBOX for entry in shown["outbox"])
    assert all(list(entry) == ["at", "what", "rule", "because"] for entry in shown["history"])
    assert all(entry["because"] or "sent" in entry["what"] for entry in shown["history"])

    outbox = office.json("outbox", "list")
    assert [entry for entry in outbox if entry["reference"] == application["reference"]] == shown["outbox"]
    (held,) = [entry for entry in outbox if entry["state"] == "held"]
    assert (list(held), held["to"], held["purpose"], held["next"]) == (OUTBOX, CANDIDATE, "test", None)
    assert "24 hours" in held["reason"] or "day" in held["reason"]

    (broken,) = office.json("quarantine", "list")
    assert list(broken) == ["id", "at", "attempts", "reason", "size", "path"]
    in_office_time(broken["at"])

    status = office.json("status", expect=1)
    assert list(status) == STATUS
    assert [status[key] for key in ("state", "pid", "started", "last_fetch", "last_sent")] == ["stopped", None, None, None, None]
    assert (status["quarantine"], status["waiting"]) == (1, {"count": 0, "overdue": 0, "oldest": None})
    assert list(status["calendar"]) == ["official_until"]

    checked = office.json("check")
    assert (list(checked), checked["ok"]) == (["ok", "problems"], True)
    change(office, ("[office]", '[office]\nopenz = "9"'))
    checked = office.json("check", "--offline", expect=2)
    assert [list(problem) for problem in checked["problems"]] == [["place", "seen", "expected", "advice", "fatal"]]
    assert (checked["ok"], checked["problems"][0]["place"]) == (False, "office.openz")


def test_explain_says_everything_changes_nothing_and_needs_no_state(office: Office, tmp_path: Path) -> None:
    questions = asked(office)
    office.letter(f"Re: {SUBJECT}", ANSWERS, answers=questions, attach=A_FILE)
    letter = tmp_path / "letter.eml"
    letter.write_bytes(office.imap.messages(office.user)[-1].raw)
    state = office.folder / "state"
    before = fingerprint(state)
    explained = office.json("explain", str(letter))
    assert list(explained) == EXPLAIN
    reference = office.applications()[0]["reference"]
    assert [explained[key] for key in ("kind", "rule", "position", "language", "application", "bounce")] == [
        "answer", "D15", "trainee", "ru", reference, None,
    ]  # fmt: skip
    assert [answer["question"] for answer in explained["answers"]] == ["motivation", "experience", "hours", "tools"]
    assert [list(action) for action in explained["actions"]] == [["do", "to", "template", "at"]]
    assert explained["actions"][0]["template"] == "test"
    assert list(explained["from"]) == ["name", "address"]
    assert list(explained["person"]) == ["name", "phones", "addresses", "telegram", "links", "city", "pay"]
    assert [list(attachment) for attachment in explained["attachments"]] == [["name", "type", "size", "text_chars", "verdict"]]
    as_new = office.json("explain", str(letter), "--no-state", "--at", "2025-11-24T12:00")
    assert (as_new["kind"], as_new["actions"][0]["at"]) == ("application", "2025-11-24T12:00:00+05:00")
    said = office.mailbot("explain", str(letter))
    assert "answer (D15)" in said
    assert "would send" in said
    assert fingerprint(state) == before

    forget_state(office)
    assert office.json("explain", str(letter))["kind"] == "application"
    assert not state.exists()
    empty = tmp_path / "empty.eml"
    empty.write_bytes(b"")
    two = office.mailbot("explain", "--json", str(letter), str(empty), str(tmp_path / "none.eml"), expect=1)
    assert [json.loads(line)["file"] for line in two.splitlines()[:2]] == [str(letter), str(empty)]
    assert two.splitlines()[2].endswith("none.eml: No such file or directory")


def test_people_read_plain_lines_and_a_program_its_exit_status(office: Office) -> None:
    answered(office, f"Мария Петрова <{CANDIDATE}>")
    (application,) = office.applications()
    reference, held = application["reference"], next(entry["id"] for entry in office.json("outbox", "list") if entry["state"] == "held")
    assert office.mailbot("list").splitlines()[1].split()[:3] == [reference, "trainee", "test"]
    assert f"reference: {reference}" in office.mailbot("show", reference.lower())
    assert held in office.mailbot("outbox", "list")
    assert "Subject:" in office.mailbot("outbox", "show", held)
    assert "state: stopped" in office.mailbot("status", expect=1)
    assert office.mailbot("check").splitlines()[-1] in ("mailbot can run", "everything is in order")
    assert "Здравствуйте" in office.mailbot("preview", "questions")
    assert office.mailbot("quarantine", "list").split() == ["id", "at", "attempts", "bytes", "reason"]
    refused = {
        ("show", "A-00000"): "no such application",
        ("move", reference, "party"): "there is no such stage; there are questions, test, review",
        ("outbox", "drop", "nothing"): "no such message",
        ("quarantine", "retry", "../../etc"): "no such message",
        ("preview", "nothing"): "there is no such template",
    }
    for words, reason in refused.items():
        said = office.mailbot(*words, expect=1)
        assert reason in said
        assert len(said.splitlines()) == 1
    for wrong in (("outbox", "drop"), ("show",), ("explain", "x.eml", "--at", "soon")):
        assert "Traceback" not in office.mailbot(*wrong, expect=2)
    assert office.mailbot("resume") == "there was nothing to resume\n"
    assert office.mailbot("move", reference, "silent") == f"{reference}: test -> silent; nothing is sent\n"


def test_a_running_daemon_does_what_the_verbs_ask_and_a_second_one_is_told(office: Office) -> None:
    answered(office, f"Мария Петрова <{CANDIDATE}>", f"Пётр Ким <{PETER}>")
    assert {states(office)[f"test to {address}"] for address in (CANDIDATE, PETER)} == {"held"}
    raw = office.letter(SUBJECT, LETTER, sender="Иван <ivan@list.ru>", folder="Junk").as_bytes()
    Quarantine(office.folder / "state" / "quarantine").put("1-7-abcdef", raw, "mailbot stopped in the middle of it", 4, office.now)
    ids = {entry["to"]: entry["id"] for entry in office.json("outbox", "list") if entry["state"] == "held"}
    before = len(office.sent())
    with office.running() as daemon:
        office.logged("the mailbox is read to the end")
        status = office.json("status", expect=1)
        assert (list(status), status["state"], status["pid"], status["quarantine"]) == (STATUS, "degraded", daemon.pid, 1)
        assert [list(mailbox) for mailbox in status["mailboxes"]] == [["name", "folder", "server", "ledger", "differ", "because"]] * 3
        for verb in ("once", "run"):
            assert office.mailbot(verb, expect=1).strip() == f"mailbot: mailbot is running, pid {daemon.pid}"
        assert office.mailbot("outbox", "resend", ids[CANDIDATE]) == f"{ids[CANDIDATE]}: will be sent again\n"
        office.smtp.wait_for(before + 1)
        assert office.mailbot("outbox", "drop", ids[PETER]) == f"{ids[PETER]}: will not be sent\n"
        assert "it is dropped" in office.mailbot("outbox", "drop", ids[PETER], expect=1)
        assert office.mailbot("quarantine", "retry", "1-7-abcdef").startswith("1-7-abcdef: taken in as A-")
        office.smtp.wait_for(before + 3)
        mine = next(application for application in office.applications() if application["addresses"] == [PETER])
        assert "no such stage" in office.mailbot("move", mine["reference"], "party", expect=1)
        moved = office.mailbot("move", mine["reference"], "interview")
        assert moved == f"{mine['reference']}: test -> interview; interview goes to the candidate\n"
        office.smtp.wait_for(before + 4)
        assert office.mailbot("resume") == "there was nothing to resume\n"
        status = office.json("status")
        assert (status["state"], status["quarantine"], status["outbox"]["dropped"]) == ("ok", 0, 1)
        assert in_office_time(status["last_sent"]) > in_office_time(status["started"])
    went = [(message["To"], message["Auto-Submitted"]) for message in office.sent()[before:]]
    # To Ivan the questions, and the notice of his letter to the recruiter.
    assert sorted(to for to, _ in went) == sorted([CANDIDATE, "ivan@list.ru", RECRUITER, PETER])
    assert not any(entry["state"] in ("held", "planned") for entry in office.json("outbox", "list"))


def test_a_lost_state_is_safe_mode_until_resume(office: Office) -> None:
    asked(office)
    forget_state(office)
    before = len(office.sent())
    office.pass_time(minutes=5)
    office.once()
    assert [message["To"] for message in office.sent()[before:]] == [N]
    office.pass_time(minutes=1)
    with office.running():
        office.letter(SUBJECT, LETTER, sender=f"Пётр Ким <{PETER}>", at=office.now + timedelta(minutes=1))
        office.smtp.wait_for(before + 2)
        assert office.json("status", expect=1)["state"] == "safe"
        assert "mailbot resume" in office.mailbot("status", expect=1)
        assert office.sent_to(PETER) == []
        assert office.mailbot("resume") == "safe mode is over\n"
        office.smtp.wait_for(before + 3)
        assert office.mailbot("status").startswith("state: ok")
    assert len(office.sent_to(PETER)) == 1


@pytest.mark.parametrize(
    ("old", "new", "verb", "status", "says"),
    [
        ('password_file = "{folder}/password"', 'password_env = "NOBODY"', "once", 2, "NOBODY"),
        ("port = {imap}", "port = {closed}", "once", 1, "127.0.0.1"),
        ("[smtp]", "[smtpx]", "run", 2, "smtpx"),
        ("poll_seconds", "poll_second", "list", 2, "poll_seconds"),
        ('password_file = "{folder}/password"', 'password_file = "{folder}/wrong"', "once", 1, "login"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(office: Office, old: str, new: str, verb: str, status: int, says: str) -> None:
    wrong = office.folder / "wrong"
    wrong.write_text("not the password", encoding="utf-8")
    wrong.chmod(0o600)
    places: dict[str, Any] = {"folder": office.folder, "imap": office.imap.port, "closed": free_ports(1)[0]}
    change(office, (old.format(**places), new.format(**places)))
    said = office.mailbot(verb, expect=status)
    assert says.lower() in said.lower()
    assert "Traceback" not in said
    assert "not the password" not in said
    assert office.imap.password not in said.split()


def test_a_template_that_names_a_missing_fact_is_named_with_its_line(office: Office) -> None:
    templates = office.folder / "templates"
    for source in (ROOT / "templates").rglob("*"):
        if source.is_file():
            target = templates / source.relative_to(ROOT / "templates")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    broken = templates / "ru" / "questions.j2"
    lines = broken.read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "block text" in text) + 1
    broken.write_text("\n".join([*lines[: line - 1], "{{ candidate.shoe_size }}", *lines[line - 1 :]]), encoding="utf-8")
    change(office, ('# dir = "templates"', 'dir = "templates"'))
    for verb in (("check", "--offline"), ("once",), ("run",)):
        said = office.mailbot(*verb, expect=2)
        assert "shoe_size" in said
        assert f"ru/questions.j2:{line}" in said or f"ru/questions.j2, line {line}" in said
        assert "Traceback" not in said
    assert office.sent() == []
