"""python -m kickitout, and the command `kick`."""

import sys


def main() -> int:
    """Run the command. Returns its exit code: 130 after a Ctrl-C that comes while it is still being read."""
    try:
        from kickitout.cli import main as command

        return command()
    except KeyboardInterrupt:
        if sys.stderr is not None:  # pythonw, a service
            print("kick: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
