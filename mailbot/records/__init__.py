"""What mailbot remembers: the state folder on disk."""
