"""Folders that are written whole or not at all."""

from __future__ import annotations

import pytest

from kickitout.errors import UserError
from kickitout.files import whole_folder

pytestmark = pytest.mark.light


def test_a_link_to_a_folder_stays_one(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    with whole_folder(tmp_path / "link") as made:
        (made / "file").write_text("new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "file").read_text() == "new"


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
