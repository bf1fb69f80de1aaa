"""`mailbot check` against real servers: what they can do in words, and one message to ourselves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from servers import Certificates, ImapServer, SmtpServer, free_ports, smtp_serving

from mailbot import config
from mailbot.hiring.company import Assignment
from mailbot.records.key import open_key
from mailbot.service import check

ROOT = Path(__file__).parents[2]


class Company:
    """A configuration whose servers are those of the test, and its mailbox."""

    def __init__(self, folder: Path, imap: ImapServer, smtp: SmtpServer) -> None:
        self.imap, self.smtp, self.user = imap, smtp, imap.new_user()
        self.keys = {
            "imap": {"host": '"localhost"', "port": imap.port, "security": '"starttls"', "username": f'"{self.user}"'},
            "smtp": {"host": '"127.0.0.1"', "port": smtp.port, "security": '"none"', "username": '""'},
        }
        self.keys["imap"] |= {"password_env": '"PASSWORD"', "ca_file": f'"{imap.ca_file}"'}
        self.folder = folder
        self.environ = {"PASSWORD": imap.password}

    def settings(self) -> config.Settings:
        shipped = (ROOT / "config.toml").read_text("utf-8")
        before, rest = shipped.split("\n[imap]\n")
        _, after = rest.split("\n[office]\n")
        tables = "".join(
            f"\n[{table}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for table, keys in self.keys.items()
        )
        path = self.folder / "config.toml"
        path.write_text(f"{before}\n{tables}\n[office]\n{after}", "utf-8")
        path.chmod(0o644)
        (self.folder / "templates").symlink_to(ROOT / "templates")
        return config.load(path, {}, installed=ROOT / "templates")

    def checked(self, *, send: bool = False) -> check.Findings:
        return check.online(self.settings(), self.environ, send=send)

    @contextmanager
    def postman(self, *folders: str) -> Iterator[None]:
        """Carries the one message that the SMTP server gets to these folders of the mailbox."""

        def carry() -> None:
            raw = self.smtp.wait_for(1)[0].data
            for folder in folders:
                self.imap.append(self.user, raw, folder=folder)

        thread = threading.Thread(target=carry)
        thread.start()
        yield
        thread.join()


@pytest.fixture
def company(tmp_path: Path, dovecot: ImapServer, smtp_server: SmtpServer) -> Company:
    return Company(tmp_path, dovecot, smtp_server)


def test_it_says_in_words_what_the_servers_can_do(company: Company) -> None:
    found = company.checked()
    said = "\n".join(found.words)
    assert found.problems == ()
    assert "IDLE: yes" in said
    assert "MOVE: yes, UIDPLUS: yes, SPECIAL-USE: yes" in said
    assert "keywords: yes" in said
    assert "folder INBOX: 0 messages" in said
    assert "sent folder: Sent, 0 messages" in said
    assert "SMTP 127.0.0.1" in said


def test_it_sends_nothing_and_leaves_no_state_unless_asked(company: Company) -> None:
    company.checked()
    assert company.smtp.transactions == ()
    assert not (company.folder / "state").exists()


def test_a_wrong_password_is_told_without_the_password(company: Company) -> None:
    company.environ = {"PASSWORD": "not the one"}
    (found,) = company.checked().problems
    assert (found.place, found.fatal) == ("imap", True)
    assert "not the one" not in repr(found)


def test_both_servers_are_looked_at_even_if_the_first_can_not_be_reached(company: Company) -> None:
    company.keys["imap"]["port"], company.keys["smtp"]["port"] = free_ports(2)
    assert [problem.place for problem in company.checked(send=True).problems] == ["imap", "smtp"]


def test_folders_that_are_not_there_are_named_with_those_that_are(company: Company) -> None:
    company.keys["imap"] |= {"folders": '["INBOX", "Jobs"]', "sent": '"Gesendet"', "junk": '""'}
    found = company.checked().problems
    assert [(problem.place, problem.seen, problem.fatal) for problem in found] == [
        ("imap.folders", "Jobs", True),
        ("imap.sent", "Gesendet", True),
    ]
    assert "Sent" in found[0].advice


def test_an_assignment_that_the_server_would_not_take_is_a_problem(tmp_path: Path, dovecot: ImapServer, certificates: Certificates) -> None:
    with smtp_serving(certificates) as smtp:
        company = Company(tmp_path, dovecot, smtp)
        settings = company.settings()
        big = tmp_path / "big.pdf"
        with big.open("wb") as file:
            file.truncate(40_000_000)
        position = replace(settings.company.positions[0], assignment=Assignment("", str(big)))
        settings = replace(settings, company=replace(settings.company, positions=(position,)))
        assert [problem.place for problem in check.online(settings, company.environ, send=False).problems] == [
            f"positions[{position.id}].assignment.file"
        ]


def test_a_message_to_ourselves_is_seen_to_arrive_and_to_be_filed(company: Company) -> None:
    with company.postman("INBOX", "Sent"):
        found = company.checked(send=True)
    assert found.problems == ()
    assert "a message to job@up-advert.ru arrived" in found.words[-2]
    assert found.words[-1] == "the server files what it sends in Sent"


def test_a_setting_of_files_sent_that_is_not_true_is_named(company: Company) -> None:
    company.keys["smtp"]["files_sent"] = "false"
    with company.postman("INBOX", "Sent"):
        (found,) = company.checked(send=True).problems
    assert (found.place, found.seen, found.expected, found.fatal) == ("smtp.files_sent", "false", "must be true", False)


def test_a_server_that_does_not_file_is_told_after_a_while(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_FILED_WITHIN", 0.0)
    with company.postman("INBOX"):
        assert company.checked(send=True).words[-1] == "the server does not file what it sends in Sent"


def test_a_message_that_does_not_arrive_is_a_problem(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_ARRIVES_WITHIN", 0.0)
    (found,) = company.checked(send=True).problems
    assert found.place == "check --send"
    assert "INBOX" in found.seen


def test_a_message_that_is_refused_is_a_problem(company: Company) -> None:
    company.smtp.script("MAIL", "553 5.7.1 Sender address rejected")
    (found,) = company.checked(send=True).problems
    assert found.place == "check --send"
    assert "553" in found.seen


def test_a_running_daemon_would_know_the_message_for_ours(company: Company) -> None:
    key = open_key(company.folder / "state")
    with company.postman("INBOX", "Sent"):
        company.checked(send=True)
    raw = company.imap.messages(company.user)[0].raw.decode()
    (mark,) = [line.partition(": ")[2] for line in raw.splitlines() if line.startswith("X-Mailbot: ")]
    assert key.is_mark(mark)
    assert "Message-ID: <check." in raw
