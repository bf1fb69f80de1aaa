"""What `mailbot check` looks at: everything that can be wrong before it goes wrong, each with what to do."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from mailbot import config
from mailbot.config import Settings
from mailbot.errors import ConfigProblem, Permanent, Problem, Temporary
from mailbot.hiring.model import Language
from mailbot.hiring.worktime import worktime
from mailbot.mail import samples
from mailbot.mail.compose import Envelope, Templates, write
from mailbot.mail.folders import Folder
from mailbot.mail.imap import Mailbox
from mailbot.mail.smtp import Submission
from mailbot.records.catalogue import Catalogue
from mailbot.records.key import open_key
from mailbot.tasks.accounts import way_in, way_out

#: Names that belong to nobody (RFC 2606, RFC 6761): they stand in examples.
_EXAMPLES = (".example.org", ".example.com", ".example.net", ".example", ".invalid")
#: A year that begins within so many days is looked at too: a deadline before a long holiday reaches it.
_AHEAD = timedelta(days=60)
#: How long a message to ourselves may take to arrive, and then to appear in the Sent folder.
_ARRIVES_WITHIN = 60.0
_FILED_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Findings:
    """What the servers were found to be like, in words, and what is wrong with them."""

    words: tuple[str, ...]
    problems: tuple[Problem, ...]


def offline(settings: Settings, environ: Mapping[str, str], now: datetime) -> tuple[Problem, ...]:
    """Given the settings, the environment and the present instant, return what is wrong or odd without asking any server."""
    return (
        *settings.warnings,
        *_examples(settings),
        *_secrets(settings, environ),
        *_templates(settings),
        *_calendar(settings, now),
        *_state(settings.state_dir),
        *_stages_in_use(settings),
    )


def calendar_in_words(settings: Settings, now: datetime) -> str:
    """Given the settings and the present instant, say until when the working calendar is official, and whether the coming year is."""
    calendar = worktime(settings.company.office)
    year = calendar.local(now).year
    until = calendar.official_until(year)
    coming = "covered" if calendar.is_official(year + 1) else "not known yet"
    country = settings.company.office.country
    return f"calendar {country}: official until {until or 'before this year'}; the coming year, {year + 1}, is {coming}"


def online(settings: Settings, environ: Mapping[str, str], *, send: bool) -> Findings:
    """Given the settings and the environment, log in to both servers and return what they can do, and what is wrong.

    Nothing is changed there, and nothing counts as a first start. With `send` one message goes to the job address itself.
    Raise ConfigProblem if a password is not to be had.
    """
    with closing(Mailbox(way_in(settings, environ))) as box, closing(Submission(way_out(settings, environ))) as submission:
        found = [_asked("imap", lambda: _mailbox(box, settings)), _asked("smtp", lambda: _submission(submission, settings))]
        if send and not any(problem.fatal for one in found for problem in one.problems):
            found.append(_asked("check --send", lambda: _trial(box, submission, settings)))
    return Findings(tuple(word for one in found for word in one.words), tuple(problem for one in found for problem in one.problems))


def _asked(place: str, look: Callable[[], Findings]) -> Findings:
    try:
        return look()
    except Temporary as error:
        return Findings(
            (), (Problem(place, str(error), "must answer", "Check the network and the server's name and port; or try again later."),)
        )
    except Permanent as error:
        return Findings((), (Problem(place, str(error), "must let mailbot in", "Correct what the server objects to."),))


def _mailbox(box: Mailbox, settings: Settings) -> Findings:
    box.connect()
    can = box.abilities()
    imap = settings.imap
    found = box.folders()
    words = [f"IMAP {imap.host}:{imap.port}: logged in"]
    words.append(
        "IDLE: yes, a letter is seen at once" if can.idle else f"IDLE: no, the mailbox is looked at every {imap.poll_seconds} seconds"
    )
    others = {
        "keywords": box.takes_keywords("INBOX"),
        "MOVE": can.move,
        "UIDPLUS": can.uidplus,
        "SPECIAL-USE": can.special_use,
        "CONDSTORE": can.condstore,
    }
    words.append(", ".join(f"{name}: {'yes' if there else 'no'}" for name, there in others.items()) + " (none of them is needed)")
    problems: list[Problem] = []
    names = [folder.name for folder in found]
    for name in imap.folders:
        if name.upper() == "INBOX" or name in names:
            words.append(f"folder {name}: {box.open(name).exists} messages")
        else:
            problems.append(_no_folder("imap.folders", name, names, fatal=True))
    for role, wanted in (("sent", imap.sent), ("junk", imap.junk), ("archive", imap.archive)):
        name = _folder(found, role, wanted)
        if name in names:
            words.append(f"{role} folder: {name}, {box.open(name).exists} messages")
        elif name or (role == "sent" and wanted):
            problems.append(_no_folder(f"imap.{role}", name, names, fatal=bool(name)))
    return Findings(tuple(words), tuple(problems))


def _folder(found: Iterable[Folder], role: str, wanted: str) -> str:
    """The name of the folder that a key of [imap] speaks of; "" if there is none to speak of."""
    return next((folder.name for folder in found if folder.role == role), "") if wanted == "auto" else wanted


def _no_folder(place: str, name: str, names: Iterable[str], *, fatal: bool) -> Problem:
    missing = name or "no folder with the mark or a usual name"
    return Problem(place, missing, "must be a folder of the mailbox", f"The mailbox has {', '.join(sorted(names))}.", fatal)


def _submission(submission: Submission, settings: Settings) -> Findings:
    extensions = submission.check()
    server = f"{settings.smtp.host}:{settings.smtp.port}"
    largest = next((word.removeprefix("SIZE").strip() for word in extensions if word.startswith("SIZE")), "")
    problems = []
    for position in settings.company.positions:
        # Base64 makes three bytes into four, with a line break after every 76 (RFC 2045 section 6.8).
        size = Path(position.assignment.file).stat().st_size * 1.37 if position.assignment.file else 0
        if largest.isdecimal() and 0 < int(largest) < size:
            place = f"positions[{position.id}].assignment.file"
            problems.append(
                Problem(place, f"{size:.0f} bytes in a message", f"must be less than {largest}, the server's limit", "Make it smaller.")
            )
    return Findings((f"SMTP {server}: logged in; {', '.join(extensions) or 'no extensions'}",), tuple(problems))


def _trial(box: Mailbox, submission: Submission, settings: Settings) -> Findings:
    """Send one message to the job address and see whether it arrives, and whether the server files it in Sent by itself."""
    job = settings.company.job
    # Of another form than what mailbot writes to people: the daemon must not take it for a sign of lost state (design section 5).
    message_id = f"<check.{secrets.token_hex(16)}@{job.rpartition('@')[2]}>"
    envelope = Envelope(
        sender_name=settings.company.name,
        sender=job,
        to=job,
        message_id=message_id,
        date=datetime.now(UTC),
        subject="mailbot check",
        auto_submitted="auto-generated",
        in_reply_to="",
        references=(),
        # By it a daemon knows the message for one of ours; where none ever ran, the state stays as it is.
        mark=open_key(settings.state_dir).mark("check") if (settings.state_dir / "key").exists() else "",
    )
    outcome = submission.send(write(envelope, "mailbot check --send\n"), job, job, lambda: None)
    if outcome.state != "sent":
        said = f"{outcome.code or 'no reply'} {outcome.text}".strip()
        return Findings(
            (), (Problem("check --send", said, "must take a message from the job address", "Correct what the server objects to."),)
        )
    begun = time.monotonic()
    if not _appears(box, "INBOX", message_id, _ARRIVES_WITHIN):
        advice = f"Look into the junk folder and at the way of mail to {job}."
        return Findings((), (Problem("check --send", f"nothing in INBOX after {_ARRIVES_WITHIN:.0f} seconds", "must arrive", advice),))
    words = [f"a message to {job} arrived after {time.monotonic() - begun:.1f} seconds"]
    sent = _folder(box.folders(), "sent", settings.imap.sent)
    if not sent:
        return Findings(tuple(words), ())
    files = _appears(box, sent, message_id, _FILED_WITHIN)
    words.append(f"the server {'files' if files else 'does not file'} what it sends in {sent}")
    if settings.smtp.files_sent in ("auto", files):
        return Findings(tuple(words), ())
    wrong = Problem(
        "smtp.files_sent", str(settings.smtp.files_sent).lower(), f"must be {str(files).lower()}", 'Write that, or "auto".', fatal=False
    )
    return Findings(tuple(words), (wrong,))


def _appears(box: Mailbox, folder: str, message_id: str, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not box.find(folder, message_id):
        left = end - time.monotonic()
        if left <= 0:
            return False
        box.wait(min(left, 2), lambda: False)
    return True


def _examples(settings: Settings) -> Iterator[Problem]:
    company = settings.company
    values = {"imap.host": settings.imap.host, "smtp.host": settings.smtp.host, "addresses.job": company.job}
    values |= {f"recruiters[{recruiter.name}].address": recruiter.address for recruiter in company.recruiters}
    for place, value in values.items():
        if f".{value.rpartition('@')[2]}".endswith(_EXAMPLES):
            yield Problem(place, value, "is still an example", "Write your own.", fatal=False)


def _secrets(settings: Settings, environ: Mapping[str, str]) -> Iterator[Problem]:
    for server in (settings.imap, settings.smtp):
        try:
            config.secret(server, environ)
            config.client_secret(server, environ)
        except ConfigProblem as error:
            yield from error.problems


def _templates(settings: Settings) -> Iterator[Problem]:
    templates = Templates(settings.templates_dir)
    languages: tuple[Language, ...] = get_args(Language)
    sent = {stage.send: stage for stage in settings.company.stages if stage.send}
    found = templates.problems(languages, sent)
    yield from found
    for name, stage in sent.items():
        for language in () if found else languages:
            try:
                # What every stage gives its template; one that is made for something else asks for more.
                templates.render(language, name, samples.full("", language))
            except ConfigProblem as error:
                yield Problem(
                    f"stages[{stage.id}].send", f'"{name}"', "must be a template that a stage can fill in", error.problems[0].advice
                )


def _calendar(settings: Settings, now: datetime) -> Iterator[Problem]:
    calendar = worktime(settings.company.office)
    today = calendar.local(now).date()
    for year in sorted({today.year, (today + _AHEAD).year}):
        if not calendar.is_official(year):
            yield Problem(
                "office.country",
                f"{settings.company.office.country} {year}",
                "is a calendar not known to be official",
                "Update the package holidays; until then correct it by extra_days_off and extra_working_days.",
                fatal=False,
            )


def _stages_in_use(settings: Settings) -> Iterator[Problem]:
    """A stage that an application stands at can not be taken away: nobody could say what comes next."""
    known = {here.id for here in settings.company.stages}
    with suppress(Temporary, PermissionError):
        rows = Catalogue(settings.state_dir / "catalogue.jsonl").rows()
        for missing in sorted({row.stage for row in rows} - known):
            yield Problem(
                "stages",
                missing,
                "must keep every stage that an application stands at",
                f"Keep it until each of them was moved: mailbot list --stage {missing}, mailbot move REF STAGE.",
            )


def _state(folder: Path) -> Iterator[Problem]:
    """Who may look into the state. A folder that was never used is made private by its first use."""
    if not folder.exists():
        near = next(parent for parent in folder.parents if parent.exists())
        if not os.access(near, os.W_OK | os.X_OK):
            yield Problem(
                "state.dir", str(folder), "must be a folder that mailbot can make", f"Let it write in {near}, or name another place."
            )
        return
    if not folder.is_dir():
        yield Problem("state.dir", str(folder), "must be a folder", "Name another place.")
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Problem(
            "state.dir", str(folder), "must be a folder that mailbot can read and write", "Make the user that it runs as its owner."
        )
        return
    if not (folder / "key").exists():
        return
    for path in (folder, *sorted(folder.iterdir())):
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & 0o077 and path.name != ".gitkeep":
            advice = f"chmod go-rwx {path}"
            yield Problem("state.dir", f"{path}, mode {mode:04o}", "must be private: it holds candidates' letters", advice)
