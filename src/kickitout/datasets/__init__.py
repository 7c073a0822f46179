"""Folders of one-shots -> aligned, described kicks that a model may learn from.

The names below are loaded on first use: `import kickitout.datasets` opens neither numpy nor an audio library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kickitout.audio.prepare import PREPARE_VERSION, Prepared
    from kickitout.datasets.build import Dataset, ManifestRow, describe_difference, read_dataset, split
    from kickitout.datasets.scan import Candidate, Refused, Scan

_HOME = {
    "Dataset": "build",
    "ManifestRow": "build",
    "read_dataset": "build",
    "describe_difference": "build",
    "split": "build",
    "PREPARE_VERSION": "prepare",
    "Prepared": "prepare",
    "Candidate": "scan",
    "Refused": "scan",
    "Scan": "scan",
}
# groups, prepare and scan are modules as well: import those functions from them.
__all__ = [
    "PREPARE_VERSION",
    "Candidate",
    "Dataset",
    "ManifestRow",
    "Prepared",
    "Refused",
    "Scan",
    "describe_difference",
    "read_dataset",
    "split",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
