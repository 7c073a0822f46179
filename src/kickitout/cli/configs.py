"""List the training configs, or print one with every key resolved.

kick configs
kick configs dcgan --set batch=32
"""

from __future__ import annotations

import argparse

HELP = "list the training configs, or print one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a config of the package, or a .yaml file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key")


def run(args: argparse.Namespace) -> int:
    from kickitout.errors import need_extra

    need_extra("kick configs", "train", "torch", "accelerate")
    import yaml

    from kickitout.training.config import config_names, load_config

    if args.name is None:
        for name in config_names():
            print(f"{name}: {load_config(name).about}")
    else:
        print(yaml.safe_dump(load_config(args.name, args.set).model_dump(mode="json"), sort_keys=False), end="")
    return 0
