"""The model that the studio plays, and what is found out of it once. Nothing here waits for the server's libraries."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kickitout
from kickitout import frontend
from kickitout.studio.opening import about, opening_seed
from kickitout.studio.replies import packed

if TYPE_CHECKING:
    from kickitout.generation.invert import EncoderSession
    from kickitout.generation.model import Model


class StudioModel:
    """A model, and the kicks that it learned from, where those are here."""

    def __init__(self, model: Model, training: frontend.TrainingKicks | None = None) -> None:
        self.model, self.training = model, training

    @staticmethod
    def load(model: str | Path, training: Path | None = None) -> StudioModel:
        """By name, as `kickitout.load_model`. training: the folder of the kicks that it learned from."""
        return StudioModel(kickitout.load_model(model), None if training is None else frontend.TrainingKicks(training))

    @cached_property
    def encoder(self) -> EncoderSession | str:
        """The model's encoder, or the sentence that says why there is none."""
        return frontend.open_encoder(self.model)

    @cached_property
    def opening(self) -> int:
        """The seed of the kick that the page opens with."""
        return opening_seed(self.model)

    @cached_property
    def learned(self) -> Any:
        """The fingerprints of the training kicks, or the sentence that says why there are none."""
        return frontend.find_learned(self.model)

    def about(self) -> dict[str, Any]:
        """The model, its controls, and the fields of a card."""
        return about(self.model, self.opening) | {
            "no_encoder": self.encoder if isinstance(self.encoder, str) else "",
            "references": None if self.training is None else self.training.digest,
        }

    def opened(self) -> bytes:
        """The reply that a page opens with: one kick, and in its JSON what `about` says."""
        return packed(self.model.info, [kickitout.kick_of({"seed": self.opening}, self.model)], about=self.about())
