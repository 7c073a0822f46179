"""Open the studio: a page on this machine to play, shape, compare and save kicks.

kick studio --open                       in your browser, with the model in the package
kick studio --model runs/a --port 9000   another model, another port
kick studio --train my-kicks/            show the nearest training kick, too

It answers on 127.0.0.1 alone, fetches nothing from anywhere, and keeps nothing but what you train in it, below --runs.
Ctrl-C ends it; a training goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import kickitout

HELP = "open a page to play, shape and save kicks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="default", help="a run folder, a model file, or 'default'")
    parser.add_argument("--port", type=int, default=8808, help="of 127.0.0.1; 0 takes any that is free (default 8808)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--train", type=Path, default=None, metavar="FOLDER", help="the kicks that the model learned")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="where the page trains models (default runs)"
    )


def run(args: argparse.Namespace) -> int:
    def ready(address: str) -> None:
        print(f"{address}  (Ctrl-C ends it)", flush=True)
        if args.open:
            import webbrowser

            webbrowser.open(address)

    try:
        kickitout.serve(args.model, args.port, train=args.train, runs=args.runs, ready=ready)
    except KeyboardInterrupt:  # the way to end it
        return 0
    return 0
