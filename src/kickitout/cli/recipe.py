"""Print the recipe inside a file that kickitout wrote, or re-render the sound from it.

kick recipe kicks/kick_000007.wav
kick recipe kicks/kick_000007.wav --render again.wav
kick recipe kit/samples/kick01_F1_my-kick_v4_r1.wav --render again.wav --source my-kick.wav
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HELP = "print the recipe of a sound, or re-render it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sounds", nargs="+", type=Path, metavar="SOUND", help="sound files that kickitout made")
    parser.add_argument("--render", type=Path, default=None, metavar="FILE", help="re-render the sound, bit for bit")
    parser.add_argument("--model", default="default", help="the model it was made with (default 'default')")
    parser.add_argument(
        "--source",
        type=Path,
        default=None,
        help="the sound file it was made from",
    )
    parser.add_argument("--force", action="store_true", help="with --render: replace a file that is there")


def run(args: argparse.Namespace) -> int:
    from kickitout.audio import read_comment
    from kickitout.errors import UserError
    from kickitout.generation.recipe import read_recipe

    if args.render is not None and len(args.sounds) > 1:
        raise UserError("--render re-renders one sound; give one file")
    for path in args.sounds:
        comment = read_comment(path)
        recipe = read_recipe(comment, str(path))
        if args.render is None:
            print(comment)
        else:
            made = _render(recipe, comment, args, path)
            if not _same(path, made):
                said = f"{path}: its samples are not those of its recipe; {made} is the sound as it was made"
                print(said, file=sys.stderr)
            print(made)
    return 0


def _same(path: Path, made: Path) -> bool:
    from kickitout.audio import read_sound
    from kickitout.errors import UserError
    from kickitout.generation.recipe import same_samples

    try:
        a, b = read_sound(path), read_sound(made)
    except UserError:  # a damaged sound can still be re-rendered
        return False
    return a.rate == b.rate and same_samples(a.samples, b.samples)


def _render(recipe: dict[str, object], comment: str | None, args: argparse.Namespace, path: Path) -> Path:
    from kickitout.audio import open_for_reading
    from kickitout.export.kits.sound_file import is_of_kit
    from kickitout.export.sounds import SoundFormat, encode_kick, refuse_in_the_way
    from kickitout.files import make_folder, write_whole
    from kickitout.generation.load import load_model
    from kickitout.generation.recipe import re_render

    if is_of_kit(recipe):
        data = _render_of_kit(recipe, comment, args, path)
        refuse_in_the_way(args.render.parent, [args.render.name], force=args.force)
        make_folder(args.render.parent)
        return write_whole(args.render, data)
    form = SoundFormat(args.render.suffix.lower().lstrip(".") or "wav", str(recipe.get("bits", "24")),
                       int(str(recipe.get("rate", 44_100))))  # fmt: skip
    source = None
    if args.source is not None:
        with open_for_reading(args.source) as file:
            source = file.read()
    wave = re_render(recipe, load_model(args.model), str(path), source)
    refuse_in_the_way(args.render.parent, [args.render.name], force=args.force)
    make_folder(args.render.parent)
    return write_whole(args.render, encode_kick(recipe, wave, form, comment=comment)[1])


def _render_of_kit(recipe: dict[str, object], comment: str | None, args: argparse.Namespace, path: Path) -> bytes:
    from kickitout.audio import open_for_reading
    from kickitout.errors import UserError
    from kickitout.export.kits.sound_file import made_of, render_again
    from kickitout.generation.load import load_model

    if args.render.suffix.lower() != ".wav":
        raise UserError(f"{args.render}: the sounds of a kit are WAV files; choose a name that ends in .wav")
    name = made_of(recipe)
    if name is None:
        return render_again(recipe, str(path), model=load_model(args.model), comment=comment)
    if args.source is None:
        raise UserError(f"{path}: made from {name}; give that file with --source")
    with open_for_reading(args.source) as file:
        return render_again(recipe, str(path), source=file.read(), comment=comment)
