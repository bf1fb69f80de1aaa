"""Reads config.toml into the settings of the daemon, or says everything that is wrong with it at once."""

from __future__ import annotations

import json
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import reduce
from pathlib import Path
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from mailbot import coherence
from mailbot.errors import ConfigProblem, Problem
from mailbot.hiring.company import Assignment, Company, Limits, Office, Position, Question, Recruiter
from mailbot.hiring.stages import Stage
from mailbot.settings import (
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
from mailbot.values import Folders, nearest

#: Keys by which people put a secret into the file; their value is never repeated.
SECRETS = frozenset(("password", "passwd", "pass", "secret", "token", "refresh_token", "client_secret", "api_key"))


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


def secret(server: Server, environ: Mapping[str, str]) -> str:
    """Given a server of the settings and the environment, return its password, "" where nobody logs in.

    It is that of the variable or the private file that config.toml names, else that of the systemd credential (systemd.exec(5),
    LoadCredential). Raise ConfigProblem where there is none.
    """
    if not server.username:
        return ""
    if server.password_env and environ.get(server.password_env):
        return environ[server.password_env]
    if server.password_file:
        return _password(server.password_file, f"{server.place}.password_file", private=True)
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", ""), server.credential)
    # Credentials need no look at their mode: systemd shows them to the service alone.
    if credential.is_absolute() and credential.exists():
        return _password(credential, f"credential {server.credential}", private=False)
    if server.password_env:
        raise _problem(
            f"{server.place}.password_env",
            f"{server.password_env} is not set",
            "must name a variable that holds the password",
            f"Set it, or give the systemd credential {server.credential}.",
        )
    raise _problem(
        server.place,
        "no password",
        "must name where the password is",
        f"Set password_env or password_file, or give the systemd credential {server.credential}.",
    )


def _password(path: Path, place: str, *, private: bool) -> str:
    try:
        mode = path.stat().st_mode
        password = path.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _problem(
            place, f"{path}: {_reason(error)}", "must be a file that can be read", "Correct the path or the owner of the file."
        ) from None
    if private and mode & 0o077:
        raise _problem(place, f"mode {stat.S_IMODE(mode):04o}", "must be readable by its owner alone", f"chmod 600 {path}")
    if not password:
        raise _problem(place, "an empty file", "must hold the password", f"Write it to {path}.")
    return password


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
    told = [_explained(error, content) for error in errors if not _follows(error, errors)]
    return ConfigFile.model_construct(**tables), valid, told


def _follows(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """True where an array is called too short only because a table in it is wrong."""
    return error["type"] == "too_short" and any(
        other is not error and other["loc"][: len(error["loc"])] == error["loc"] for other in errors
    )


def _explained(error: ErrorDetails, content: dict[str, Any]) -> Problem:
    place, field, parent = _located(error["loc"], content)
    key = next(part for part in reversed(error["loc"]) if isinstance(part, str) and part != "[key]")
    if error["type"] == "extra_forbidden":
        if key in SECRETS:
            advice = "Use password_env, password_file or a systemd credential, and change the password."
            return Problem(place, "a secret", "must not stand in the file", advice)
        keys = [info.alias or name for name, info in parent.model_fields.items()]
        return Problem(place, key, "is not a key that mailbot knows", nearest(key, keys, f"The keys here are {', '.join(keys)}."))
    expected = (field.description if field else None) or "must be a table"
    advice = (
        f"For example: {key} = {toml(field.examples[0])}"
        if field and field.examples
        else "The config.toml that comes with mailbot shows it."
    )
    if error["type"] == "missing":
        return Problem(place, "nothing", expected, f"Add it. {advice}")
    seen = error["input"]
    if error["type"] == "advice":
        advice = error["msg"]
    elif error["type"] == "literal_error" and isinstance(seen, str) and field:
        advice = nearest(seen, (choice for choice in _choices(field.annotation) if isinstance(choice, str)), advice)
    # What stands in a table is not shown: it may be a secret.
    shown = "a table" if isinstance(seen, dict) else "a secret" if key in SECRETS else toml(seen)
    return Problem(place, shown, expected, advice)


def _located(loc: tuple[int | str, ...], content: dict[str, Any]) -> tuple[str, FieldInfo | None, type[BaseModel]]:
    """A place of pydantic's: in words, `positions[manager].questions[experience].text`; its key's field; the table that the key is in.

    Tables of an array are named by their id or name, else counted from one, as the values of an array are.
    """
    place = ""
    field: FieldInfo | None = None
    table: type[BaseModel] = ConfigFile
    named: FieldInfo | None = None
    value: Any = content
    for part in loc:
        if isinstance(part, int):
            value = value[part]
            name = (value.get("id") or value.get("name")) if isinstance(value, dict) else None
            place += f"[{name if name and isinstance(name, str) else part + 1}]"
        elif part != "[key]":
            value = value.get(part) if isinstance(value, dict) else None
            place += f".{part}" if place else part
            if field and get_origin(field.annotation) is dict and field is not named:
                # The keys of such a table are names; the keys of the house come beneath.
                named = field
                continue
            table = (model_of(field.annotation) if field else None) or table
            field = next((info for name, info in table.model_fields.items() if part in (name, info.alias)), None)
    return place, field, table


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Given the annotation of a key, return the table that it holds, or None if it holds a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(model_of, get_args(annotation)) if found), None)


def _choices(annotation: Any) -> tuple[Any, ...]:
    return reduce(lambda found, arg: found + (_choices(arg) or (arg,)), get_args(annotation), cast("tuple[Any, ...]", ()))


def toml(value: Any) -> str:
    """A value as config.toml has it; long ones are cut."""
    if isinstance(value, dict):
        text = "{ " + ", ".join(f"{key} = {toml(part)}" for key, part in value.items()) + " }"
    elif isinstance(value, list):
        text = "[" + ", ".join("a table" if isinstance(part, dict) else toml(part) for part in value) + "]"
    elif isinstance(value, date | time):
        text = value.isoformat()
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"


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
