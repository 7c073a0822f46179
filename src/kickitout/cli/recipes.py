"""List the recipes, or print one with every key resolved.

kick recipes
kick recipes dcgan --set batch=32
"""

from __future__ import annotations

import argparse

NAME, HELP = "recipes", "list the training recipes, or print one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a recipe of the package, or a .yaml file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key")


def run(args: argparse.Namespace) -> int:
    from kickitout.cli.train import need_torch

    need_torch("kick recipes")
    import yaml

    from kickitout.training.recipe import load_recipe, recipe_names

    if args.name is None:
        for name in recipe_names():
            print(f"{name}: {load_recipe(name).about}")
    else:
        print(yaml.safe_dump(load_recipe(args.name, args.set).model_dump(mode="json"), sort_keys=False), end="")
    return 0
