"""Files and folders that are written whole or not at all."""

from __future__ import annotations

import os

import pytest

from kickitout.errors import UserError
from kickitout.files import check_new_file, whole_folder, write_whole

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


def test_a_link_that_a_user_named_stays_one_and_any_other_is_replaced(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    check_new_file(tmp_path / "link", force=True)
    write_whole(tmp_path / "link", b"new", follow=True)
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "real").read_text()) == (True, "new")
    write_whole(tmp_path / "link", b"newer")  # a folder from elsewhere may hold links to anything
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "real").read_text()) == (False, "new")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_device_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name in ("pipe", "link"):
        with pytest.raises(UserError, match=f"{name}: is a device or a pipe"):
            check_new_file(tmp_path / name, force=True)
        with pytest.raises(UserError, match=f"{name}: is a device or a pipe"):
            write_whole(tmp_path / name, b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("name", ["k" * 255, "ä" * 127])
def test_a_name_may_be_as_long_as_a_file_system_takes(tmp_path, name):
    assert write_whole(tmp_path / name, b"x").read_bytes() == b"x"
    for _ in range(2):
        with whole_folder(tmp_path / "new" / name) as made:
            assert made.name.startswith(".")
            assert made.name.endswith(".part")
    assert os.listdir(tmp_path / "new") == [name]
