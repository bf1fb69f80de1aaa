"""The two accounts that the configuration speaks of: the way in, and the way out."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot import config
from mailbot.config import Server, Settings
from mailbot.mail import mailbox, smtp
from mailbot.mail.oauth import Client, Secret, Tokens
from mailbot.records.refresh_token import RefreshToken


def way_in(settings: Settings, environ: Mapping[str, str]) -> mailbox.Account:
    """Given the settings and where the secrets are, return the mailbox's account. Raise ConfigProblem without a secret."""
    imap = settings.imap
    secret = _secret(imap, settings, environ)
    return mailbox.Account(imap.host, imap.port, imap.security, imap.username, secret, str(imap.ca_file or ""))


def way_out(settings: Settings, environ: Mapping[str, str]) -> smtp.Account:
    """Given the settings and where the secrets are, return the submission server's account. Raise ConfigProblem without a secret."""
    out = settings.smtp
    return smtp.Account(out.host, out.port, out.security, out.username, _secret(out, settings, environ), str(out.ca_file or ""))


def _secret(server: Server, settings: Settings, environ: Mapping[str, str]) -> Secret:
    """The password, or what buys tokens with the refresh token."""
    given = config.secret(server, environ)
    oauth = server.oauth
    if oauth is None or not given:
        return given
    refresh = RefreshToken(settings.state_dir, given, f"{oauth.token_url} {oauth.client_id}")
    return Tokens(Client(oauth.token_url, oauth.client_id, config.client_secret(server, environ), str(server.ca_file or "")), refresh)
