"""Variations of kicks: your own, or some that kickitout made.

kick vary my_kick.wav -n 8 --amount 0.3 -o variations/
kick vary my_kick.wav -n 8 --keep click -o bodies/      # the file's click, new bodies; --keep body: the reverse
kick vary my_kick.wav -n 4 --note F1 --decay 150ms      # in another key, and of another length, with the errors
kick vary mine/ --amount 0 --note F1 -o in-f/           # the kicks themselves there, as the model makes them
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import kickitout
from kickitout.cli.options import add_format, add_length, add_model, format_of, length_of
from kickitout.cli.progress import pitch_text, print_made
from kickitout.cli.suspected import say_suspected
from kickitout.cli.targets import TargetTally, add_request, read_request
from kickitout.cli.values import many
from kickitout.errors import UserError
from kickitout.suffixes import SOUND_FILES

if TYPE_CHECKING:
    from kickitout.generation import Kick
    from kickitout.generation.targets import TargetRequest

HELP = "make variations of kicks"
USUAL = 8  # variations of a kick


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", type=Path, nargs="+", metavar="FILE", help="kicks: sound files, or folders of them")
    parser.add_argument("-n", type=many, default=None, help=f"how many of each (default {USUAL}; with --amount 0 one)")
    parser.add_argument(
        "--amount",
        type=float,
        default=None,
        help="0: the same kick, 1: as far as kicks are apart, 2 at most (default 0.3; with --keep 1)",
    )
    parser.add_argument(
        "--keep", choices=("click", "body"), default=None, help="keep this part of the file as it is; the rest is new"
    )
    parser.add_argument("--seed", type=int, default=0, help="the first seed; the others follow it (default 0)")
    add_model(parser)
    add_request(parser, tries=False, steady=False)
    parser.add_argument("--tries", default=None, help=argparse.SUPPRESS)  # refused in words of their own
    parser.add_argument("--steady", action="store_true", help=argparse.SUPPRESS)
    add_length(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("variations"), help="folder (default variations/)")
    add_format(parser)


def run(args: argparse.Namespace) -> int:
    if args.tries is not None or args.steady:
        flag = "--steady" if args.steady else "--tries"
        raise UserError(f"{flag}: a variation is one kick, and no others are tried for it; --seed gives others")
    request = read_request(args)
    if args.keep and request:
        raise UserError("--keep: a part of the file stays as it is, and targets move a whole kick; give one of both")
    if args.amount == 0 and (args.n or 1) > 1:
        raise UserError(f"-n {args.n}: with --amount 0 every variation is the same kick; leave out -n, or vary it")
    labels: dict[str, Path] = {}
    named, given = _sounds(args.sounds, args.out), set(args.sounds)
    for sound, label in named:
        if (other := labels.setdefault(label, sound)) is not sound:
            of_both = "what comes of both would have one name"
            raise UserError(f"{other} and {sound}: {of_both}; give one of them an --out of its own")
    if any(
        sound not in given for sound, _ in named
    ):  # what is wrong with the command is said once, and not of each file
        how = {"amount": args.amount} if args.amount is not None else {}
        kickitout.vary({"seed": 0}, [args.seed], model=args.model, targets=request, **how, **length_of(args))
    made: list[Kick] = []
    left_out: list[str] = []  # of folders, what is no kick

    def varied() -> Iterator[Kick]:
        """Nothing is made before how it is written has been checked."""
        for sound, label in named:
            try:
                kicks = _varied(args, sound, request)
            except UserError as error:
                if sound in given:
                    raise
                said = str(error)
                left_out.append(said if said.startswith(str(sound)) else f"{sound}: {said}")
                continue
            kicks = [kick._replace(name=kick.name.replace(sound.stem, label, 1)) for kick in kicks]
            made.extend(kicks)
            yield from kicks

    tally = TargetTally()
    paths = kickitout.write_kicks(varied(), args.out, **format_of(args), force=args.force)
    for path, kick in zip(paths, made, strict=True):
        print_made(f"{path}  {tally.add(path.stem, kick.match, path) if kick.match else _heard(kick)}")
    tally.say()
    for reason in left_out:
        print(f"left out: {reason}", file=sys.stderr)
    if not made:
        with suppress(OSError):
            args.out.rmdir()  # which is empty
        raise UserError("nothing is left of what was given; see above")
    return 0


def _sounds(given: Sequence[Path], out: Path) -> list[tuple[Path, str]]:
    """Sound files as they are given, and those in folders, in the order of their names, but for those that are given
    themselves, and what lies in an `out` inside; each with what its variations are named by: its name, and in a folder
    with several of that name the folders that lead to it, too. Raises UserError for a folder without any."""
    found = [(path, path.stem) for path in given if not path.is_dir()]
    known, made = {path.resolve() for path, _ in found}, out.resolve()
    for path in (path for path in given if path.is_dir()):
        inside = sorted(one for one in path.rglob("*") if one.suffix.lower() in SOUND_FILES and one.is_file())
        shown = [one for one in inside if not any(part.startswith(".") for part in one.relative_to(path).parts)]
        new = [one for one in shown if path.resolve() not in made.parents or made not in one.resolve().parents]
        if not new:
            raise UserError(f"{path}: no sound file in it; give a folder of kicks, or a sound file")
        stems = Counter(one.stem for one in new)
        for one in (one for one in new if one.resolve() not in known):
            whole = "_".join(one.relative_to(path).with_suffix("").parts)
            found.append((one, whole if stems[one.stem] > 1 else one.stem))
        known |= {one.resolve() for one in new}
    return found


def _varied(args: argparse.Namespace, sound: Path, request: TargetRequest) -> list[Kick]:
    """The variations of one sound, and on stderr what is to be said of it."""
    n = args.n or (1 if args.amount == 0 else USUAL)
    seeds, how = range(args.seed, args.seed + n), {"model": args.model} | length_of(args)
    if args.amount is not None:
        how["amount"] = args.amount
    if args.keep:
        kicks = kickitout.inpaint(sound, seeds, args.keep, **how)
    else:
        kicks = kickitout.vary(sound, seeds, targets=request, **how)
    print(f"{sound}: {kicks[0].said}", file=sys.stderr)
    say_suspected(sound)
    return kicks


def _heard(kick: Kick) -> str:
    """What a kick measures, beside the name of its file."""
    card = kick.card
    pitch, decay = float(card["pitch_end_hz"]), float(card["decay_t20_ms"])
    return pitch_text(pitch) + ("" if math.isnan(decay) else f", falls by 20 dB in {decay:.0f} ms")
