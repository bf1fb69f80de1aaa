"""What each verb does, between the command line and the rooms of the house."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import orjson

from mailbot import config, daemon
from mailbot.config import Settings
from mailbot.errors import BadMessage, ConfigProblem, Permanent, Problem, Temporary
from mailbot.hiring.worktime import worktime
from mailbot.installed import share
from mailbot.mail import samples
from mailbot.mail.compose import Templates
from mailbot.records import schema
from mailbot.records.catalogue import Catalogue
from mailbot.records.files import Lock, holder
from mailbot.records.outbox import Outbox
from mailbot.records.requests import Requests
from mailbot.records.store import Store
from mailbot.service import adoption, health, logs, owner, views
from mailbot.service import check as checks
from mailbot.service import explain as explaining
from mailbot.service.pages import as_json, page, table
from mailbot.tasks.adopt import Wish
from mailbot.tasks.breaker import open_because
from mailbot.tasks.desk import open_desk
from mailbot.tasks.jumps import held_clock
from mailbot.tasks.modes import safe_mode
from mailbot.tasks.orders import carry_out_order
from mailbot.tasks.recover import recover

Options = argparse.Namespace
#: How long a verb waits for the daemon's answer.
_PATIENCE = 30
#: Where the configuration is looked for.
CONFIG = ("config.toml", "/etc/mailbot/config.toml")


def run(options: Options) -> int:
    logs.start(sys.stderr, os.environ)
    owner.become_owner(settings_of(options).state_dir)
    daemon.run(lambda: _ready(options), os.environ)
    return 0


def once(options: Options) -> int:
    logs.start(sys.stderr, os.environ)
    owner.become_owner(settings_of(options).state_dir)
    daemon.once(_ready(options), os.environ)
    return 0


def check(options: Options) -> int:
    try:
        settings = settings_of(options)
    except ConfigProblem as problem:
        return _checked(problem.problems, (), for_programs=options.json)
    owner.become_owner(settings.state_dir)
    found = checks.offline(settings, os.environ, datetime.now(UTC))
    said: tuple[str, ...] = (checks.calendar_in_words(settings, datetime.now(UTC)),)
    try:
        said = (*said, schema.said(settings.state_dir))
    except (Permanent, Temporary) as refused:
        found = (*found, Problem("state.dir", "", str(refused), ""))
    if not options.offline and not any(problem.fatal for problem in found):
        online = checks.online(settings, os.environ, send=options.send)
        found, said = (*found, *online.problems), (*said, *online.words)
    return _checked(found, said, for_programs=options.json)


def status(options: Options) -> int:
    settings = settings_of(options)
    owner.become_owner(settings.state_dir)
    answer: dict[str, object]
    if holder(settings.state_dir) is not None:
        asked = _ask(Requests(settings.state_dir / "requests"), "status", {})
        answer = orjson.loads(asked)
        safe, clock, opened = (str(answer.pop(name, "")) for name in ("safe", "clock", "opened"))
    else:
        desk = open_desk(settings, daemon.system_clock, writer=False)
        answer, safe, clock, opened = health.health(desk, None), safe_mode(desk), held_clock(desk), open_because(desk)
    print(as_json(answer) if options.json else f"{health.in_words(answer, safe, clock, opened)}\n{schema.said(settings.state_dir)}")
    return 0 if answer["state"] == "ok" else 1


def list_applications(options: Options) -> int:
    settings = settings_of(options)
    owner.become_owner(settings.state_dir)
    calendar = worktime(settings.company.office)
    rows = [
        row
        for row in Catalogue(settings.state_dir / "catalogue.jsonl").rows()
        if (not options.stage or row.stage == options.stage) and (not options.waiting or row.waits_for == "staff")
    ]
    columns = ("reference", "position", "stage", "waits_for", "due", "name")
    found = [views.row_view(row, calendar) for row in rows]
    print(as_json(found) if options.json else table(columns, [tuple(view[column] or "" for column in columns) for view in found]))
    return 0


def show(options: Options) -> int:
    settings = settings_of(options)
    owner.become_owner(settings.state_dir)
    calendar = worktime(settings.company.office)
    store = Store(settings.state_dir)
    reference = options.reference.upper()
    row = Catalogue(settings.state_dir / "catalogue.jsonl").get(reference)
    if row is None or row.stamp is None:
        # A damaged record is not listed, but it is said in words what is wrong with it.
        if re.fullmatch(r"A-\w{5}", reference):
            store.load(reference)
        raise Permanent(f"{options.reference}: there is no such application; see mailbot list")
    case = store.load(reference)
    mine = [entry for entry in Outbox(settings.state_dir / "outbox.jsonl", writer=False).entries() if entry.reference == reference]
    to = {intent.id: intent.to for intent in case.intents}
    entries = [views.entry_view(entry, to.get(entry.id, ""), calendar) for entry in mine]
    view = views.case_view(row, case, entries, str(settings.state_dir / row.stamp.path), calendar)
    print(as_json(view) if options.json else page(view))
    return 0


def explain(options: Options) -> int:
    settings = settings_of(options)
    zone = worktime(settings.company.office).zone
    at = options.at.replace(tzinfo=zone) if options.at and options.at.tzinfo is None else options.at
    failed = False
    known = not options.no_state and (settings.state_dir / "key").exists()
    # Before root becomes the owner of the state, who may not read what root was given.
    letters: list[tuple[Path, bytes]] = []
    for path in options.files:
        try:
            letters.append((path, path.read_bytes()))
        except OSError as problem:
            print(f"{path}: {problem.strerror}", file=sys.stderr)
            failed = True
    if known:
        owner.become_owner(settings.state_dir)
    with tempfile.TemporaryDirectory(prefix="mailbot-") as empty:
        desk = open_desk(settings if known else replace(settings, state_dir=Path(empty)), daemon.system_clock, writer=False)
        for path, raw in letters:
            try:
                answer = explaining.explain(desk, str(path), raw, at)
            except BadMessage as problem:
                print(f"{path}: {problem}", file=sys.stderr)
                failed = True
                continue
            print(as_json(answer, pretty=False) if options.json else explaining.in_words(answer))
        desk.close()
    return 1 if failed else 0


def adopt(options: Options) -> int:
    settings = _ready(options)
    owner.become_owner(settings.state_dir)
    since = datetime.combine(options.since, time.min, worktime(settings.company.office).zone)
    wish = Wish(since, options.answer, tuple(options.folder))
    if holder(settings.state_dir) is not None:
        print(adoption.ask(Requests(settings.state_dir / "requests"), wish))
        return 0
    with adoption.shown() as show:
        said: list[str] = []
        daemon.once(settings, os.environ, besides=lambda watch: said.append(watch.adopt(wish, show)))
    print(*said)
    return 0


def move(options: Options) -> int:
    return order(options, "move", {"reference": options.reference.upper(), "stage": options.stage})


def resume(options: Options) -> int:
    return order(options, "resume", {})


def preview(options: Options) -> int:
    settings = settings_of(options)
    language = options.language or settings.company.language
    calendar = worktime(settings.company.office)
    templates = Templates(settings.templates_dir, calendar.zone)
    if options.template not in templates.names(language):
        raise Permanent(f"{options.template}: there is no such template; there are {', '.join(templates.names(language))}")
    rendered = templates.render(language, options.template, samples.full(options.template, language))
    print(f"{rendered.subject}\n\n{rendered.text}")
    return 0


def demo(options: Options) -> int:
    # Its servers are needed by this verb alone.
    from mailbot.service.demo import demo as show_all  # noqa: PLC0415

    return show_all(keep=options.keep, fast=options.fast)


def settings_of(options: Options) -> Settings:
    """The settings of the file that the options name, or of the first that is there. Raise ConfigProblem."""
    path = options.config or next((path for path in map(Path, CONFIG) if path.exists()), Path(CONFIG[0]))
    return config.load(path, os.environ, installed=share() / "templates")


def _ready(options: Options) -> Settings:
    """The settings, once nothing is wrong with what they speak of. Raise ConfigProblem with all that is."""
    settings = settings_of(options)
    fatal = tuple(problem for problem in checks.offline(settings, os.environ, datetime.now(UTC)) if problem.fatal)
    if fatal:
        raise ConfigProblem(fatal)
    return settings


def order(options: Options, verb: str, arguments: Mapping[str, str]) -> int:
    """Given the options, a verb and its arguments, do it with the lock in hand, or have the running daemon do it; return 0."""
    settings = settings_of(options)
    owner.become_owner(settings.state_dir)
    if holder(settings.state_dir) is not None:
        print(_ask(Requests(settings.state_dir / "requests"), verb, arguments))
        return 0
    with Lock(settings.state_dir):
        desk = open_desk(settings, daemon.system_clock)
        recover(desk)
        print(carry_out_order(desk, verb, arguments, secrets.token_hex(8)))
        desk.close()
    return 0


def _ask(requests: Requests, verb: str, arguments: Mapping[str, str]) -> str:
    left = requests.leave(verb, arguments)
    answer = requests.await_answer(left, _PATIENCE)
    if answer is None:
        taken_back = requests.withdraw(left)
        end = "nothing was done" if taken_back else "it may still be done; see mailbot status"
        raise Temporary(f"the daemon has not answered within {_PATIENCE} seconds: {end}")
    if not answer.ok:
        raise Permanent(answer.text)
    return answer.text


def _checked(problems: Sequence[Problem], said: Sequence[str], *, for_programs: bool) -> int:
    ok = not any(problem.fatal for problem in problems)
    if for_programs:
        fields = ("place", "seen", "expected", "advice", "fatal")
        print(as_json({"ok": ok, "problems": [{field: getattr(problem, field) for field in fields} for problem in problems]}))
    else:
        for line in said:
            print(line)
        for problem in problems:
            print(f"{'' if problem.fatal else 'warning: '}{problem}")
        print("everything is in order" if not problems else "mailbot can run" if ok else "mailbot can not run like this")
    return 0 if ok else 2


def usage(text: str) -> int:
    """Say what is wrong with the command line; return the exit status."""
    print(f"mailbot: {text}", file=sys.stderr)
    return 2
