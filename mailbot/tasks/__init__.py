"""The hands: gather, decide, do."""
