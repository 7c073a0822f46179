"""The command `kick`: parse, call, print. Nothing heavy is imported before a command is chosen."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from kickitout._version import __version__
from kickitout.cli.console import console
from kickitout.cli.parser import Parser
from kickitout.cli.progress import nobody_reads
from kickitout.cli.values import path
from kickitout.errors import SaidElsewhere, UserError
from kickitout.files import explain_os_error

ABOUT = """Learn kick drums, and make new ones.

kick generate -n 16                             16 kicks into kicks/
kick train my-kicks/ --budget 20m --out run/    train on a folder; then: kick generate --model run/
kick COMMAND --help                             what a command does, with examples"""
COMMANDS = (
    "generate", "styles", "vary", "morph", "fit", "studio", "kit", "recipe", "check", "card", "train", "configs",
    "runs", "clean", "export", "synth", "score",
)  # fmt: skip
COMMAND_GROUP = "kickitout.commands"  # of the entry points by which other packages add commands


def command_modules() -> dict[str, str]:
    """Name of a command -> its module: those of this package, and those that other packages add, by name.

    importlib.metadata finds entry points too, but takes longer to import than all else that `kick --help` does.
    """
    added: dict[str, str] = {}
    for folder in sys.path:
        with suppress(OSError), os.scandir(folder or os.curdir) as entries:  # an archive, or not there
            for entry in entries:
                if entry.name.endswith(".dist-info"):
                    with suppress(OSError, UnicodeDecodeError):
                        added = entry_points(Path(entry.path, "entry_points.txt").read_text("utf-8")) | added
    return dict(sorted(added.items())) | {name: f"{__name__}.{name}" for name in COMMANDS}


def entry_points(text: str) -> dict[str, str]:
    """Name -> module, of the group COMMAND_GROUP in an entry_points.txt.

    >>> entry_points("[console_scripts]\\na = b:c\\n\\n[kickitout.commands]\\nstudy = other.study\\n")
    {'study': 'other.study'}
    """
    lines = text.partition(f"[{COMMAND_GROUP}]")[2].partition("\n[")[0].splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name.strip(): module.strip() for name, _, module in pairs}


def build_parser(words: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The parser of `kick`, with one sub-parser a command. words: what it shall parse; it then knows the arguments of
    the commands that are named there, which is quicker."""
    parser = Parser(prog="kick", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"kickitout {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    only = words[0] if words else ""
    known = {only: f"{__name__}.{only}"} if only in COMMANDS else command_modules()
    for name in sorted(known, key=lambda name: name not in COMMANDS):  # our own first
        try:
            module: Any = import_module(known[name])
        except ModuleNotFoundError as error:
            if error.name and known[name].startswith(error.name):
                continue  # of a package that is no longer there
            raise
        layout = argparse.RawDescriptionHelpFormatter
        sub = commands.add_parser(name, help=module.HELP, description=module.__doc__, formatter_class=layout)
        sub.register("type", Path, path)  # an empty name is no path, in any command
        if words is None or name in words:
            module.add_arguments(sub)
        sub.set_defaults(run=module.run, parser=sub)
    return parser


def age_of_process() -> float:
    """Seconds since this process was started; the processor time it has used where the system does not say."""
    try:
        with open("/proc/self/stat") as stat:
            ticks = int(stat.read().rpartition(")")[2].split()[19])  # proc(5): starttime, the 22nd
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return time.process_time()


class Terminated(KeyboardInterrupt):
    """What SIGTERM raises: a command ends as after Ctrl-C, and leaves nothing half-written."""


@contextmanager
def _terminable() -> Iterator[None]:
    asked = False

    def terminate(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        raise Terminated

    try:
        old = signal.signal(signal.SIGTERM, terminate)
    except ValueError:  # not in the main thread: whoever runs the command there handles signals
        yield
        return
    try:
        yield
    except Exception as error:
        if asked:  # in the middle of an import: a module in C makes an ImportError of it
            raise Terminated from error
        raise
    finally:
        signal.signal(signal.SIGTERM, old)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns its exit code: 0, 2 for bad input, 130 after Ctrl-C, 143 after SIGTERM.

    A bug keeps its traceback.
    """
    with console():
        began = time.monotonic() - (age_of_process() if argv is None else 0.0)
        return _main(sys.argv[1:] if argv is None else argv, began)


def _main(argv: Sequence[str], began: float) -> int:
    try:
        if not argv:
            build_parser(argv).print_help()
            return 0
        args, unknown = build_parser(argv).parse_known_args(argv)
        if unknown:
            args.parser.unknown(unknown, _is_a_name(unknown))
        if getattr(args, "out", None) == Path("-"):
            raise UserError("--out -: sounds and models go into files, not to the standard output; give a name")
        args.began = began  # of the command; a budget of time counts from there
        with _terminable():
            code: int = args.run(args)
            sys.stdout.flush()
            return code
    except SaidElsewhere:
        return 2
    except UserError as error:
        print(f"kick: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("kick: stopped", file=sys.stderr)
        return 143 if isinstance(stop, Terminated) else 130
    except BrokenPipeError:  # `kick runs | head`: the reader has had enough
        nobody_reads()
        return 0
    except OSError as error:  # what the system refuses where nothing nearer has said it
        print(f"kick: {explain_os_error(error, error.filename or 'writing what is printed')}", file=sys.stderr)
        return 2


def _is_a_name(unknown: Sequence[str]) -> str:
    """What to do where an argument was taken for an option and is the name of a file."""
    name = next((word for word in unknown if os.path.lexists(word)), None)
    return f"; a name that begins with - goes behind --, or as {os.path.join(os.curdir, name)}" if name else ""
