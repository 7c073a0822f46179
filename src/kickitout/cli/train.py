"""Learn a folder of kicks. Ctrl-C saves and stops; the same command goes on.

kick train my-kicks/ --budget 30m --out runs/a
kick train my-kicks/ more-kicks.zip --recipe dcgan --steps 500 --out runs/b
kick train my-snares/ --kind any --out runs/snares
torchrun --nproc-per-node 2 -m kickitout train my-kicks/ --out runs/a      on two processes, or several machines
"""

from __future__ import annotations

import argparse
import math
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

NAME, HELP = "train", "learn a folder of kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from kickitout.cli.values import duration, positive

    parser.add_argument("sounds", nargs="+", type=Path, metavar="FOLDER", help="folders, zip files or sound files")
    parser.add_argument("--recipe", default=None, help="how to train (default kickgan); `kick recipes` lists them")
    parser.add_argument("--kind", choices=("kick", "any"), default=None, help="any: snares, toms, claps, ... (kick)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the recipe")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--budget", type=duration, help="time of training, over all starts: 90s, 1h30m (default 20m)")
    length.add_argument("--steps", type=positive, help="steps to train, over all starts of the run")
    parser.add_argument("--out", type=Path, required=True, help="run folder; one that is there is gone on with")
    parser.add_argument("--threads", type=positive, default=None, help="default: all cores")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32", help="of the networks' sums")
    parser.add_argument(
        "--accumulate", type=positive, default=1, metavar="N", help="work a batch off in N parts: less memory"
    )


def run(args: argparse.Namespace) -> int:
    need_torch("kick train")
    import torch

    from kickitout.cli.progress import Watcher
    from kickitout.corpus.build import build_corpus
    from kickitout.training.engine import make_accelerator, together
    from kickitout.training.loop import Until, train
    from kickitout.training.recipe import DEFAULT_RECIPE, load_recipe
    from kickitout.training.run_folder import RunFolder

    if args.threads:
        torch.set_num_threads(args.threads)
    kind = [f"kind={args.kind}"] if args.kind else []
    recipe = load_recipe(args.recipe or DEFAULT_RECIPE, [*kind, *args.set])
    until = Until(args.steps, args.budget or (None if args.steps else 1200.0))
    accelerator = make_accelerator(args.device, args.precision, args.accumulate)
    together(accelerator, RunFolder(args.out).refuse_strangers)
    corpus = together(accelerator, lambda: build_corpus(args.sounds))
    first = accelerator.is_main_process
    if first:
        _say_what_was_read(corpus)
        print(f"recipe {recipe.name}: {recipe.about}", file=sys.stderr)
        _say_what_is_done(recipe, corpus)
    with Watcher(until) if first else nullcontext(lambda _: None) as watcher:
        result = train(corpus, recipe, args.out, until, accelerator=accelerator, watch=watcher)
    accelerator.end_training()
    if not first:
        return 130 if result.reason == "interrupted" or result.step == 0 else 0
    if result.step == 0:
        print("stopped before the first step; nothing was trained", file=sys.stderr)
        return 130
    _write_fingerprints(corpus, args.out)
    minutes = result.seconds / 60
    if result.reason == "stopped":
        print(f"stopped by the monitor: {result.why}", file=sys.stderr)
    against = f"held-out score {result.best_score:.3f} (real against real {result.floor:.3f}; lower is better)"
    if math.isnan(result.floor):
        against = f"score against all kicks {result.best_score:.3f} (lower is better; too few are held out)"
    print(
        f"{result.reason} at step {result.step} after {minutes:.1f} min; "
        f"the model is that of step {result.best_step}, {against}",
        file=sys.stderr,
    )
    if result.reason == "interrupted":
        print("everything is saved; the same command goes on from here", file=sys.stderr)
    print(f"hear it: kick generate -n 16 --model {args.out}", file=sys.stderr)
    return 130 if result.reason == "interrupted" else 0


def _write_fingerprints(corpus: Any, run: Path) -> None:
    """Beside the model, so that the studio can say which training kick a sound is nearest to."""
    from contextlib import suppress

    from kickitout.errors import UserError
    from kickitout.evaluation.fingerprints import MOST, Learned, learned_file, read_learned
    from kickitout.files import write_whole
    from kickitout.generation.load import IN_A_RUN

    model = next((run / part for part in IN_A_RUN if (run / part).exists()), None)
    if model is None:
        return
    if len(corpus) > MOST:
        print(f"no fingerprints of the training kicks: they are more than {MOST}", file=sys.stderr)
        return
    with suppress(UserError):  # there are none yet, or they are damaged
        if read_learned(learned_file(model)).digest == corpus.digest:
            return
    write_whole(learned_file(model), Learned.of_corpus(corpus).to_bytes())


def _say_what_is_done(recipe: Any, corpus: Any) -> None:
    from kickitout.corpus.build import is_wide, split
    from kickitout.corpus.forecast import forecast, load_curve

    kicks = len(split(corpus, recipe.held_out)[0])
    if variants := recipe.variants_for(kicks):
        print(f"  {variants} light variants of each of the {kicks} training kicks", file=sys.stderr)
    mono = recipe.model.family == "kickgan" and not recipe.model.stereo
    if mono and (wide := int(is_wide(corpus.waves, corpus.sides).sum())):
        hint = "the model will be mono; the recipe kickgan-stereo keeps the width"
        print(f"  stereo: {wide} of the {len(corpus)} kicks; {hint}", file=sys.stderr)
    if recipe.start != "none":
        print(f"  begins with the weights of {recipe.start}", file=sys.stderr)
        if recipe.kind == "kick":  # the curve was measured with kicks
            print(f"  {forecast(len({row.family for row in corpus.rows}), load_curve())}", file=sys.stderr)


def _say_what_was_read(corpus: Any) -> None:
    from kickitout.cli.values import count

    families = len({row.family for row in corpus.rows})
    kicks = f"{count(len(corpus.rows), 'kick')} in {count(families, 'family', 'families')}"
    print(f"{kicks}, digest {corpus.digest[:12]}", file=sys.stderr)
    for refused in corpus.refused[:10]:
        print(f"  refused: {refused.name}: {refused.reason}", file=sys.stderr)
    if len(corpus.refused) > 10:
        print(f"  and {len(corpus.refused) - 10} more, all in corpus.json of the run folder", file=sys.stderr)
    if corpus.ignored:
        kinds = ", ".join(f"{n} {suffix or 'without suffix'}" for suffix, n in sorted(corpus.ignored.items()))
        print(f"  ignored, not sounds: {kinds}", file=sys.stderr)
    for warning in corpus.warnings[:10]:
        print(f"  {warning}", file=sys.stderr)
    if len(corpus.warnings) > 10:
        print(f"  and {len(corpus.warnings) - 10} more, all in corpus.json of the run folder", file=sys.stderr)


def need_torch(what: str) -> None:
    """Raise UserError where the training extra is not installed."""
    from importlib.util import find_spec

    from kickitout.errors import UserError

    if find_spec("torch") is None or find_spec("accelerate") is None:
        raise UserError(f"{what}: needs the training extra; in the checkout: make train-env, or pip install '.[train]'")
