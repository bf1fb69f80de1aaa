"""The verbs from outside: their JSON, their exit status, their requests to a running daemon, and their plain words when something is wrong."""
