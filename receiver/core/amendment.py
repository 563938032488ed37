"""What people add to the rules from the chat, laid over every rule book that comes into force. Pure; applied by `engine.Rules`.

Git wins: an account of people.yaml is never replaced by a linked one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from receiver.core.rulebook import Person, RuleBook


@dataclass(frozen=True, kw_only=True, slots=True)
class Amendments:
    """`accounts`: Telegram accounts linked in the chat, and whose they are."""

    accounts: Mapping[int, str] = field(default_factory=dict)


def amend(book: RuleBook, amendments: Amendments) -> RuleBook:
    """The rule book with exactly these amendments, whatever others it had; the same object when nothing changes."""
    people = _people(book, amendments.accounts)
    return book if people == book.people else replace(book, people=people)


def _people(book: RuleBook, accounts: Mapping[int, str]) -> Mapping[str, Person]:
    bare = {name: replace(person, telegram=None, is_linked=False) if person.is_linked else person for name, person in book.people.items()}
    taken = {person.telegram for person in bare.values()}
    for account, owner in accounts.items():
        person = bare.get(owner)
        if person is not None and person.telegram is None and account not in taken:
            bare[owner] = replace(person, telegram=account, is_linked=True)
    return bare
