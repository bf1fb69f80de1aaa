"""The outside world of mail: IMAP, SMTP, reading and writing messages."""
