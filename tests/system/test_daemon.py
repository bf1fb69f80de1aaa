"""The daemon among its neighbours: systemd, signals, a server that restarts, a kill at any moment, and logs that name nobody."""
