"""A parser of arguments that says what is wrong as everything else does."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from kickitout.errors import UserError


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
        raise UserError(f"{message} ({self.prog} --help says more)")
