"""The verbs for what waits for somebody who runs mailbot: quarantine, outbox and breaker."""

from __future__ import annotations

import sys

from mailbot.daemon import system_clock
from mailbot.errors import Permanent
from mailbot.hiring.worktime import worktime
from mailbot.records.ledger import Ledger
from mailbot.records.outbox import Outbox
from mailbot.records.quarantine import Quarantine
from mailbot.records.store import Store
from mailbot.service import owner, views
from mailbot.service.pages import as_json, table
from mailbot.tasks.breaker import breaker as remembered_breaker
from mailbot.verbs import Options, order, settings_of, usage


def quarantine(options: Options) -> int:
    settings = settings_of(options)
    owner.become_owner(settings.state_dir)
    kept = Quarantine(settings.state_dir / "quarantine")
    if options.what == "list":
        calendar = worktime(settings.company.office)
        found = [views.quarantined_view(entry, calendar) for entry in kept.entries()]
        if options.json:
            print(as_json(found))
        else:
            lines = [(view["id"], view["at"], view["attempts"], view["size"], view["reason"]) for view in found]
            print(table(("id", "at", "attempts", "bytes", "reason"), lines))
        return 0
    if not options.id:
        return usage(f"quarantine {options.what} needs an ID; see mailbot quarantine list")
    if options.what == "retry":
        return order(options, "quarantine retry", {"id": options.id})
    sys.stdout.buffer.write(kept.read(options.id))
    return 0


def outbox(options: Options) -> int:
    if options.what in ("resend", "drop"):
        if not options.id:
            return usage(f"outbox {options.what} needs an ID; see mailbot outbox list")
        return order(options, f"outbox {options.what}", {"id": options.id})
    settings = settings_of(options)
    owner.become_owner(settings.state_dir)
    calendar = worktime(settings.company.office)
    store = Store(settings.state_dir)
    entries = Outbox(settings.state_dir / "outbox.jsonl", writer=False).entries()
    if options.what == "show":
        entry = next((entry for entry in entries if entry.id == options.id), None)
        if entry is None:
            raise Permanent(f"{options.id}: there is no such message in the outbox; see mailbot outbox list")
        intent = next(intent for intent in store.load(entry.reference).intents if intent.id == entry.id)
        sys.stdout.buffer.write(store.read(entry.reference, intent.path))
        return 0
    addresses = {
        (reference, intent.id): intent.to
        for reference in {entry.reference for entry in entries}
        for intent in store.load(reference).intents
    }
    found = [views.entry_view(entry, addresses.get((entry.reference, entry.id), ""), calendar) for entry in entries]
    if options.json:
        print(as_json(found))
    else:
        columns = ("id", "reference", "purpose", "to", "state", "attempts", "reason")
        print(table(columns, [tuple(view[column] for column in columns) for view in found]))
    return 0


def breaker(options: Options) -> int:
    if options.what == "close":
        return order(options, "breaker close", {})
    settings = settings_of(options)
    owner.become_owner(settings.state_dir)
    found = remembered_breaker(Ledger(settings.state_dir / "ledger.jsonl"))
    calendar = worktime(settings.company.office)
    print(f"the breaker is {'open' if found.open else 'closed'}")
    if found.open:
        print(f"since: {views.instant(found.at, calendar)}\nbecause: {found.reason}")
    if found.rests(system_clock()):
        print(f"nothing at all is sent until: {views.instant(found.rest_until, calendar)}")
    return 0
