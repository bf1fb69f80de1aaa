"""Reads config.toml into the settings of the daemon, or says everything that is wrong with it at once."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mailbot.config import coherence, refusals
from mailbot.config.credentials import client_secret, secret
from mailbot.config.settings import (
    ClamdSettings,
    ConfigFile,
    EscalationMailboxSettings,
    ImapSettings,
    PositionSettings,
    ReportSettings,
    Server,
    SmtpSettings,
    SourceSettings,
)
from mailbot.config.values import Folders
from mailbot.errors import ConfigProblem, Problem
from mailbot.hiring.company import Assignment, Company, Limits, Office, Position, Question, Recruiter
from mailbot.hiring.stages import Stage

__all__ = ["Server", "Settings", "client_secret", "load", "secret"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What config.toml says, checked; every path in it is absolute."""

    company: Company
    imap: ImapSettings
    escalation_mailbox: EscalationMailboxSettings | None
    smtp: SmtpSettings
    state_dir: Path
    templates_dir: Path
    sources: tuple[SourceSettings, ...]
    clamd: ClamdSettings | None
    report: ReportSettings | None
    #: The file that all this was read from.
    path: Path
    #: What is odd but stops nothing.
    warnings: tuple[Problem, ...] = ()


def load(path: Path, environ: Mapping[str, str], *, installed: Path) -> Settings:
    """Given config.toml, the environment and the folder of the installed templates, return the settings.

    Under systemd $STATE_DIRECTORY takes the place of `[state] dir`. Raise ConfigProblem with every problem of the file.
    """
    path = path.absolute()
    found = list(_mode(path))
    content = _read(path)
    file, valid, wrong = _parse(content, Folders(path.parent, installed.absolute().parent))
    found.extend(wrong)
    templates = file.templates.dir if "templates" in valid and file.templates.dir else installed
    found.extend(coherence.problems(file, valid, templates))
    if any(problem.fatal for problem in found):
        raise ConfigProblem(tuple(found))
    state = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Settings(
        company=_company(file),
        imap=file.imap,
        escalation_mailbox=file.escalation_mailbox,
        smtp=file.smtp,
        state_dir=Path(state) if state else file.state.dir,
        templates_dir=templates.absolute(),
        sources=file.sources,
        clamd=file.clamd,
        report=file.report,
        path=path,
        warnings=tuple(found),
    )


def _problem(place: str, seen: str, expected: str, advice: str) -> ConfigProblem:
    return ConfigProblem((Problem(place, seen, expected, advice),))


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "can not be read") if isinstance(error, OSError) else "is not UTF-8"


def _mode(path: Path) -> Iterator[Problem]:
    """Who may write config.toml decides where candidates' letters go, so that is its owner alone."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _problem(str(path), _reason(error), "must be a configuration file", "Name it with --config FILE.") from None
    if mode & 0o022:
        yield Problem(path.name, f"mode {stat.S_IMODE(mode):04o}", "must be writable by its owner alone", f"chmod go-w {path}")


def _read(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows put a byte order mark first, which TOML does not allow.
        return tomllib.loads(path.read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise _problem(
            path.name, str(error), "must be TOML", "Correct that line: text stands in quotes, a table's name in brackets."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _problem(
            str(path), _reason(error), "must be a text file in UTF-8 that can be read", "Correct its owner or save it as UTF-8."
        ) from None


def _parse(content: dict[str, Any], folders: Folders) -> tuple[ConfigFile, frozenset[str], list[Problem]]:
    """The tables of the file, the names of the valid ones, and the problems of the others, which are left out."""
    names = frozenset(ConfigFile.model_fields)
    try:
        return ConfigFile.model_validate(content, context=folders), names, []
    except ValidationError as error:
        errors = error.errors()
    valid = names - {str(error["loc"][0]) for error in errors}
    tables = {
        name: TypeAdapter(ConfigFile.model_fields[name].rebuild_annotation()).validate_python(content[name], context=folders)
        for name in valid
        if name in content
    }
    # Fills in the defaults of what is valid; what is not valid stays out and is not looked at.
    return ConfigFile.model_construct(**tables), valid, refusals.explained(errors, content)


def _company(file: ConfigFile) -> Company:
    return Company(
        **file.company.model_dump(),
        **file.addresses.model_dump(),
        **file.escalation.model_dump(),
        office=Office(**file.office.model_dump()),
        positions=tuple(map(_position, file.positions)),
        recruiters=tuple(Recruiter(**recruiter.model_dump()) for recruiter in file.recruiters),
        stages=tuple(Stage(**stage.model_dump()) for stage in file.stages),
        limits=Limits(**file.limits.model_dump()),
        relay_delay_minutes=file.relay.delay_minutes,
    )


def _position(settings: PositionSettings) -> Position:
    assignment = settings.assignment
    return Position(
        id=settings.id,
        title=settings.title,
        # A letter that gives the title names the position, so nobody needs to write it twice.
        keywords=tuple(dict.fromkeys((settings.title, *settings.keywords))),
        questions=tuple(Question(**question.model_dump()) for question in settings.questions),
        assignment=Assignment(text=assignment.text, file=str(assignment.file or "")),
    )
