"""The start: the state is opened as it was left, whatever has happened to it since."""

from __future__ import annotations

import logging

from mailbot.config import Settings
from mailbot.errors import Permanent
from mailbot.records.salvage import mend
from mailbot.tasks.clocks import Boottime, Clock, boottime
from mailbot.tasks.damage import made_good, suspect
from mailbot.tasks.desk import Desk, open_desk
from mailbot.tasks.jumps import look_at_start, note_time
from mailbot.tasks.modes import distrust
from mailbot.tasks.recover import recover

log = logging.getLogger(__name__)


def start(settings: Settings, clock: Clock, boottime: Boottime = boottime) -> Desk:
    """Given the settings and the two clocks, and the lock in hand, open the state folder, and finish what a stop has left half done.

    A journal that is damaged is set aside, and mailbot is in safe mode with what its other lines say. Raise Permanent for what can not be
    made good: a lost key, a newer state; Temporary if the disk does not let us.
    """
    for problem in settings.warnings:
        log.warning("%s", problem)
    try:
        desk = open_desk(settings, clock, boottime=boottime)
    except Permanent:
        if not mend(settings.state_dir, clock()):
            raise
        desk = open_desk(settings, clock, boottime=boottime)
    try:
        recovered(desk)
    except BaseException:
        desk.close()
        raise
    return desk


def recovered(desk: Desk) -> None:
    """Given a desk just opened, bring all that is remembered in line. Raise Temporary."""
    suspect(desk)
    problems = recover(desk)
    for words in problems:
        log.error("%s", words)
    distrust(desk, problems)
    made_good(desk)
    look_at_start(desk)
    # One line a message reads back three times as fast as the history of each (measured).
    compact(desk)


def compact(desk: Desk) -> None:
    """Given a desk, let go of what nobody asks for any more. Raise Temporary."""
    note_time(desk)
    desk.ledger.compact()
    desk.outbox.compact(desk.clock(), {intent for row in desk.catalogue.rows() for intent in row.open_intents})
