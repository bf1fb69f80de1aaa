"""What the server holds beside what the ledger knows, for every folder that is watched or swept; and in words what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from mailbot.errors import Permanent, Temporary
from mailbot.mail.mailbox import FolderState
from mailbot.tasks.desk import Desk
from mailbot.tasks.sweep import looked_through
from mailbot.tasks.watch import Watch


def mailboxes(desk: Desk, watch: Watch) -> list[dict[str, object]]:
    """Given a desk and a watch that is connected, return a line a folder: what came since first contact (in a folder that is only swept:
    what a sweep looks at) beside what of it has a verdict. `differ` counts the messages that have none although the folder has been looked
    at since they came, and `because` says why. Raise Temporary if the connection fails.
    """
    watched = dict.fromkeys(folder.name for folder, _ in watch.folders)
    swept = dict.fromkeys(folder.name for folder, _ in watch.swept if folder.name not in watched)
    answer: list[dict[str, object]] = []
    for name in (*watched, *swept):
        line: dict[str, object] = {"name": desk.company.job, "folder": name, "server": None, "ledger": None, "differ": 0}
        try:
            state = watch.mailbox.open(name)
            present = _watched(desk, watch, state) if name in watched else _swept(desk, watch, state)
        except (Temporary, Permanent) as problem:
            # Raises if it is the connection that is gone.
            watch.mailbox.noop()
            answer.append(line | {"because": f"{name} can not be read: {problem}"})
            continue
        looked = watch.uidnext if name in watched else watch.swept_to
        missing = {uid for uid in present - desk.ledger.settled_uids(name, state.uidvalidity) if uid < looked.get(name, 0)}
        known = present & desk.ledger.settled_uids(name, state.uidvalidity)
        counts = {"server": len(present), "ledger": len(known), "differ": len(missing)}
        answer.append(line | counts | {"because": _because(desk, state, missing)})
    return answer


def _watched(desk: Desk, watch: Watch, state: FolderState) -> set[int]:
    cursor = desk.ledger.cursor(state.name)
    return {headline.uid for headline in watch.mailbox.headlines(cursor.first_uidnext - 1 if cursor else 0)}


def _swept(desk: Desk, watch: Watch, state: FolderState) -> set[int]:
    return {headline.uid for headline in looked_through(desk, watch.mailbox, state)}


def _because(desk: Desk, state: FolderState, missing: Collection[int]) -> str:
    """Why messages have no verdict, in words; "" if none is missing."""
    if not missing:
        return ""
    causes = Counter(_cause(desk, state, uid) for uid in sorted(missing))
    messages = "1 message" if len(missing) == 1 else f"{len(missing)} messages"
    verb = "has" if len(missing) == 1 else "have"
    return f"{messages} in {state.name} {verb} no verdict: {', '.join(f'{number} {cause}' for cause, number in causes.items())}"


def _cause(desk: Desk, state: FolderState, uid: int) -> str:
    if desk.ledger.refusals(state.name, state.uidvalidity, uid):
        return "not given by the server"
    if desk.ledger.attempts(state.name, state.uidvalidity, uid):
        return "begun and not ended, to be tried again"
    return "not taken in yet, looked for hourly"
