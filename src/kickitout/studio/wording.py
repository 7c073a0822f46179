"""Sentences of the rooms below, in the words of the page: it has fields where they have options."""

from __future__ import annotations

import re

import kickitout

# What the rooms below call by an option of the command line -> what stands beside the field of the page.
LABELS = {
    "--velocity-layers": "layers",
    "--round-robin": "robins",
    "--formats": "formats",
    "--format": "format",
    "--note": "tune to",
    "--name": "name",
    "--bits": "bits",
    "--rate": "rate",
    "--budget": "a time of",
}
ADVICE = {
    **{f"leave {name} out of --formats": f"untick {title}" for name, title in kickitout.kit_formats().items()},
    "; -n says how many": "",
    "give that model with --model": "start the studio with that model",
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
