"""What files of format 1 call things, in the words of today: the only reader of what was written before format 2.

Format 1 said recipe for a training config, codec for a representation, corpus for a dataset, and family for a group of
near-duplicates. Nothing else differs, so whoever reads a file of either format sees one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RENAMED = {"recipe": "config", "codec": "representation", "corpus": "dataset"}


def upgraded(data: Any) -> Any:
    """JSON data of format 1 with the names of format 2, at every depth; what is of format 2 stays as it is.

    >>> upgraded({"recipe": {"codec": {"name": "pqmf"}}, "rows": [{"wave": "ab", "family": 3}]})
    {'config': {'representation': {'name': 'pqmf'}}, 'rows': [{'wave': 'ab', 'group': 3}]}
    """
    if isinstance(data, Mapping):
        of_a_sound = "wave" in data or "sound" in data  # a manifest's row: elsewhere a family is one of models
        names = RENAMED | ({"family": "group"} if of_a_sound else {})
        return {names.get(key, key): upgraded(value) for key, value in data.items()}
    return [upgraded(value) for value in data] if isinstance(data, list) else data
