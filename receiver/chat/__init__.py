"""Updates of chats become events for the engine."""
