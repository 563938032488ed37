"""Rules tried out in virtual time: examples, replay of recorded webhooks, and why an alert goes where it goes."""
