"""A model played by torch: while it is being trained, and where decoding needs it (Griffin-Lim)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel
from safetensors import SafetensorError, safe_open

from kickitout.errors import UserError
from kickitout.files import explain_os_error
from kickitout.generation.drawable import Drawing
from kickitout.generation.model import METADATA_KEY, ModelInfo, Played, as_row, check_latent, check_size, no_contour
from kickitout.models.families import AnyAdversarial, finished, make_generator, make_scale, whole_shape
from kickitout.models.player import Player, make_player
from kickitout.representations import RepresentationConfig, make_representation
from kickitout.settings import checked


class TorchModel:
    """Plays one kick after the other, as a kick among others would differ in its last bits."""

    def __init__(
        self, player: Player, info: ModelInfo | None = None, digest: str = "", path: Path | None = None
    ) -> None:
        self.player = player.eval()
        self.info = info or ModelInfo(
            "in training", player.latent, channels=2 if player.stereo else 1, **player.control_info
        )  # fmt: skip
        self.digest, self.path = digest, path

    def play(self, eps: np.ndarray, controls: np.ndarray | None = None) -> np.ndarray:
        out = np.empty((len(eps), self.info.channels, self.info.length), np.float32)
        for i in range(len(eps)):
            out[i] = self.render(eps[i : i + 1], controls=None if controls is None else controls[i]).wave
        return out

    def render(
        self, noise: np.ndarray | None = None, latent: np.ndarray | None = None, controls: np.ndarray | None = None,
        drawing: Drawing | None = None,
    ) -> Played:  # fmt: skip
        if drawing is not None:
            raise no_contour(self.info)
        info, device = self.info, next(self.player.parameters()).device
        feed = [np.zeros((1, info.noise_size), np.float32) if noise is None else noise]
        if info.latent_size:
            feed += [as_row(latent, info.latent_size), np.full((1, 1), float(latent is not None), np.float32)]
            feed += [as_row(controls, len(info.controls))]
        elif latent is not None or (controls is not None and np.any(controls)):
            check_latent(info)
        with torch.inference_mode():
            made = self.player(*(torch.from_numpy(x).to(device) for x in feed))
        if not info.latent_size:
            return Played(made[0].cpu().numpy(), np.zeros(0, np.float32))
        return Played(made[0][0].cpu().numpy(), made[1][0].cpu().numpy())


class _Played(BaseModel):
    """The parts of a config that decide how a model sounds; the rest is how it was trained."""

    representation: RepresentationConfig
    model: AnyAdversarial


def load_torch_model(path: Path) -> TorchModel:
    """Read a model.safetensors written by training. Raises UserError for anything else."""
    try:
        check_size(path)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if METADATA_KEY not in metadata:
                raise UserError(f"{path}: not a model that kickitout made; give a run folder or its model file")
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        data = path.read_bytes()
    except SafetensorError as error:
        raise UserError(f"{path}: the model file is damaged; export it again") from error
    except OSError as error:
        raise explain_os_error(error, path) from error
    info = ModelInfo.from_json(metadata[METADATA_KEY], str(path))
    played = checked(_Played, info.config, str(path))
    representation = make_representation(played.representation)
    with torch.device("meta"):  # the shapes alone: what a file asks for is not allocated before it is known to be there
        shape = whole_shape(played.model, representation.representation_shape)
        generator = finished(make_generator(played.model, shape), make_scale(played.model, shape))
    try:
        generator.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise UserError(f"{path}: its weights do not fit its config; export it again") from error
    return TorchModel(make_player(played.model, generator, representation), info, _identity(data, info), path)


def _identity(data: bytes, info: ModelInfo) -> str:
    """sha256 of a safetensors file without its metadata, and of the settings that say how its weights are played."""
    size = 8 + int.from_bytes(data[:8], "little")
    head = json.loads(data[8:size]) | {"__metadata__": [info.config["representation"], info.config["model"]]}
    return hashlib.sha256(json.dumps(head, sort_keys=True).encode() + data[size:]).hexdigest()
