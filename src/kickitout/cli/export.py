"""Write the model of a run as one file, with another name or to another place.

kick export runs/a -o my-kicks.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path

NAME, HELP = "export", "write the model of a run as one file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, help="the folder that `kick train` wrote")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the model file to write")
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(args: argparse.Namespace) -> int:
    from kickitout.errors import UserError
    from kickitout.files import check_place, write_whole
    from kickitout.generation.load import find_model_file, load_model

    source = find_model_file(args.run_folder)
    if args.out.suffix != source.suffix:
        raise UserError(f"{args.out}: this run's model is a {source.suffix} file; give a name that ends in it")
    check_place(args.out, force=args.force)
    load_model(source)  # a damaged model is not passed on
    print(write_whole(args.out, source.read_bytes()))
    return 0
