"""The customers' side: status page, feeds, JSON, calendar, badges. Everything here is made of `PublicNotice` and of the names in notices.yaml."""
