"""Time becomes events; the outbox becomes messages."""
