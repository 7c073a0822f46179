"""Score generated kicks against real ones: distances, coverage, spectra, cards, copies, with 95 % intervals.

kick score kicks/ --against my-kicks/                     a folder of sounds
kick score default --against my-kicks/ -n 512             kicks of the model in the package
kick score runs/a --against unseen/ --train my-kicks/     of a run, and whether it copies what it learned from
kick score default --against my-kicks/ --embedding clap.onnx --embedding-rate 48000     in an embedding of your own

An embedding of your own is an ONNX graph: waveforms, float32 [B, T], to points, float32 [B, D]; docs/embeddings.md says
what is done to a sound before. Nothing is downloaded.

Beside each score stands the same number of real kicks against real kicks; a set needs 64 sounds or more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from kickitout.datasets.build import Dataset
    from kickitout.metrics.embeddings import Embedding
    from kickitout.workers import Workers

HELP = "score generated kicks against real ones"
LISTED = 10  # copies on the terminal; all are in the JSON


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import positive
    from kickitout.cli.workers import add_workers

    paths = {"nargs": "+", "type": Path}
    parser.add_argument("generated", nargs="*", metavar="GENERATED", help="sounds, or a model: 'default', run or file")
    parser.add_argument("--against", required=True, metavar="REAL", help="folders of real kicks", **paths)  # type: ignore[arg-type]
    parser.add_argument("--train", metavar="FOLDER", help="what the model learned from: look for copies", **paths)  # type: ignore[arg-type]
    parser.add_argument("--pairs", type=Path, metavar="NEW", help="folder for the closest pairs, to listen to")
    parser.add_argument("-n", type=positive, default=None, help="kicks to make with a model (default 512)")
    parser.add_argument("--seed", type=int, default=0, help="of the resampling, and of the first kick (default 0)")
    parser.add_argument(
        "--embedding",
        action="append",
        metavar="NAME",
        help="bands, drum-type (default: both) or a FILE.onnx; repeatable",
    )
    parser.add_argument("--embedding-rate", type=positive, metavar="HZ", help="sample rate of a FILE.onnx")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write all figures")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_workers(parser, "processes that measure, one thread each (default: threads of this one, all cores)")


def run(args: argparse.Namespace) -> int:
    from kickitout.cli.workers import read_workers, workers_said
    from kickitout.datasets.build import read_dataset
    from kickitout.errors import UserError
    from kickitout.files import names_in
    from kickitout.metrics.embeddings import KNOWN_EMBEDDINGS, find_embeddings

    if not args.generated:
        raise UserError("nothing to score: name a folder of sounds or a model, for instance 'default'")
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: seeds are whole numbers from 0 on")
    if args.json is not None and args.json.exists() and not args.force:
        raise UserError(f"{args.json}: exists; --force replaces it")
    if args.pairs is not None and args.train is None:
        raise UserError("--pairs: pairs of sounds and training kicks; --train FOLDER says what was learned from")
    if args.pairs is not None and args.pairs.exists() and names_in(args.pairs):
        raise UserError(f"{args.pairs}: is not empty; name a new folder for the pairs")
    embeddings = find_embeddings(args.embedding or list(KNOWN_EMBEDDINGS), args.embedding_rate)
    real = read_dataset(args.against)
    data: dict[str, Any] = {
        "against": {"digest": real.digest, "kicks": len(real)},
        "embeddings": {e.name: e.about for e in embeddings},
    }
    for e in embeddings:
        print(f"{e.name}: {e.about}")
    with read_workers(args) as started:
        workers = started if workers_said(args) else None
        data |= _scored(args, real, embeddings, workers)
    if args.json is not None:
        import json

        from kickitout.files import write_whole

        write_whole(args.json, (json.dumps(data, indent=1, allow_nan=False) + "\n").encode())
    return 0


def _scored(
    args: argparse.Namespace, real: Dataset, embeddings: Sequence[Embedding], workers: Workers | None
) -> dict[str, Any]:

    from kickitout.datasets.build import read_dataset
    from kickitout.export.pairs import write_pairs
    from kickitout.metrics.memorisation import audit
    from kickitout.metrics.report import copies_score, score_sets, scores_as_data, scores_text

    waves, names, what = _generated(args.generated, args.n, args.seed)
    groups = real.groups
    scores = score_sets(
        waves, real.waves, seed=args.seed, embeddings=embeddings, groups=groups, workers=workers, reference=real.digest
    )
    if args.train is None:
        print(scores_text(scores))
        return scores_as_data(scores, generated=what)
    train = read_dataset(args.train)
    known = train.groups
    found = audit(waves, train.waves, known)
    scores.append(copies_score(found, scores[0].reference))
    print(scores_text(scores))
    for sound, kick, distance in found.pairs()[:LISTED]:
        print(f"  copy: {names[sound]} of {train.rows[kick].name}, distance {distance:.4f}")
    seen = int(audit(real.waves, train.waves, known).copies.sum())
    if seen:
        print(f"kick: {seen} of the {len(real)} real kicks are near a training kick themselves", file=sys.stderr)
    if args.pairs is not None:
        closest = found.closest(LISTED)
        write_pairs(args.pairs, [(names[i], waves[i], train.rows[j].name, train.waves[j], d) for i, j, d in closest])
        print(f"the {len(closest)} closest pairs, copies or not: {args.pairs}")
    data = scores_as_data(scores, found, generated=what, train={"digest": train.digest, "kicks": len(train)})
    data["near_copies"]["pairs"] = [[names[i], train.rows[j].name, d] for i, j, d in found.pairs()]
    return data | {"real_near_train": seen}


def _generated(named: list[str], count: int | None, seed: int) -> tuple[np.ndarray, list[str], dict[str, Any]]:
    """Sounds [n, T], their names, and where they come from."""
    from kickitout.datasets.build import COPY_OF, read_dataset
    from kickitout.errors import UserError
    from kickitout.generation.generate import generate
    from kickitout.generation.load import load_model

    if len(named) == 1 and _is_model(named[0]):
        model = load_model(named[0])
        seeds = range(seed, seed + (count or 512))
        waves = generate(seeds, model)
        what = {"model": model.info.name, "model_sha256": model.digest, "first_seed": seed, "kicks": len(seeds)}
        return (waves if waves.ndim == 2 else waves.mean(axis=1)), [f"seed {s}" for s in seeds], what
    if count is not None:
        raise UserError("-n: says how many kicks a model makes; of a folder all sounds are scored")
    dataset = read_dataset([Path(name) for name in named])
    at = {row.name: i for i, row in enumerate(dataset.rows)}
    rows, names = list(range(len(dataset))), [row.name for row in dataset.rows]
    for refused in dataset.refused:  # a generator that repeats itself must not gain by that
        original = refused.reason.removeprefix(COPY_OF)
        if refused.reason.startswith(COPY_OF) and original in at:
            rows.append(at[original])
            names.append(refused.name)
        else:
            print(f"kick: refused: {refused.name}: {refused.reason}", file=sys.stderr)
    return dataset.waves[rows], names, {"digest": dataset.digest, "kicks": len(rows)}


def _is_model(name: str) -> bool:
    from kickitout.generation.load import DEFAULT, IN_A_RUN

    path = Path(name)
    if path.is_dir():
        return any((path / part).exists() for part in (*IN_A_RUN, "config.json"))
    return name == DEFAULT or path.suffix in (".onnx", ".safetensors")
