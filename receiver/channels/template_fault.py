"""The error of every kind of template. Raised by `render` and `notice_texts`."""

from receiver.core.errors import ReceiverError


class TemplateFault(ReceiverError):  # noqa: N818 - the word rules use for what is wrong in a file
    """A template that can't be used: `file:line: what is wrong`."""
