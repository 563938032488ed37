"""The incident receiver: Alertmanager webhooks become incidents, incidents become messages people can answer."""
