"""How every command explains itself: one sentence, an example that works as it stands, and what its exit status means. Used by each file of `cli`."""

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
STATUS = "0 done, 1 it did not work (a sentence on standard error says why), 2 wrong usage"


def add_command(commands: Commands, name: str, text: str, example: str, *, more: str = "", status: str = STATUS) -> argparse.ArgumentParser:
    """A command that does something; `more` follows the sentence in its own help."""
    said = f"{text[0].upper()}{text[1:]}.{f' {more}' if more else ''}"
    epilog = f"example:\n  receiver {example}\n\nexit status: {status}"
    return commands.add_parser(name, help=text, description=said, epilog=epilog, formatter_class=_Formatter)


def add_group(commands: Commands, name: str, text: str) -> Commands:
    """A command that only has verbs; returns where they are added."""
    one = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=f"`receiver {name} VERB --help` has an example of each.")
    return one.add_subparsers(dest="verb", required=True, metavar="VERB")


def add_json(one: argparse.ArgumentParser, what: str = "the same as JSON, for programs") -> None:
    """The option `--json`."""
    one.add_argument("--json", action="store_true", help=what)


def add_limit(one: argparse.ArgumentParser) -> None:
    """The option `--limit` of a list."""
    one.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most (default: 50)")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Wraps the description as usual and leaves the example as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        parts = (part if part.startswith("example:") else argparse.HelpFormatter._fill_text(self, part, width, indent) for part in text.split("\n\n"))
        return "\n\n".join(parts)
