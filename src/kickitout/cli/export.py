"""Write the model of a run as one file, or as a web page that plays it in the browser.

kick export runs/a -o my-kicks.onnx    and my-kicks.encoder.onnx, where the model can start from a sound
kick export runs/a --web -o site/      a static page with the model inside; try it: python -m http.server -d site
kick export --web -o site/             the same with the model in the package

The page needs no server of its own and asks no other machine. To write it, npm fetches ONNX Runtime's browser build.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write the model of a run as one file, or as a web page"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_folder", type=Path, nargs="?", default=None, help="the folder that `kick train` wrote, or a model file"
    )
    parser.add_argument("-o", "--out", type=Path, required=True, help="the model file, or the page's folder, to write")
    parser.add_argument("--web", action="store_true", help="a static page that plays the model in the browser")
    parser.add_argument("--runtime", type=Path, default=None, metavar="FILE.tgz", help="with --web: instead of npm")
    parser.add_argument("--force", action="store_true", help="replace what is there")


def run(args: argparse.Namespace) -> int:
    from kickitout.errors import UserError
    from kickitout.files import check_new_file, write_whole
    from kickitout.generation.invert import encoder_beside
    from kickitout.generation.load import find_model_file, load_model

    if args.web:
        return _web(args)
    if args.run_folder is None or args.runtime is not None:
        raise UserError("give the run folder to export, or --web for a page with the model in the package")
    source = find_model_file(args.run_folder)
    if args.out.suffix != source.suffix:
        raise UserError(f"{args.out}: this run's model is a {source.suffix} file; give a name that ends in it")
    ear, ear_out = encoder_beside(source), encoder_beside(args.out)
    for out in (args.out, ear_out):  # the encoder of another model would not fit
        check_new_file(out, force=args.force)
    load_model(source)  # a damaged model is not passed on
    if ear.exists():
        print(write_whole(ear_out, ear.read_bytes()))
    else:
        ear_out.unlink(missing_ok=True)
    print(write_whole(args.out, source.read_bytes()))
    return 0


def _web(args: argparse.Namespace) -> int:
    from kickitout.studio.site import write_site

    print(write_site(args.run_folder or "default", args.out, runtime=args.runtime, force=args.force))
    return 0
