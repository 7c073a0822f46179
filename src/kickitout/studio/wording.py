"""What the rooms below refuse, in the words of the page: they call a setting by its option of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from kickitout.errors import UserError
from kickitout.export.kits.formats import FORMATS

LABELS = {  # option -> what stands beside the field
    "--velocity-layers": "layers",
    "--round-robin": "robins",
    "--formats": "formats",
    "--format": "format",
    "--note": "tune to",
    "--name": "name",
    "--bits": "bits",
    "--rate": "rate",
}
ADVICE = {
    **{f"leave {form.name} out of --formats": f"untick {form.title}" for form in FORMATS.values()},
    "; -n says how many": "",
}
_OPTION = re.compile(rf"(?<![\w-])({'|'.join(sorted(LABELS, key=len, reverse=True))})(?=[ :;,]|$)")


def in_words_of_the_page(sentence: str) -> str:
    """
    >>> in_words_of_the_page("--note H: not a note; write F1")
    'tune to H: not a note; write F1'
    """
    for advice, words in ADVICE.items():
        sentence = sentence.replace(advice, words)
    return _OPTION.sub(lambda found: LABELS[found[0]], sentence)


@contextmanager
def words_of_the_page() -> Iterator[None]:
    """UserErrors that are raised within speak of fields and not of options."""
    try:
        yield
    except UserError as error:
        raise UserError(in_words_of_the_page(str(error))) from error
