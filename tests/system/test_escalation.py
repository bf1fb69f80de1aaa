"""The reply clock in the real process: hint, one escalation, the morning digest, silence at night and after every interruption."""
