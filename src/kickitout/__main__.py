"""python -m kickitout: the command `kick`."""

import sys

from kickitout.cli import main

sys.exit(main())
