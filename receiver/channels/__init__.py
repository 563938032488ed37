"""The means of telling people. Each channel turns a rendered message into one request and its wire evidence."""
