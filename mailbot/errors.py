"""The four errors that the house knows; anything else that is raised is a bug and is shown as one."""

from __future__ import annotations

from dataclasses import dataclass


class MailbotError(Exception):
    """What all four have in common: `str(error)` is a plain sentence for a person."""


class Temporary(MailbotError):
    """It did not work now and may work later: a lost connection, a 4xx reply, a full disk."""


class Permanent(MailbotError):
    """It will not work however often it is tried: a 5xx reply, a refused recipient, a record that is damaged."""


class BadMessage(MailbotError):
    """The bytes of a message can not be handled; they are kept and a person is told."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, in words that a person can act on."""

    #: Where: a key of config.toml (`imap.port`), a file, a server.
    place: str
    #: What was found there; never a secret.
    seen: str
    #: What should be there.
    expected: str
    #: What to do.
    advice: str
    #: False for a warning: mailbot works all the same.
    fatal: bool = True

    def __str__(self) -> str:
        found = f" (found: {self.seen})" if self.seen else ""
        return f"{self.place}: {self.expected}{found}. {self.advice}".strip()


class ConfigProblem(MailbotError):
    """The configuration can not be used; carries every problem at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
