"""Do the tables of config.toml fit together: what no single key can get wrong alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from mailbot.config import procedure
from mailbot.config.settings import ConfigFile, Server
from mailbot.config.values import is_file, nearest
from mailbot.errors import Problem


def problems(file: ConfigFile, valid: Collection[str], templates: Path) -> Iterator[Problem]:
    """Given the tables, the names of those that are valid by themselves, and the folder of templates, yield what does not fit.

    A check runs when every table that it looks at is valid, so one wrong key does not hide what is wrong elsewhere.
    """
    for tables, check in CHECKS:
        if all(table in valid for table in tables):
            yield from check(file)
    if "stages" in valid:
        yield from procedure.missing_templates(file.stages, templates)


def _server(server: Server) -> Iterator[Problem]:
    place = server.place
    if server.security == "none" and not server.is_local:
        yield Problem(
            f"{place}.security",
            f'"none" for {server.host}',
            'must be "tls" or "starttls": without encryption only this very machine is spoken to',
            f'For example: security = "{"starttls" if server.port in (25, 143, 587) else "tls"}"',
        )
    if server.security == "tls" and server.port in (143, 587):
        advice = 'Write security = "starttls", or the port of TLS.'
        yield Problem(f"{place}.port", str(server.port), "is usually the port of STARTTLS", advice, fatal=False)
    named = [key for key in ("password_env", "password_file", "oauth") if getattr(server, key)]
    if len(named) > 1:
        advice = f"Keep {named[0]} or {named[1]}, not both." if len(named) == 2 else "Keep one of them."
        yield Problem(place, " and ".join(named), "must name one place for the secret", advice)
    if server.oauth and not server.username:
        advice = "Write the address of the mailbox that the token is for."
        yield Problem(f"{place}.username", '""', "must be the name to log in with: a token alone names nobody", advice)
    if server.ca_file and not is_file(server.ca_file):
        yield _missing_file(f"{place}.ca_file", server.ca_file)


def _addresses(file: ConfigFile) -> Iterator[Problem]:
    addresses = file.addresses
    for address, count in Counter((addresses.job, addresses.escalation, *addresses.aliases)).items():
        if count > 1:
            yield Problem(
                "addresses", address, "must name each address once, among job, escalation and aliases", "Remove it from one of them."
            )


def _recruiters(file: ConfigFile) -> Iterator[Problem]:
    own = (file.addresses.job, *file.addresses.aliases)
    for recruiter in file.recruiters:
        if recruiter.address in own:
            yield Problem(
                f"recruiters[{recruiter.name}].address",
                recruiter.address,
                "must be the recruiter's own address: notices to the job mailbox would come back to mailbot",
                "Write the personal address.",
            )
    yield from _twice("recruiters", "address", [recruiter.address for recruiter in file.recruiters])


def _recruiters_of_positions(file: ConfigFile) -> Iterator[Problem]:
    ids = [position.id for position in file.positions]
    for recruiter in file.recruiters:
        for wanted in recruiter.positions:
            if wanted != "*" and wanted not in ids:
                yield Problem(
                    f"recruiters[{recruiter.name}].positions",
                    f'"{wanted}"',
                    "must hold ids of positions of this file",
                    nearest(wanted, ids, f'The ids are {", ".join(ids)}, and "*" for all.'),
                )
    for position in ids:
        if not any("*" in recruiter.positions or position in recruiter.positions for recruiter in file.recruiters):
            yield Problem(
                f"positions[{position}]",
                "no recruiter",
                "has nobody in [[recruiters]]",
                "The address of escalation gets its notices.",
                fatal=False,
            )


def _office(file: ConfigFile) -> Iterator[Problem]:
    office = file.office
    if office.opens >= office.closes:
        yield Problem(
            "office.closes", f"{office.closes:%H:%M}", f"must be later than opens, {office.opens:%H:%M}", "Swap the two, or correct one."
        )
    for day in sorted(set(office.extra_days_off) & set(office.extra_working_days)):
        yield Problem(
            "office.extra_working_days", day.isoformat(), "must not hold a day of extra_days_off", "Remove it from one of the two."
        )


def _witness(file: ConfigFile) -> Iterator[Problem]:
    """A copy proves something only where mailbot finds it, and holds what candidates are written."""
    local, _, domain = file.smtp.witness.rpartition("@")
    own = (file.addresses.job, *file.addresses.aliases)
    if file.smtp.witness and file.smtp.witness not in own and f"{local.partition('+')[0]}@{domain}" not in own:
        yield Problem(
            "smtp.witness",
            file.smtp.witness,
            "must be an address of the mailbox that [imap] reads: job, with a tag after a plus, or one of aliases",
            f'Write "{file.addresses.job.replace("@", "+outbox@")}", or "" for no copies.',
        )


def _numbers(file: ConfigFile) -> Iterator[Problem]:
    if file.escalation.hint_after_working_days > file.escalation.reply_within_working_days:
        yield Problem(
            "escalation.hint_after_working_days",
            str(file.escalation.hint_after_working_days),
            f"must not be later than reply_within_working_days, {file.escalation.reply_within_working_days}",
            "The hint comes before the escalation.",
        )
    if file.limits.attachment_bytes > file.limits.message_bytes:
        yield Problem(
            "limits.attachment_bytes",
            str(file.limits.attachment_bytes),
            f"must not be more than message_bytes, {file.limits.message_bytes}",
            "An attachment is a part of its message.",
        )


def _positions(file: ConfigFile) -> Iterator[Problem]:
    yield from _twice("positions", "id", [position.id for position in file.positions])
    yield from _twice(
        "positions", "keywords", [word.casefold() for position in file.positions for word in {*position.keywords, position.title}]
    )
    for position in file.positions:
        yield from _twice(f"positions[{position.id}].questions", "id", [question.id for question in position.questions])
        if position.assignment.file and not is_file(position.assignment.file):
            yield _missing_file(f"positions[{position.id}].assignment.file", position.assignment.file)


def _assignments(file: ConfigFile) -> Iterator[Problem]:
    for stage in file.stages:
        for position in file.positions if stage.attach else ():
            if not position.assignment.text and not position.assignment.file:
                yield Problem(
                    f"positions[{position.id}].assignment",
                    "nothing",
                    f'must be there: the stage "{stage.id}" sends it',
                    "Add a text, a file, or both.",
                )


def _not_in_this_version(file: ConfigFile) -> Iterator[Problem]:
    asked = {
        "escalation_mailbox": file.escalation_mailbox,
        "sources": file.sources,
        "clamd": file.clamd,
        "report": file.report,
    }
    for place, value in asked.items():
        if value:
            yield Problem(
                place, "set", "is understood but not acted on in this version", "Leave it out until a version acts on it.", fatal=False
            )


def _missing_file(place: str, path: Path) -> Problem:
    return Problem(
        place,
        str(path),
        "must be a file that mailbot can find",
        "Correct the path; a relative one counts from the folder of the configuration file.",
    )


def _twice(place: str, key: str, values: list[str]) -> Iterator[Problem]:
    for value, count in Counter(values).items():
        if count > 1:
            yield Problem(f"{place}.{key}", f'"{value}", {count} times', "must be different in each table", "Change one of them.")


#: Which tables a check looks at, and the check.
CHECKS: tuple[tuple[tuple[str, ...], Callable[[ConfigFile], Iterator[Problem]]], ...] = (
    (("imap",), lambda file: _server(file.imap)),
    (("smtp",), lambda file: _server(file.smtp)),
    (("escalation_mailbox",), lambda file: _server(file.escalation_mailbox) if file.escalation_mailbox else iter(())),
    (("addresses",), _addresses),
    (("addresses", "recruiters"), _recruiters),
    (("recruiters", "positions"), _recruiters_of_positions),
    (("office",), _office),
    (("escalation", "limits"), _numbers),
    (("positions",), _positions),
    (("positions", "stages"), _assignments),
    (("stages",), lambda file: _twice("stages", "id", [stage.id for stage in file.stages])),
    (("stages",), lambda file: procedure.problems(file.stages)),
    (("addresses", "smtp"), _witness),
    (("imap", "smtp", "escalation_mailbox", "sources", "clamd", "report"), _not_in_this_version),
)
