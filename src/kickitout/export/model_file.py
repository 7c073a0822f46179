"""A trained player -> one file that plays without the code that trained it.

Where the codec's decoder is made of convolutions, the whole player becomes an ONNX graph, `eps -> waveform`; where it
needs Griffin-Lim, the weights become a safetensors file that torch plays. Metadata is inside either.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import torch

from kickitout import __version__
from kickitout.files import write_whole
from kickitout.generation.model import METADATA_KEY, ModelInfo
from kickitout.models.player import Player


def model_info(player: Player, recipe: dict[str, Any], manifest: dict[str, Any], step: int) -> ModelInfo:
    """The metadata of a player trained by a resolved recipe on the corpus of `manifest`."""
    rows = manifest["rows"]
    sources: dict[tuple[str, str], int] = {}
    for row in rows:
        sources[row["source"], row["licence"]] = sources.get((row["source"], row["licence"]), 0) + 1
    corpus = {
        "digest": manifest["digest"],
        "kicks": len(rows),
        "sources": [{"source": s, "licence": lic, "kicks": n} for (s, lic), n in sorted(sources.items())],
    }
    return ModelInfo(
        recipe["name"], player.latent, channels=2 if player.stereo else 1, version=__version__, step=step,
        recipe=recipe, corpus=corpus,
    )  # fmt: skip


def to_onnx(player: Player, info: ModelInfo) -> bytes:
    """The player as an ONNX graph with a free batch: eps [B, latent] -> waveform [B, channels, T]."""
    eps = torch.zeros(2, player.latent)
    exporter_log = logging.getLogger("torch.onnx")
    level = exporter_log.level
    exporter_log.setLevel(logging.ERROR)  # it warns of packages that are not installed and not needed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                player.cpu().eval(), (eps,), dynamo=True, verbose=False, input_names=["eps"],
                output_names=["waveform"], dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},),
            )  # fmt: skip
    finally:
        exporter_log.setLevel(level)
    assert program is not None  # None only for the deprecated exporter
    proto = program.model_proto
    for node in proto.graph.node:  # traces of the machine that exported: stack frames with its paths
        del node.metadata_props[:]
        node.doc_string = ""
    proto.producer_name, proto.producer_version = "kickitout", __version__
    entry = proto.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, info.to_json()
    return proto.SerializeToString(deterministic=True)


def to_safetensors(player: Player, info: ModelInfo) -> bytes:
    """The generator's weights with the metadata, for players that need torch."""
    from safetensors.torch import save

    tensors = {k: v.detach().cpu().contiguous() for k, v in player.generator.state_dict().items()}
    return save(tensors, metadata={METADATA_KEY: info.to_json()})


def write_model(player: Player, info: ModelInfo, folder: Path) -> Path:
    """Write the finished model into a folder: model.onnx, or model.safetensors. Returns the file."""
    if player.codec.exportable:
        return write_whole(folder / "model.onnx", to_onnx(player, info), durable=True)
    return write_whole(folder / "model.safetensors", to_safetensors(player, info), durable=True)
