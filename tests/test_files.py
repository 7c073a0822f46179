"""Folders that are written whole or not at all."""

from __future__ import annotations

import pytest

from kickitout.errors import UserError
from kickitout.files import whole_folder

pytestmark = pytest.mark.light


def test_a_folder_takes_its_place_when_it_is_finished_and_leaves_nothing_when_it_is_not(tmp_path):
    out = tmp_path / "new" / "Bässe"
    for text in ("first", "second"):
        with whole_folder(out) as made:
            (made / "file").write_text(text)
    with pytest.raises(ValueError, match="half"), whole_folder(out):
        raise ValueError("half")
    with pytest.raises(UserError, match="Bässe: no space"), whole_folder(out):
        raise OSError("no space")
    assert [path.name for path in out.parent.iterdir()] == ["Bässe"]
    assert (out / "file").read_text() == "second"
