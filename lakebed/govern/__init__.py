"""One decision: may this principal do this to that."""
