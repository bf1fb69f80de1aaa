"""The desk: everything the tasks work with, put together once."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from mailbot.config import Settings
from mailbot.hiring.company import Company
from mailbot.hiring.moment import Moment
from mailbot.hiring.worktime import Worktime, worktime
from mailbot.mail.compose import Templates
from mailbot.mail.reader import Reader
from mailbot.records.catalogue import Catalogue
from mailbot.records.key import Key, open_key
from mailbot.records.ledger import Ledger
from mailbot.records.outbox import Outbox
from mailbot.records.quarantine import Quarantine
from mailbot.records.requests import Requests
from mailbot.records.schema import refuse_newer, upgrade
from mailbot.records.store import Store
from mailbot.tasks.clocks import Boottime, Clock, Timekeeper, boottime

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every task works with. Only the holder of the lock may have one that writes."""

    settings: Settings
    worktime: Worktime
    templates: Templates
    key: Key
    store: Store
    ledger: Ledger
    outbox: Outbox
    catalogue: Catalogue
    quarantine: Quarantine
    requests: Requests
    reader: Reader
    clock: Clock
    timekeeper: Timekeeper

    @property
    def company(self) -> Company:
        return self.settings.company

    def moment(self) -> Moment:
        """The company, its working time and this instant."""
        return Moment(self.settings.company, self.worktime, self.clock())

    def configured(self, settings: Settings) -> Desk:
        """The same desk under another configuration of the same state folder."""
        calendar = worktime(settings.company.office)
        return replace(self, settings=settings, worktime=calendar, templates=Templates(settings.templates_dir, calendar.zone))

    def close(self) -> None:
        """Close the journals, and end the reader's child."""
        self.reader.close()
        for journal in (self.ledger, self.outbox, self.catalogue):
            journal.close()


def open_desk(settings: Settings, clock: Clock, *, boottime: Boottime = boottime, writer: bool = True) -> Desk:
    """Given the settings and the two clocks, open the state folder, which is made if it is not there. Who only looks is no `writer`.

    Raise Permanent if what is remembered is damaged or of a newer version, Temporary if the disk does not let us.
    """
    state: Path = settings.state_dir
    if not writer:
        refuse_newer(state)
    elif backup := upgrade(state, clock()):
        log.warning("the state was that of an older mailbot; as it was it is kept in %s", backup)
    calendar = worktime(settings.company.office)
    return Desk(
        settings=settings,
        worktime=calendar,
        templates=Templates(settings.templates_dir, calendar.zone),
        key=open_key(state),
        store=Store(state),
        ledger=Ledger(state / "ledger.jsonl"),
        outbox=Outbox(state / "outbox.jsonl", writer),
        catalogue=Catalogue(state / "catalogue.jsonl"),
        quarantine=Quarantine(state / "quarantine"),
        requests=Requests(state / "requests"),
        reader=Reader(),
        clock=clock,
        timekeeper=Timekeeper(clock, boottime),
    )
