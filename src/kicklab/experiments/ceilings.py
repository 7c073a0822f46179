"""What real kicks lose in each representation: encode, decode, finish as every player does, compare.

No generator can be expected to sound better than its representation makes a real kick sound, so every score of a model
is read against its representation's ceiling.

kick lab measure ceilings my-kicks/ --image ceiling.png
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from kickitout.cli.values import positive
from kickitout.datasets.build import read_dataset
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.files import check_new_file, write_whole
from kickitout.models.player import finishing
from kickitout.representations import REPRESENTATIONS, make_representation
from kickitout.sound import SAMPLE_RATE
from kickitout.text import columns
from kickitout.training.sheet import png_of
from kicklab.markdown import median_text
from kicklab.spectra import log_spectral_distance, signal_to_noise

KICKS_AT_ONCE = 16  # kicks a batch


class RoundTripScore(NamedTuple):
    """One measurement of a round trip."""

    name: str
    unit: str
    meaning: str
    measure: Callable[[np.ndarray, np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]], np.ndarray]


ROUND_TRIP_SCORES = (
    RoundTripScore("snr", "dB", "signal over difference", lambda r, d, _, __: signal_to_noise(r, d)),
    RoundTripScore("lsd", "dB", "log-spectral distance", lambda r, d, _, __: log_spectral_distance(r, d)),
    RoundTripScore("click", "dB", "error of the click's level",
           lambda _, __, r, d: np.abs(d["click_level_db"] - r["click_level_db"])),
    RoundTripScore("attack", "ms", "error of the attack", lambda _, __, r, d: np.abs(d["attack_ms"] - r["attack_ms"])),
    RoundTripScore("pitch", "cents", "error of the end pitch",
           lambda _, __, r, d: 1200 * np.abs(np.log2(d["pitch_end_hz"] / r["pitch_end_hz"]))),
    RoundTripScore("pre-echo", "dB", "level before the onset", lambda _, __, ___, d: d["pre_echo_db"]),
)  # fmt: skip


class Ceiling(NamedTuple):
    """The round trips of n kicks through one representation."""

    representation: str
    shape: tuple[int, int, int]
    values: dict[str, np.ndarray]  # column -> [n]; NaN where the card has no value
    encode_ms: float  # a kick
    decode_ms: float


def ceilings(waves: np.ndarray, names: Sequence[str] | None = None) -> list[Ceiling]:
    """[n, T] kicks through every representation as it is by default (or those in `names`); first the kicks."""
    before = cards(waves).values
    found = [_ceiling("none (the kicks)", (1, 1, waves.shape[1]), waves, waves, before, 0.0, 0.0)]
    for name in names or REPRESENTATIONS:
        representation = make_representation(REPRESENTATIONS[name]())
        decoded, encode_s, decode_s = _round_trip(representation, waves)
        per_kick = 1000 / len(waves)
        found.append(
            _ceiling(
                name,
                representation.representation_shape,
                waves,
                decoded,
                before,
                encode_s * per_kick,
                decode_s * per_kick,
            )
        )
    return found


def _round_trip(representation: Any, waves: np.ndarray) -> tuple[np.ndarray, float, float]:
    out, encode_s, decode_s = np.empty_like(waves), 0.0, 0.0
    player = finishing(representation)
    with torch.inference_mode():
        player.sound(representation.encode(torch.from_numpy(waves[:1])))  # warm up
        for i in range(0, len(waves), KICKS_AT_ONCE):
            at = time.perf_counter()
            encoded = representation.encode(torch.from_numpy(waves[i : i + KICKS_AT_ONCE]))
            middle = time.perf_counter()
            out[i : i + KICKS_AT_ONCE] = player.sound(encoded)[:, 0].numpy()
            encode_s, decode_s = encode_s + middle - at, decode_s + time.perf_counter() - middle
    return out, encode_s, decode_s


def _ceiling(
    name: str, shape: tuple[int, int, int], real: np.ndarray, decoded: np.ndarray, before: dict[str, np.ndarray],
    encode_ms: float, decode_ms: float,
) -> Ceiling:  # fmt: skip
    after = cards(decoded).values
    values = {c.name: c.measure(real, decoded, before, after) for c in ROUND_TRIP_SCORES}
    return Ceiling(name, shape, values, encode_ms, decode_ms)


def ceilings_text(found: Sequence[Ceiling]) -> str:
    """A table: median over the kicks, with its 95 % interval."""
    head = ["representation", "shape", *(f"{c.name} [{c.unit}]" for c in ROUND_TRIP_SCORES), "ms a kick, in + out"]
    rows = [head]
    for f in found:
        cells = [f.representation, " x ".join(str(n) for n in f.shape)]
        cells += [_median_cell(f.values[c.name]) for c in ROUND_TRIP_SCORES]
        rows.append([*cells, f"{f.encode_ms:.2f} + {f.decode_ms:.2f}"])
    return f"{columns(rows)}\n\n{'; '.join(f'{c.name}: {c.meaning}' for c in ROUND_TRIP_SCORES)}"


def _median_cell(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return median_text(known, ".3g", none="undefined") + ("" if len(known) == len(values) else f" n={len(known)}")


def ceilings_as_data(found: Sequence[Ceiling]) -> list[dict[str, Any]]:
    """Every value of every kick, ready for JSON (NaN as null)."""
    return [
        {
            "representation": f.representation,
            "shape": f.shape,
            "encode_ms": f.encode_ms,
            "decode_ms": f.decode_ms,
            "values": {k: [None if not np.isfinite(x) else float(x) for x in v] for k, v in f.values.items()},
        }
        for f in found
    ]


def ceilings_png(wave: np.ndarray) -> bytes:
    """One kick [T] in every representation: its image, and 60 ms of waveform before and after the round trip."""
    figure = Figure((4 * len(REPRESENTATIONS), 6), dpi=100, layout="constrained")
    axes = figure.subplots(2, len(REPRESENTATIONS), squeeze=False)
    shown = SAMPLE_RATE * 60 // 1000
    ms = np.arange(shown) / SAMPLE_RATE * 1000
    for column, name in enumerate(REPRESENTATIONS):
        representation = make_representation(REPRESENTATIONS[name]())
        with torch.inference_mode():
            encoded = representation.encode(torch.from_numpy(wave[None]))
            decoded = finishing(representation).sound(encoded)[0, 0].numpy()
        image = encoded[0, 0] if encoded.shape[2] > 1 else encoded[0, :, 0]
        above, below = axes[0, column], axes[1, column]
        colours = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1} if representation.phase == "kept" else {"cmap": "magma"}
        above.imshow(image.numpy(), origin="lower", aspect="auto", extent=(0, 500, 0, image.shape[0]), **colours)
        above.set(
            title=f"{name}: {' x '.join(map(str, representation.representation_shape))}", xlabel="ms", ylabel="row"
        )
        below.plot(ms, wave[:shown], color="0.6", linewidth=2.5, label="real")
        below.plot(ms, decoded[:shown], color="#d55e00", linewidth=1, label="decoded")
        snr = signal_to_noise(wave[None], decoded[None])[0]
        below.set(title=f"SNR {snr:.1f} dB", xlabel="ms", ylim=(-1.1, 1.1))
        below.legend(loc="upper right", fontsize=8)
    return png_of(figure)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")
    parser.add_argument("-n", type=positive, default=None, help="at most so many kicks, spread over the folder")
    parser.add_argument("--image", type=Path, default=None,
                        help="draw one kick in every representation (PNG)")  # fmt: skip
    parser.add_argument("--json", type=Path, default=None, help="write the figures of every kick")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> Iterator[str]:
    if args.image is not None and args.image.suffix != ".png":
        raise UserError(f"{args.image}: the image is a PNG; give a name that ends in .png")
    for path in (args.image, args.json):
        check_new_file(path, force=args.force)
    dataset = read_dataset(args.sounds)
    count = min(args.n or len(dataset.waves), len(dataset.waves))
    waves = dataset.waves[np.linspace(0, len(dataset.waves) - 1, count).astype(int)]
    found = ceilings(waves)
    kicks = f"{count} kick{'s' * (count > 1)}"
    yield f"```\n{kicks}, dataset digest {dataset.digest[:12]}; median over the kicks, 95 % interval in brackets\n"
    yield f"{ceilings_text(found)}\n```"
    if args.json is not None:
        write_whole(args.json, (json.dumps(ceilings_as_data(found), indent=1) + "\n").encode())
    if args.image is not None:
        print(write_whole(args.image, ceilings_png(waves[count // 2])), file=sys.stderr)
