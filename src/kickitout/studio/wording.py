"""Sentences of the rooms below, in the words of the page: what it has a button or a field for is done there."""

from __future__ import annotations

import kickitout

ADVICE = {
    **{f"leave {name} out of the formats": f"untick {title}" for name, title in kickitout.kit_formats().items()},
    "a budget of": "a time of",
    "give the file of that model as the model": "start the studio with the file of that model",
}


def in_words_of_the_page(sentence: str) -> str:
    """
    >>> in_words_of_the_page("or leave hydrogen out of the formats")
    'or untick Hydrogen'
    """
    for advice, words in ADVICE.items():
        sentence = sentence.replace(advice, words)
    return sentence
