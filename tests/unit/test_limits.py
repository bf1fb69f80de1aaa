"""A provider's limit is told from every other reply, in the words that providers use."""

from __future__ import annotations

import pytest

from mailbot.mail.limits import is_limit


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to our help"),
        (550, "5.4.5 Daily user sending quota exceeded. c14sm3 - gsmtp"),
        (550, "5.4.5 Daily SMTP relay limit exceeded for user."),
        (421, "4.7.28 Gmail has detected an unusual rate of email originating from your account"),
        (452, "4.4.5 Daily sending limit reached"),
        (550, "5.1.90 Your message can't be sent because you've reached your daily limit for message recipients"),
        (554, "5.2.0 The message can't be submitted because the sender's submission quota was exceeded"),
        (550, "5.7.705 Access denied, tenant has exceeded threshold"),
        (550, "5.7.233 Your message can't be sent because your tenant exceeded its daily limit"),
        (451, "4.7.508 Access denied, has exceeded permitted limits within range"),
        (550, "Ratelimit exceeded for mailbox. Try again later"),
        (451, "Ratelimit exceeded"),
        (450, "4.7.1 Error: too many messages from your account, try again later"),
        (454, "4.7.1 Sender rate limit exceeded"),
        (421, "4.7.0 Too many emails sent, try later"),
        (550, "5.7.1 Message rate limit exceeded"),
        (550, "5.7.1 You have exceeded the limit of messages per day"),
        (452, "4.7.1 Hourly quota for this user was exceeded"),
        (450, "4.7.1 You are sending messages too fast"),
    ],
)
def test_a_limit_of_the_account_is_seen(code: int, text: str) -> None:
    assert is_limit(code, text)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (250, "2.0.0 Daily user sending limit not exceeded"),
        (None, "Ratelimit exceeded"),
        (451, "4.7.1 Greylisted, try again in 300 seconds; too many messages from new senders"),
        (450, "4.2.0 Greylisted"),
        (451, "4.7.1 Please try again later"),
        (421, "4.3.0 Service not available"),
        (450, "4.2.1 The recipient has exceeded message rate limit. Try again later"),
        (450, "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages"),
        (452, "4.2.2 The email account that you tried to reach is over quota"),
        (552, "5.2.2 Mailbox full: quota exceeded"),
        (552, "5.3.4 Message size exceeds fixed limit"),
        (552, "Message exceeds the limit of 20000000 bytes"),
        (452, "4.3.1 Insufficient system storage"),
        (452, "4.5.3 Too many recipients"),
        (421, "4.7.0 Too many concurrent connections, connection rate limit exceeded"),
        (432, "4.3.2 Concurrent connections limit exceeded"),
        (421, "4.7.0 Error: too many errors"),
        (454, "4.7.0 Too many login attempts, please try again later"),
        (554, "5.4.6 Too many hops"),
        (550, "5.1.1 No such user here"),
        (554, "5.7.1 Message rejected under suspicion of SPAM"),
        (550, "5.7.1 Policy rejection on the target address"),
    ],
)
def test_what_speaks_of_anything_else_is_none(code: int | None, text: str) -> None:
    assert not is_limit(code, text)
