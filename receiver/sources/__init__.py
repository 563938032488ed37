"""Bodies of alert senders become alerts; pure."""
