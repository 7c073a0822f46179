"""List the training configs, or print one with every key resolved.

kick configs
kick configs dcgan --set batch=32
"""

from __future__ import annotations

import argparse

import kickitout

HELP = "list the training configs, or print one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a config of the package, or a .yaml file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key")


def run(args: argparse.Namespace) -> int:
    if args.name is None:
        for name, about in kickitout.configs().items():
            print(f"{name}: {about}")
        return 0
    resolved = kickitout.resolve_config(args.name, args.set)
    import yaml

    print(yaml.safe_dump(resolved, sort_keys=False), end="")
    return 0
