"""What should happen: pure decisions, without files, sockets, clock, logging or randomness."""
