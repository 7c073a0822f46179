"""A trained player -> one file that plays without the code that trained it.

Where the representation's decoder is made of convolutions, the whole player becomes an ONNX graph, `eps -> waveform`;
where it needs Griffin-Lim, the weights become a safetensors file that torch plays. Metadata is inside either.
"""

from __future__ import annotations

import json
import logging
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kickitout._version import __version__
from kickitout.descriptors.contour import SIZE as CONTOUR
from kickitout.descriptors.limits import Limits
from kickitout.files import write_whole
from kickitout.generation.graph import graph_identity
from kickitout.generation.model import METADATA_KEY, ModelInfo
from kickitout.models.player import Player
from kickitout.sound import LENGTH

FEWEST_SHORTENED = 1024  # numbers a table has before it is worth a cast
SHORT = ".short"  # behind the name of a table that is kept in fewer bytes


def model_info(
    player: Player,
    config: dict[str, Any],
    manifest: dict[str, Any],
    step: int,
    start: dict[str, Any] | None = None,
    limits: Limits | None = None,
) -> ModelInfo:
    """The metadata of a player trained by a resolved config on the dataset of `manifest`.

    start: the model it began with, as `training.start.known_of` has it; what that learned from, this has too. limits:
    of the sounds that it learned from.
    """
    rows = manifest["rows"]
    sources: dict[tuple[str, str], int] = {}
    for row in rows:
        sources[row["source"], row["licence"]] = sources.get((row["source"], row["licence"]), 0) + 1
    dataset = {
        "digest": manifest["digest"],
        "kicks": len(rows),
        "sources": [{"source": s, "licence": lic, "kicks": n} for (s, lic), n in sorted(sources.items())],
    }
    if start is not None:
        config = config | {"start": f"{start['model']}, step {start['step']}, sha256 {start['sha256'][:12]}"}
        first = {"model": config["start"], **{k: start["dataset"].get(k) for k in ("digest", "kicks", "sources")}}
        dataset["before"] = [first, *start["dataset"].get("before", [])]
    return ModelInfo(
        config["name"], player.latent, channels=2 if player.stereo else 1, version=__version__, step=step,
        config=config, dataset=dataset, limits={} if limits is None else limits.to_data(), **player.control_info,
    )  # fmt: skip


def to_onnx(player: Player, info: ModelInfo) -> bytes:
    """The player as an ONNX graph with a free batch: eps [B, latent] -> waveform [B, channels, T].

    A player with controls has more inputs and gives its latents too: see `kickitout.generation.onnx_backend`.
    """
    feed = {"eps": torch.zeros(2, player.latent)}
    names = ["waveform"]
    if info.latent_size:
        feed |= {"latent": torch.zeros(2, info.latent_size), "given": torch.zeros(2, 1)}
        feed |= {"knobs": torch.zeros(2, len(info.controls))}
        names += ["place"]
    return graph_bytes(player, feed, names, info.to_json())


def encoder_to_onnx(listener: torch.nn.Module, info: ModelInfo, digest: str) -> bytes:
    """The encoder as an ONNX graph: see `kickitout.generation.invert`. digest: of its model."""
    wave = torch.zeros(2, LENGTH) if info.channels == 1 else torch.zeros(2, 2, LENGTH)
    feed = {"wave": wave, "contour": torch.zeros(2, CONTOUR)}
    metadata = json.dumps(json.loads(info.to_json()) | {"model_sha256": digest}, sort_keys=True)
    return graph_bytes(listener, feed, ["place"], metadata)


def graph_bytes(
    module: torch.nn.Module, feed: dict[str, torch.Tensor], outputs: list[str], metadata: str, key: str = METADATA_KEY
) -> bytes:
    """A module as an ONNX graph with a free batch, the metadata inside under `key`; the same bytes on every machine.

    feed: an input of two rows for each name.
    """
    batch = torch.export.Dim("batch", min=1, max=4096)
    exporter_log = logging.getLogger("torch.onnx")
    level = exporter_log.level
    exporter_log.setLevel(logging.ERROR)  # it warns of packages that are not installed and not needed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module.cpu().eval(), tuple(feed.values()), dynamo=True, verbose=False, input_names=list(feed),
                output_names=outputs, dynamic_shapes=tuple({0: batch} for _ in feed), optimize=False,
            )  # fmt: skip
            # Batch norms stay beside their convolutions (a runtime joins them in a moment), so that weights keep their
            # names and their short numbers: a graph can be trained on, see `kickitout.training.start`.
            weights = {name for name, _ in module.named_parameters()}
            proto = _tidied(program.model_proto, weights)  # type: ignore[union-attr]  # None only for the deprecated exporter
    finally:
        exporter_log.setLevel(level)
    for node in proto.graph.node:  # traces of the machine that exported: stack frames with its paths
        del node.metadata_props[:]
        node.doc_string = ""
    proto.producer_name, proto.producer_version = "kickitout", __version__
    _store_short(proto)
    entry = proto.metadata_props.add()
    entry.key, entry.value = key, metadata
    return proto.SerializeToString(deterministic=True)


def _tidied(proto: Any, weights: set[str]) -> Any:
    """Functions written out, constants computed, what nobody reads left out.

    What is made of weights stays to be made (a runtime does it once, as it opens the file), for the same reason.
    """
    from onnxscript import ir, optimizer

    model = ir.from_proto(proto)
    optimizer.inline(model)
    optimizer.fold_constants(
        model, should_fold=lambda node: False if any(x is not None and x.name in weights for x in node.inputs) else None
    )
    optimizer.remove_unused_nodes(model)
    return ir.to_proto(model)


def _store_short(proto: Any) -> None:
    """Store each large table in half the bytes or fewer where its numbers stay exact, with a cast behind it."""
    import onnx
    from onnx import numpy_helper

    kinds = {onnx.TensorProto.FLOAT: np.float16, onnx.TensorProto.INT64: np.int16}
    casts = []
    for tensor in proto.graph.initializer:
        if tensor.data_type not in kinds or math.prod(tensor.dims) < FEWEST_SHORTENED:
            continue
        values = numpy_helper.to_array(tensor)
        short = values.astype(kinds[tensor.data_type])
        if not np.array_equal(short.astype(values.dtype), values):
            continue
        name, kind = tensor.name, tensor.data_type
        tensor.CopyFrom(numpy_helper.from_array(short, f"{name}{SHORT}"))
        casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=kind))
    nodes = list(proto.graph.node)
    del proto.graph.node[:]
    proto.graph.node.extend([*casts, *nodes])


def to_safetensors(player: Player, info: ModelInfo) -> bytes:
    """The generator's weights with the metadata, for players that need torch."""
    from safetensors.torch import save

    tensors = {k: v.detach().cpu().contiguous() for k, v in player.generator.state_dict().items()}
    return save(tensors, metadata={METADATA_KEY: info.to_json()})


def write_model(player: Player, info: ModelInfo, folder: Path) -> Path:
    """Write the finished model into a folder: model.onnx, or model.safetensors. Returns the file.

    A model that can start from a sound has model.encoder.onnx beside it.
    """
    if player.representation.exportable:
        data = to_onnx(player, info)
        if player.encoder is not None:
            beside = encoder_to_onnx(player.encoder, info, graph_identity(data, "the graph just made"))
            write_whole(folder / "model.encoder.onnx", beside, durable=True)
        return write_whole(folder / "model.onnx", data, durable=True)
    return write_whole(folder / "model.safetensors", to_safetensors(player, info), durable=True)
