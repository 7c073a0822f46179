"""One thread for libraries that would take all cores: on several, sums may differ in their last digits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)  # read by a library when it is loaded, and inherited by processes


@contextmanager
def one_thread() -> Iterator[None]:
    """For libraries that are loaded in the block, processes that are started in it, and, where threadpoolctl is
    installed, what numpy has loaded before."""
    old = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    limited = nullcontext()
    if "numpy" in sys.modules and find_spec("threadpoolctl"):
        import threadpoolctl

        limited = threadpoolctl.threadpool_limits(1)
    try:
        with limited:
            yield
    finally:
        for name, value in old.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
