"""A parser of arguments that says what is wrong as everything else does.

Upon argparse, which has all that the commands need but these sentences. Click words its errors well, but takes a file
named -808.wav for options, and commands that load when they are called need a class of ours there too.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from kickitout.errors import UserError
from kickitout.text import nearest

LIKENESS = 0.7  # of a word and the option that it may stand for


class Parser(argparse.ArgumentParser):
    """Raises UserError: one sentence, and where the usage is.

    What begins with a minus and a digit is a value or a name: -12dB, -808.wav. argparse takes it for an option unless
    all of it is a number.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message: str) -> NoReturn:
        for kind, name in (("int", "whole number"), ("float", "number")):
            message = re.sub(rf"invalid {kind} value: (.+)", rf"\1 is no {name}", message)
        message = re.sub(r"^argument (?:-\w/)?(\S+): expected one argument$",
                         r"\g<0>; one that begins with - is written \1=-...", message)  # fmt: skip
        if chosen := re.fullmatch(r"argument (\S+): invalid choice: '(.*)' \(choose from (.+)\)", message):
            given, choices = chosen[2], [choice.strip("'") for choice in chosen[3].split(", ")]
            what = "no command" if chosen[1] == "COMMAND" else f"nothing that {chosen[1].split('/')[-1]} takes"
            hint = did_you_mean(given, choices) or f"; {', '.join(choices)} work"
            message = f"{given!r} is {what}{hint}"
        raise UserError(f"{message} ({self.prog} --help says more)")

    def unknown(self, arguments: Sequence[str], more: str = "") -> NoReturn:
        """Raise UserError for arguments that nothing takes; more: what else is known of them."""
        name = next((word.partition("=")[0] for word in arguments if word.startswith("-")), "")
        hint = did_you_mean(name, list(self._option_string_actions))
        self.error(f"unrecognized arguments: {' '.join(arguments)}{hint or more}")


def did_you_mean(word: str, known: Sequence[str]) -> str:
    near = nearest(word, known, LIKENESS)
    return f"; did you mean {near}?" if near else ""
