"""What a user can cause, said in one sentence, and counts as people say them."""

import re
import reprlib
from importlib.util import find_spec


def printable(text: str) -> str:
    """Text from outside without what a terminal would obey and without bytes that are no text: � in place of each.

    >>> printable("\\x1b[31mred"), printable("caf\\udce9.wav")
    ('�[31mred', 'caf�.wav')
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_line(text: str) -> str:
    """The same, and on one line: a blank in place of each line break and of blanks of other kinds.

    >>> one_line("CC0\\n\\n\\x1b[31mAll rights\\xa0reserved ")
    'CC0 �[31mAll rights reserved'
    """
    return printable(re.sub(r"[^\S ]+", " ", text).strip())


def count(number: int, one: str, more: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "kick"), count(2, "kick"), count(0, "copy", "copies")
    ('1 kick', '2 kicks', '0 copies')
    """
    return f"{number} {one if number == 1 else more or one + 's'}"


class UserError(Exception):
    """Bad input. The message names the input, says what is wrong with it and what would work.

    The command line prints it as one line on stderr and exits with 2; anything else keeps its traceback. What it quotes
    comes from outside: line breaks, and whatever else a terminal would obey, are shown as blanks and as �.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(" ".join(sentence.splitlines())))


class SaidElsewhere(UserError):
    """The same, in a process beside the one that says it: exit code 2, and no line of its own."""


def refuse_other(given: object, what: str, works: str, *kinds: type) -> None:
    """Raise UserError for what is of none of these kinds. what and works: what it should be, in words."""
    if not isinstance(given, kinds):
        raise UserError(f"{reprlib.repr(given)}: no {what}; {works} works")


def need_extra(what: str, extra: str, *packages: str) -> None:
    """Raise UserError where one of the packages of an extra is not installed."""
    if not all(map(find_spec, packages)):
        raise UserError(
            f"{what}: needs the extra {extra!r}; in the checkout: make {extra}-env, or pip install '.[{extra}]'"
        )
