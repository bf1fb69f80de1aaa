"""A copy for the witness: in the same transaction where the server takes it, and never at the cost of the message itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import Fault, SmtpServer

from mailbot.mail.smtp import Account, Outcome, Submission

SENDER, RECIPIENT, WITNESS = "job@up-advert.example", "ivan@mail.example", "job+outbox@up-advert.example"
RAW = b"Message-ID: <mb1.a@up-advert.example>\r\nSubject: Test\r\n\r\nHello.\r\n"
#: The first RCPT of a transaction is the recipient's.
WELL = Fault("250 2.1.5 fine")


@pytest.fixture
def submission(smtp_server: SmtpServer) -> Iterator[Submission]:
    made = Submission(Account("127.0.0.1", smtp_server.port, "none", "", ""), reply_timeout=1)
    yield made
    made.close()


def send(submission: Submission, commits: list[int] | None = None, witness: str = WITNESS) -> Outcome:
    return submission.send(RAW, SENDER, RECIPIENT, lambda: (commits if commits is not None else []).append(1), witness)


def test_both_are_recipients_of_one_transaction(smtp_server: SmtpServer, submission: Submission) -> None:
    commits: list[int] = []
    assert send(submission, commits).state == "sent"
    (taken,) = smtp_server.transactions
    assert taken.rcpt == (RECIPIENT, WITNESS)
    assert WITNESS.encode() not in taken.data
    assert commits == [1]


@pytest.mark.parametrize("witness", ["", RECIPIENT, "no address", "evil@mail.example>\r\nRSET"])
def test_without_a_usable_witness_there_is_one_recipient(smtp_server: SmtpServer, submission: Submission, witness: str) -> None:
    assert send(submission, witness=witness).state == "sent"
    assert [taken.rcpt for taken in smtp_server.transactions] == [(RECIPIENT,)]


@pytest.mark.parametrize(
    "refusal",
    [
        Fault("550 5.1.1 No such user"),
        Fault("452 4.5.3 Too many recipients"),
        Fault("451 4.7.1 Greylisted"),
        Fault("550 5.4.5 Daily user sending limit exceeded"),
        Fault("421 4.3.0 Closing"),
        Fault("garbage"),
        Fault(),
        Fault("250 too late", seconds=2),
    ],
)
def test_a_witness_that_is_refused_costs_the_message_nothing(smtp_server: SmtpServer, submission: Submission, refusal: Fault) -> None:
    commits: list[int] = []
    smtp_server.script("RCPT", WELL, refusal)
    assert send(submission, commits).state == "sent"
    assert [taken.rcpt for taken in smtp_server.transactions] == [(RECIPIENT,)]
    assert commits == [1]


def test_a_recipient_that_is_refused_is_never_sent_to_the_witness_alone(smtp_server: SmtpServer, submission: Submission) -> None:
    smtp_server.script("RCPT", "550 5.1.1 No such user")
    assert send(submission).state == "failed"
    assert smtp_server.transactions == ()
    assert smtp_server.commands.count("RCPT") == 1


def test_no_reply_after_the_dot_is_unknown_for_both(smtp_server: SmtpServer, submission: Submission) -> None:
    smtp_server.script("DOT", Fault(accept=True))
    assert send(submission).state == "unknown"
    assert [taken.rcpt for taken in smtp_server.transactions] == [(RECIPIENT, WITNESS)]


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize("reply", ["550 5.4.5 Daily user sending limit exceeded", "451 4.7.1 Ratelimit exceeded"])
def test_a_limit_is_told_at_whatever_step_it_comes(smtp_server: SmtpServer, submission: Submission, step: str, reply: str) -> None:
    smtp_server.script(step, reply, reply)  # type: ignore[arg-type]  # parametrize knows no literals
    outcome = send(submission, witness="")
    assert (outcome.state, outcome.limit) == ("retry", True)
    assert smtp_server.transactions == ()
