"""HTTP in: webhooks, health, metrics, the browser chat."""
