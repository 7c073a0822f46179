"""Models that are or were the default: sounds name theirs for good, and here is where each of them is had."""

from __future__ import annotations

from typing import NamedTuple

from kickitout.stored import DEFAULT_IDENTITY, current_digest


class DefaultModel(NamedTuple):
    """versions: of kickitout with it in the package; blob: what git calls its bytes, in every clone and for good."""

    versions: str
    blob: str


# By identity (`model_sha256` in a recipe). A model that takes the place of another in the package gets a line more:
# `git hash-object src/kickitout/model_files/default.onnx` prints its blob.
DEFAULT_MODELS = {
    DEFAULT_IDENTITY: DefaultModel("0.1.0", "9c5baa92745da5a08f7b84285ea2e72638acc539"),
    "5342a2e236085f90c25febbe11c24000dae99b0444df773b1181987c73a99452": DefaultModel(
        "0.2.0", "4268370a7fd1e6e166d1b957089d8eeba680e9ba"
    ),
    "b94e8bdd1cae3f8edb3564bb68e67cb87e57fb2f96e592930cedcbda3b967352": DefaultModel(
        "0.3.0", "5357f758d2915972301059e6cbe97a2aa63dd0ae"
    ),
}


def where_had(digest: str) -> str:
    """Where a model is had that is or was the default: a part of a sentence, or nothing for any other model.

    >>> where_had(DEFAULT_IDENTITY)[:57]
    'it is the default of kickitout 0.1.0 (in a clone of the s'
    """
    known = DEFAULT_MODELS.get(str(current_digest(digest)))
    if known is None:
        return ""
    return (
        f"it is the default of kickitout {known.versions} (in a clone of the source "
        f"`git cat-file blob {known.blob[:12]} > default-{known.versions}.onnx` writes it, and in the package of that "
        "version it is model_files/default.onnx): "
    )
