"""The shape of config.toml: every key with its type, what must stand there (`description`) and one example."""

from __future__ import annotations

import ipaddress
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from mailbot.config.values import (
    Clock,
    Count,
    Country,
    Day,
    File,
    FileToSend,
    Host,
    Id,
    IdOrAll,
    IdOrNone,
    Line,
    LineOrNone,
    Mailbox,
    MailboxOrNone,
    Many,
    Pattern,
    Zone,
)
from mailbot.hiring.model import Language, WaitsFor


class Section(BaseModel):
    """A table of config.toml: no unknown keys, no silent conversion of one type into another, no change afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CompanySettings(Section):
    name: Line = Field(description="must be the name that candidates know the company by", examples=["АП-Адверт"])
    language: Language = Field(description='must be the language of a letter that shows none: "ru" or "en"', examples=["ru"])
    signature: str = Field(description="must be the text under every message", examples=["С уважением, отдел персонала"])
    privacy_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description='must be the address of the page on personal data, or ""',
        examples=["https://example.org/privacy"],
    )


class AddressesSettings(Section):
    job: Mailbox = Field(description="must be the address that candidates write to", examples=["job@example.org"])
    escalation: Mailbox = Field(description="must be the address for what was not answered in time", examples=["n@example.org"])
    aliases: Many[Mailbox] = Field(
        default=(), description="must be a list of other addresses of the job mailbox", examples=[["hr@example.org"]]
    )


class OAuthSettings(Section):
    token_url: str = Field(
        pattern=r"^https://[^\s/?#@]+(/\S*)?$",
        description="must be the https address that gives tokens",
        examples=["https://oauth.example.org/token"],
    )
    client_id: Line = Field(description="must be the id of the registered client", examples=["mailbot"])
    refresh_token_file: File | None = Field(
        default=None, description="must be the path of a private file that holds the refresh token", examples=["imap-refresh-token"]
    )
    client_secret_file: File | None = Field(
        default=None, description="must be the path of a private file that holds the client's secret", examples=["client-secret"]
    )


class Server(Section):
    """What a mailbox and the way out have in common."""

    #: The table's name.
    place: ClassVar[str]

    host: Host = Field(description="must be the host name of the mail server", examples=["mail.example.org"])
    port: int = Field(ge=1, le=65535, description="must be a port number: 993 or 143 for IMAP, 465 or 587 for SMTP")
    security: Literal["tls", "starttls", "none"] = Field(default="tls", description='must be "tls", "starttls" or "none"', examples=["tls"])
    username: Line = Field(description="must be the name to log in with", examples=["job@example.org"])
    password_env: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="must be the name of the environment variable that holds the password",
        examples=["MAILBOT_PASSWORD"],
    )
    password_file: File | None = Field(
        default=None, description="must be the path of a private file that holds the password", examples=["password"]
    )
    oauth: OAuthSettings | None = Field(
        default=None,
        description="must be a table with token_url and client_id",
        examples=[{"token_url": "https://oauth.example.org/token", "client_id": "mailbot"}],
    )
    ca_file: File | None = Field(
        default=None, description="must be the path of a PEM file with the certificate of the authority", examples=["ca.pem"]
    )

    @property
    def is_local(self) -> bool:
        """True for an address of this very machine, the only one that may be spoken to without TLS."""
        if self.host.lower() == "localhost":  # RFC 6761 section 6.3
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class ImapSettings(Server):
    place = "imap"

    folders: Many[Line] = Field(default=("INBOX",), min_length=1, description="must be a list of the folders to read", examples=[["INBOX"]])
    sent: str = Field(default="auto", description='must be the name of the folder of sent mail, "auto" or ""', examples=["auto"])
    junk: str = Field(default="auto", description='must be the name of the junk folder, "auto" or ""', examples=["auto"])
    archive: str = Field(default="auto", description='must be the name of the archive folder, "auto" or ""', examples=["auto"])
    poll_seconds: int = Field(default=60, ge=1, le=900, description="must be a number of seconds, 1 to 900", examples=[60])
    authserv_id: str = Field(
        default="",
        # "*." before the name for a provider whose servers each use their own; it is mail.authentication that reads it so.
        pattern=r"^((\*\.)?[A-Za-z0-9._-]+)?$",
        description="must be the name that the mail server writes first in Authentication-Results",
        examples=["mx.example.org"],
    )


class EscalationMailboxSettings(ImapSettings):
    place = "escalation_mailbox"


class SmtpSettings(Server):
    place = "smtp"

    username: LineOrNone = Field(
        default="", description='must be the name to log in with, or "" without login', examples=["job@example.org"]
    )
    files_sent: Literal["auto", True, False] = Field(default="auto", description='must be "auto", true or false', examples=["auto"])
    witness: MailboxOrNone = Field(default="", description='must be an address that gets a copy, or ""', examples=[""])


class OfficeSettings(Section):
    country: Country = Field(description="must be the two letters of a country whose calendar is known", examples=["RU"])
    timezone: Zone = Field(description="must be the IANA name of a time zone", examples=["Asia/Yekaterinburg"])
    opens: Clock = Field(description="must be a time of day, hours and minutes", examples=["10:00"])
    closes: Clock = Field(description="must be a time of day, hours and minutes", examples=["19:00"])
    extra_days_off: Many[Day] = Field(default=(), description="must be a list of dates, year-month-day", examples=[["2026-12-31"]])
    extra_working_days: Many[Day] = Field(default=(), description="must be a list of dates, year-month-day", examples=[["2026-12-26"]])


class EscalationSettings(Section):
    reply_within_working_days: int = Field(default=3, ge=1, le=30, description="must be a number of working days, 1 to 30", examples=[3])
    hint_after_working_days: int = Field(default=2, ge=1, le=30, description="must be a number of working days, 1 to 30", examples=[2])
    digest: bool = Field(default=True, description="must be true or false", examples=[True])


class RelaySettings(Section):
    delay_minutes: int = Field(default=0, ge=0, le=1440, description="must be a number of minutes, 0 to 1440", examples=[0])


class LimitsSettings(Section):
    message_bytes: int = Field(default=30_000_000, ge=10_000, description="must be a number of bytes, 10000 or more", examples=[30_000_000])
    attachment_bytes: int = Field(
        default=20_000_000, ge=10_000, description="must be a number of bytes, 10000 or more", examples=[20_000_000]
    )
    address_per_day: Count = Field(default=3, description="must be a number of messages, 1 or more", examples=[3])
    thread_without_person: Count = Field(default=6, description="must be a number of messages, 1 or more", examples=[6])
    domain_per_hour: Count = Field(default=20, description="must be a number of messages, 1 or more", examples=[20])
    total_per_hour: Count = Field(default=60, description="must be a number of messages, 1 or more", examples=[60])
    relays_per_day: Count = Field(default=20, description="must be a number of messages, 1 or more", examples=[20])
    notices_per_day: Count = Field(default=40, description="must be a number of messages, 1 or more", examples=[40])
    provider_per_day: int = Field(default=500, ge=20, description="must be a number of messages, 20 or more", examples=[500])
    public_domains: Many[Host] = Field(
        default=(
            "mail.ru",
            "bk.ru",
            "inbox.ru",
            "list.ru",
            "internet.ru",
            "yandex.ru",
            "ya.ru",
            "rambler.ru",
            "gmail.com",
            "icloud.com",
            "outlook.com",
        ),
        description="must be a list of domains where anybody can have a mailbox",
        examples=[["mail.ru", "gmail.com"]],
    )


class StateSettings(Section):
    dir: File = Field(
        default="state", validate_default=True, description="must be the path of the folder where mailbot remembers", examples=["state"]
    )


class TemplatesSettings(Section):
    dir: File | None = Field(
        default=None, description="must be the path of a folder with templates/<language>/<name>.j2", examples=["templates"]
    )


class RecruiterSettings(Section):
    name: Line = Field(description="must be the name that candidates read", examples=["Мария Иванова"])
    address: Mailbox = Field(description="must be the recruiter's own address", examples=["recruiter@example.org"])
    positions: Many[IdOrAll] = Field(
        default=("*",), min_length=1, description='must be a list of ids of positions, or ["*"]', examples=[["*"]]
    )
    signature: str = Field(
        default="", description="must be the text under what the recruiter writes", examples=["Мария Иванова, отдел персонала"]
    )


class QuestionSettings(Section):
    id: Id = Field(description="must be a short name of small Latin letters, digits and _", examples=["experience"])
    text: Line = Field(description="must be the question, on one line", examples=["Какой у вас опыт?"])
    required: bool = Field(default=True, description="must be true or false", examples=[True])


class AssignmentSettings(Section):
    text: str = Field(default="", description="must be the text of the test assignment", examples=["Задание во вложении."])
    file: FileToSend | None = Field(
        default=None, description="must be the path of the file to attach", examples=["templates/assignments/manager.pdf"]
    )


class PositionSettings(Section):
    id: Id = Field(description="must be a short name of small Latin letters, digits and _", examples=["manager"])
    title: Line = Field(description="must be the title of the position", examples=["Аккаунт-менеджер"])
    keywords: Many[Line] = Field(
        default=(), description="must be a list of words that name the position in a letter", examples=[["аккаунт-менеджер"]]
    )
    questions: Many[QuestionSettings] = Field(default=(), description="must be a list of questions", examples=[[]])
    assignment: AssignmentSettings = Field(
        default=AssignmentSettings(), description="must be a table with text and file", examples=[{"text": "…"}]
    )


class StageSettings(Section):
    id: Id = Field(description="must be a short name of small Latin letters, digits and _", examples=["test"])
    title: Line = Field(description="must be the title of the stage", examples=["Тестовое задание"])
    send: IdOrNone = Field(default="", description='must be the name of a template, or ""', examples=["test"])
    attach: Literal["assignment", ""] = Field(default="", description='must be "assignment" or ""', examples=["assignment"])
    waits_for: WaitsFor = Field(default="nobody", description='must be "candidate", "staff" or "nobody"', examples=["candidate"])
    advance: Literal["auto", "command"] = Field(default="command", description='must be "auto" or "command"', examples=["auto"])
    next: IdOrNone = Field(default="", description='must be the id of the stage after this one, or "" for an end', examples=["review"])
    optional: bool = Field(default=False, description="must be true or false", examples=[False])
    deadline_working_days: int | None = Field(
        default=None, ge=1, le=60, description="must be a number of working days, 1 to 60", examples=[5]
    )
    remind_after_working_days: Many[Count] = Field(default=(), description="must be a list of numbers of working days", examples=[[3]])
    on_silence: IdOrNone = Field(default="", description='must be the id of a stage, or "" to stay', examples=["silent"])


class SourceField(Section):
    label: str = Field(default="", description="must be the words before the value on its line", examples=["Имя"])
    pattern: Pattern = Field(default="", description="must be a regular expression", examples=["Имя: (.+)"])


class SourceSettings(Section):
    sender: Mailbox = Field(description="must be the address that the form or job board writes from", examples=["forms@example.org"])
    fields_: dict[Literal["name", "address", "phone", "position", "text"], SourceField] = Field(
        alias="fields", description="must be a table: name, address, phone, position, text", examples=[{"name": {"label": "Имя"}}]
    )


class ClamdSettings(Section):
    socket: File = Field(description="must be the path of clamd's socket", examples=["/run/clamav/clamd.ctl"])


class ReportSettings(Section):
    to: Mailbox = Field(description="must be the address that gets the weekly report", examples=["n@example.org"])
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        default="monday", description="must be a day of the week in English, in small letters", examples=["monday"]
    )


class ConfigFile(Section):
    """The whole of config.toml."""

    company: CompanySettings = Field(description="must be a table")
    addresses: AddressesSettings = Field(description="must be a table")
    imap: ImapSettings = Field(description="must be a table")
    escalation_mailbox: EscalationMailboxSettings | None = Field(default=None, description="must be a table")
    smtp: SmtpSettings = Field(description="must be a table")
    office: OfficeSettings = Field(description="must be a table")
    escalation: EscalationSettings = Field(default=EscalationSettings(), description="must be a table")
    relay: RelaySettings = Field(default=RelaySettings(), description="must be a table")
    limits: LimitsSettings = Field(default=LimitsSettings(), description="must be a table")
    state: StateSettings = Field(default_factory=dict, validate_default=True, description="must be a table")
    templates: TemplatesSettings = Field(default=TemplatesSettings(), description="must be a table")
    recruiters: Many[RecruiterSettings] = Field(default=(), description="must be tables [[recruiters]]")
    positions: Many[PositionSettings] = Field(min_length=1, description="must be tables [[positions]], one or more")
    stages: Many[StageSettings] = Field(min_length=1, description="must be tables [[stages]], one or more")
    sources: Many[SourceSettings] = Field(default=(), description="must be tables [[sources]]")
    clamd: ClamdSettings | None = Field(default=None, description="must be a table")
    report: ReportSettings | None = Field(default=None, description="must be a table")
