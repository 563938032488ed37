"""Errors that carry a sentence an operator can act on."""


class ReceiverError(Exception):
    """Base of every error this product raises on purpose."""


class CommitConflictError(ReceiverError):
    """Somebody else changed the incident again and again while we decided."""


class UnknownIncidentError(ReceiverError):
    """No incident with this id is in the store."""


class StoreUnavailableError(ReceiverError):
    """The store did not confirm a write; nothing may be promised."""


class UnknownNoticeError(ReceiverError):
    """No notice with this id is in the store."""


class NoticesOffError(ReceiverError):
    """The rules hold no notices.yaml."""
