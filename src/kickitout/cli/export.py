"""Write the model of a run as one file, or as a web page that plays it in the browser.

kick export runs/a -o my-kicks.onnx    and my-kicks.encoder.onnx, where the model can start from a sound
kick export runs/a --web -o site/      a static page with the model inside; try it: python -m http.server -d site
kick export --web -o site/             the same with the model in the package

The page needs no server of its own and asks no other machine. To write it, npm fetches ONNX Runtime's browser build.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import kickitout
from kickitout.errors import UserError

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
    if args.web:
        print(kickitout.write_site(args.run_folder or "default", args.out, runtime=args.runtime, force=args.force))
        return 0
    if args.run_folder is None or args.runtime is not None:
        raise UserError("give the run folder to export, or --web for a page with the model in the package")
    for path in kickitout.export_model(args.run_folder, args.out, force=args.force):
        print(path)
    return 0
