"""A second recruiter, and what is asked of everything that goes from staff to a candidate."""

from __future__ import annotations

from email.message import EmailMessage

from office import CANDIDATE, JOB, RECRUITER, N, Office, text_of

SECOND = "oleg@up-advert.ru"
#: As config.toml gives them for the first recruiter.
NAME = "Мария Иванова"
SIGNATURE = "Мария Иванова\nотдел персонала «АП-Адверт»"


def add_recruiter(office: Office, *, positions: str = '["*"]') -> None:
    """List a second recruiter in the configuration."""
    table = f'\n[[recruiters]]\nname = "Олег Седов"\naddress = "{SECOND}"\npositions = {positions}\nsignature = "Олег Седов"\n'
    office.config.write_text(office.config.read_text(encoding="utf-8") + table, encoding="utf-8")


def assert_relayed(message: EmailMessage, words: str, notice: EmailMessage, thread: EmailMessage, *, name: str = NAME) -> None:
    """A person's words, in the candidate's thread, with nothing of the notice."""
    assert message["To"] == CANDIDATE
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, JOB)
    assert message["Auto-Submitted"] is None
    assert thread["Message-ID"] in message["References"].split()
    assert text_of(message).strip() == f"{words}\n\n{SIGNATURE if name == NAME else name}"
    raw = message.as_string()
    assert notice["Message-ID"] not in raw
    assert not any(secret in raw + text_of(message) for secret in (RECRUITER, f" {N}", "Пишите ответ выше"))
