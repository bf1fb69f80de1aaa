"""The two accounts that the configuration speaks of: the way in, and the way out."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot import config
from mailbot.config import Settings
from mailbot.mail import mailbox, smtp


def way_in(settings: Settings, environ: Mapping[str, str]) -> mailbox.Account:
    """Given the settings and where the secrets are, return the mailbox's account. Raise ConfigProblem without a password."""
    imap = settings.imap
    return mailbox.Account(imap.host, imap.port, imap.security, imap.username, config.secret(imap, environ), str(imap.ca_file or ""))


def way_out(settings: Settings, environ: Mapping[str, str]) -> smtp.Account:
    """Given the settings and where the secrets are, return the submission server's account. Raise ConfigProblem without a password."""
    out = settings.smtp
    return smtp.Account(out.host, out.port, out.security, out.username, config.secret(out, environ), str(out.ca_file or ""))
