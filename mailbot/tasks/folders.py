"""Which folders of the mailbox are watched and which only swept, and in what role."""

from __future__ import annotations

from mailbot.errors import Permanent
from mailbot.mail.folders import Folder
from mailbot.tasks.desk import Desk
from mailbot.tasks.gather import Role


def watched_folders(desk: Desk, found: tuple[Folder, ...]) -> tuple[tuple[Folder, Role], ...]:
    """Given the folders of the mailbox, return those to be read with their roles, Sent first.

    Raise Permanent if one that the configuration names is not there.
    """
    settings = desk.settings.imap
    by_name = {folder.name: folder for folder in found}
    watched: list[tuple[Folder, Role]] = []
    if settings.sent == "auto":
        watched += [(folder, "sent") for folder in found if folder.role == "sent"]
    elif settings.sent:
        watched.append((_named(by_name, settings.sent, "imap.sent"), "sent"))
    for name in settings.folders:
        folder = next((f for f in found if f.role == "inbox"), None) if name.upper() == "INBOX" else None
        watched.append((folder or _named(by_name, name, "imap.folders"), "inbox"))
    return tuple(watched)


def swept_folders(desk: Desk, found: tuple[Folder, ...], watched: tuple[tuple[Folder, Role], ...]) -> tuple[tuple[Folder, Role], ...]:
    """Given the folders of the mailbox and those that are watched, return archive and junk with the roles they are read in.

    Raise Permanent if one that the configuration names is not there.
    """
    settings = desk.settings.imap
    by_name = {folder.name: folder for folder in found}
    swept: list[tuple[Folder, Role]] = []
    # What lies in the archive came through INBOX.
    ways: tuple[tuple[str, str, Role], ...] = (("archive", settings.archive, "inbox"), ("junk", settings.junk, "junk"))
    for which, name, role in ways:
        if name == "auto":
            swept += [(folder, role) for folder in found if folder.role == which]
        elif name:
            swept.append((_named(by_name, name, f"imap.{which}"), role))
    return tuple(each for each in swept if each[0] not in [folder for folder, _ in watched])


def _named(by_name: dict[str, Folder], name: str, key: str) -> Folder:
    if name not in by_name:
        raise Permanent(f"{key}: the mailbox has no folder {name!r}; it has {', '.join(sorted(by_name))}")
    return by_name[name]
