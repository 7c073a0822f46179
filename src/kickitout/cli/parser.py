"""A parser of arguments that says what is wrong as everything else does."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from kickitout.errors import UserError


class Parser(argparse.ArgumentParser):
    """Raises UserError: one sentence, and where the usage is."""

    def error(self, message: str) -> NoReturn:
        for kind, name in (("int", "whole number"), ("float", "number")):
            message = re.sub(rf"invalid {kind} value: (.+)", rf"\1 is no {name}", message)
        raise UserError(f"{message} ({self.prog} --help says more)")
