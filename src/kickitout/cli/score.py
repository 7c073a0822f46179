"""Score generated kicks against real ones: distances, coverage, spectra, cards, near-copies, with 95 % intervals.

kick score kicks/ --against my-kicks/                     a folder of sounds
kick score default --against my-kicks/ -n 512             kicks of the model in the package
kick score runs/a --against unseen/ --train my-kicks/     of a run, and whether it copies what it learned from
kick score --ladder --against my-kicks/                   which score sees which fault, on these kicks
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

    from kickitout.corpus.build import Corpus
    from kickitout.evaluation.embeddings import Embedding
    from kickitout.workers import Workers

NAME, HELP = "score", "score generated kicks against real ones"
LISTED = 10  # near-copies on the terminal; all are in the JSON


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
    parser.add_argument("--ladder", action="store_true", help="degrade the real kicks: which score sees what")
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
    from kickitout.corpus.build import build_corpus
    from kickitout.errors import UserError
    from kickitout.evaluation.embeddings import NAMED, find_embeddings
    from kickitout.files import names_in

    if not args.generated and not args.ladder:
        raise UserError("nothing to score: name a folder of sounds or a model, for instance 'default'")
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: seeds are whole numbers from 0 on")
    if args.json is not None and args.json.exists() and not args.force:
        raise UserError(f"{args.json}: exists; --force replaces it")
    if args.pairs is not None and args.train is None:
        raise UserError("--pairs: pairs of sounds and training kicks; --train FOLDER says what was learned from")
    if args.pairs is not None and args.pairs.exists() and names_in(args.pairs):
        raise UserError(f"{args.pairs}: is not empty; name a new folder for the pairs")
    embeddings = find_embeddings(args.embedding or list(NAMED), args.embedding_rate)
    real = build_corpus(args.against)
    data: dict[str, Any] = {
        "against": {"digest": real.digest, "kicks": len(real)},
        "embeddings": {e.name: e.about for e in embeddings},
    }
    for e in embeddings:
        print(f"{e.name}: {e.about}")
    with read_workers(args) as started:
        workers = started if workers_said(args) else None
        if args.generated:
            data |= _score(args, real, embeddings, workers)
        if args.ladder:
            data["ladder"] = _ladder(args, real, embeddings, workers)
    if args.json is not None:
        import json

        from kickitout.files import write_whole

        write_whole(args.json, (json.dumps(data, indent=1, allow_nan=False) + "\n").encode())
    return 0


def _score(
    args: argparse.Namespace, real: Corpus, embeddings: Sequence[Embedding], workers: Workers | None
) -> dict[str, Any]:

    from kickitout.corpus.build import build_corpus
    from kickitout.evaluation.memorisation import audit
    from kickitout.evaluation.report import copies_score, score_sets, scores_as_data, scores_text
    from kickitout.export.pairs import write_pairs

    waves, names, what = _generated(args.generated, args.n, args.seed)
    groups = real.families
    scores = score_sets(
        waves, real.waves, seed=args.seed, embeddings=embeddings, groups=groups, workers=workers, reference=real.digest
    )
    if args.train is None:
        print(scores_text(scores))
        return scores_as_data(scores, generated=what)
    train = build_corpus(args.train)
    families = train.families
    found = audit(waves, train.waves, families)
    scores.append(copies_score(found, scores[0].reference))
    print(scores_text(scores))
    for sound, kick, distance in found.pairs()[:LISTED]:
        print(f"  near-copy: {names[sound]} of {train.rows[kick].name}, distance {distance:.4f}")
    seen = int(audit(real.waves, train.waves, families).copies.sum())
    if seen:
        print(f"kick: {seen} of the {len(real)} real kicks are near a training kick themselves", file=sys.stderr)
    if args.pairs is not None:
        closest = found.closest(LISTED)
        write_pairs(args.pairs, [(names[i], waves[i], train.rows[j].name, train.waves[j], d) for i, j, d in closest])
        print(f"the {len(closest)} closest pairs, near-copies or not: {args.pairs}")
    data = scores_as_data(scores, found, generated=what, train={"digest": train.digest, "kicks": len(train)})
    data["near_copies"]["pairs"] = [[names[i], train.rows[j].name, d] for i, j, d in found.pairs()]
    return data | {"real_near_train": seen}


def _generated(named: list[str], count: int | None, seed: int) -> tuple[np.ndarray, list[str], dict[str, Any]]:
    """Sounds [n, T], their names, and where they come from."""
    from kickitout.corpus.build import COPY, build_corpus
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
    corpus = build_corpus([Path(name) for name in named])
    at = {row.name: i for i, row in enumerate(corpus.rows)}
    rows, names = list(range(len(corpus))), [row.name for row in corpus.rows]
    for refused in corpus.refused:  # a generator that repeats itself must not gain by that
        original = refused.reason.removeprefix(COPY)
        if refused.reason.startswith(COPY) and original in at:
            rows.append(at[original])
            names.append(refused.name)
        else:
            print(f"kick: refused: {refused.name}: {refused.reason}", file=sys.stderr)
    return corpus.waves[rows], names, {"digest": corpus.digest, "kicks": len(rows)}


def _is_model(name: str) -> bool:
    from kickitout.generation.load import DEFAULT, IN_A_RUN

    path = Path(name)
    if path.is_dir():
        return any((path / part).exists() for part in (*IN_A_RUN, "recipe.json"))
    return name == DEFAULT or path.suffix in (".onnx", ".safetensors")


def _ladder(
    args: argparse.Namespace, real: Corpus, embeddings: Sequence[Embedding], workers: Workers | None
) -> list[dict[str, Any]]:
    import numpy as np

    from kickitout.evaluation.ladder import ladder, ladder_text

    groups = real.families
    rungs = ladder(real.waves, groups, embeddings, seed=args.seed, workers=workers)
    print(("\n" if args.generated else "") + ladder_text(rungs))
    return [
        {
            "fault": r.fault,
            "score": r.score,
            "values": [v if np.isfinite(v) else None for v in r.values],
            "sees": r.sees,
        }
        for r in rungs
    ]
