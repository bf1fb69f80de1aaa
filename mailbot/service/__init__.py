"""What ops need: systemd, health, logs, demo."""
