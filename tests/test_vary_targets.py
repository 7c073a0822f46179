"""Variations with targets: a kick of yours in another key, or shorter, and what is said where it does not go so far."""

from __future__ import annotations

import numpy as np
import pytest

import kickitout
from kickitout.audio import read_sound, write_sound
from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.notes import read_hz
from kickitout.sound import SAMPLE_RATE
from kickitout.synthesis.procedural import synthesise

ASKED = {"pitch": 43.0, "decay": 170.0}


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "mine.wav"
    write_sound(path, synthesise([4])[0][0], SAMPLE_RATE, bits="24")
    return path


def test_variations_measure_what_is_asked_for_and_say_where_they_are_from(model, mine):
    plain = kickitout.vary(mine, range(2), 0.2, model)
    kicks = kickitout.vary(mine, range(2), 0.2, model, targets=ASKED)
    for kick, before in zip(kicks, plain, strict=True):
        assert kick.match.reached
        assert kick.card["pitch_end_hz"] == pytest.approx(43, rel=0.006)
        assert kick.card["decay_t20_ms"] == pytest.approx(170, rel=0.05)
        assert kick.name == before.name
        assert kick.said == before.said
        assert {key: kick.recipe[key] for key in ("varied", "amount", "latent", "targets")} == {
            "varied": "mine.wav", "amount": 0.2, "latent": before.recipe["latent"], "targets": ASKED,
        }  # fmt: skip
        assert np.array_equal(kickitout.render(kick.recipe, model), kick.wave)
        assert np.array_equal(kickitout.match([before], ASKED, model)[0].wave, kick.wave)
    assert not np.array_equal(kicks[0].wave, kicks[1].wave)


def test_the_kick_itself_in_another_key_keeps_what_was_not_asked_for(model):
    (kick,) = kickitout.generate_kicks([7], model)
    (moved,) = kickitout.vary(kick, [0], 0.0, model, targets={"pitch": 62.0})
    assert moved.card["pitch_end_hz"] == pytest.approx(62, rel=0.006)
    for field, near in (("decay_t20_ms", 30.0), ("click_level_db", 3.0)):
        assert moved.card[field] == pytest.approx(kick.card[field], abs=near)
    again = kickitout.vary(moved, [0], 0.0, model)[0]  # controls stay where targets have moved them
    assert again.card["pitch_end_hz"] == pytest.approx(62, rel=0.006)


def test_what_is_missed_is_in_the_recipe(model):
    (kick,) = kickitout.vary({"seed": 7}, [0], 0.0, model, targets={"decay": 450.0, "pitch": 50.0})
    assert not kick.match.reached
    assert kick.recipe["missed"] == kick.match.recipe["missed"]
    assert kick.recipe["missed"]["decay"] < -5


def test_a_long_decay_needs_a_kick_that_may_ring_on(model):
    with pytest.raises(UserError, match=r"decay 600 ms: of kicks of 0.5 s .* a length of 1s allows this one"):
        kickitout.vary({"seed": 7}, [0], 0.1, model, targets={"decay": 600.0})
    (kick,) = kickitout.vary({"seed": 7}, [0], 0.0, model, targets={"pitch": 45.0}, length_s=1.0)
    assert kick.recipe["length_s"] == 1.0
    assert kick.card["pitch_end_hz"] == pytest.approx(45, rel=0.006)


def test_a_pitch_that_is_drawn_is_not_asked_for_otherwise(model):
    drawn = kickitout.draw(7, pitch=[(0, 220), (60, 55), (400, 48)], model=model)
    with pytest.raises(UserError, match="its pitch is drawn, and no control moves it; draw another curve"):
        kickitout.vary(drawn, [0], 0.1, model, targets={"pitch": 60.0})
    (shorter,) = kickitout.vary(drawn, [0], 0.0, model, targets={"drive": 6.0})
    assert shorter.recipe["curves"] == drawn.recipe["curves"]


def test_the_command_prints_the_errors_of_each_file(tmp_path, capsys, mine):
    out = tmp_path / "v"
    asked = ["--note", "F1", "--decay", "180ms", "--tolerance", "decay=4%"]
    assert main(["vary", str(mine), "-n", "2", "--amount", "0.2", *asked, "-o", str(out)]) == 0
    said = capsys.readouterr()
    first, second = said.out.splitlines()
    assert first.startswith(f"{out / 'mine_vary_000000.wav'}  pitch ")
    assert "cents); decay " in first
    assert second.startswith(str(out / "mine_vary_000001.wav"))
    assert "targets: 2 of 2 kicks meet all" in said.err
    heard = read_sound(out / "mine_vary_000001.wav").samples[:, 0]
    assert kickitout.card(heard)["pitch_end_hz"] == pytest.approx(read_hz("F1"), rel=0.006)


def test_the_command_takes_several_kicks_and_of_each_itself_once(tmp_path, capsys, mine):
    assert main(["generate", "--seeds", "7", "-q", "-o", str(tmp_path)]) == 0
    other, out = tmp_path / "kick_000007.wav", tmp_path / "v"
    capsys.readouterr()
    assert main(["vary", str(mine), str(other), "--amount", "0", "--note", "F1", "-o", str(out)]) == 0
    said = capsys.readouterr()
    assert sorted(path.name for path in out.iterdir()) == ["kick_000007_vary_000000.wav", "mine_vary_000000.wav"]
    assert "targets: 2 of 2 kicks meet all" in said.err
    assert said.err.count("dB apart on average") == said.err.count("its latent is known") == 1
    again = tmp_path / "again"
    assert main(["vary", str(other), "--amount", "0", "-o", str(again)]) == 0
    card = kickitout.card(read_sound(other).samples[:, 0])
    heard = capsys.readouterr().out
    assert heard.endswith(f"{card['pitch_end_hz']:.1f} Hz, E1, falls by 20 dB in {card['decay_t20_ms']:.0f} ms\n")
    assert main(["vary", str(other), str(mine), str(other), "-n", "1", "-o", str(tmp_path / "twice")]) == 2
    assert f"{other} and {other}: what comes of both would have one name" in capsys.readouterr().err


def test_the_command_takes_folders_and_leaves_out_what_is_no_kick(tmp_path, capsys):
    (mine,) = kickitout.write_kicks(kickitout.generate_kicks([7]), tmp_path / "made")  # whose latent is known at once
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    (folder / "b.wav").write_bytes(mine.read_bytes())
    (folder / "deep" / "a.WAV").write_bytes(mine.read_bytes())
    (folder / "deep" / ".c.wav").write_bytes(mine.read_bytes())
    (folder / "broken.wav").write_bytes(b"no sound")
    (folder / "notes.txt").write_text("no sound", "utf-8")
    call = ["vary", str(folder), "--amount", "0", "--note", "F1", "-o", str(folder / "in-f")]
    for more in ([], ["--force"]):  # what it has made is not taken for more of them
        assert main([*call, *more]) == 0
        said = capsys.readouterr()
        assert sorted(path.name for path in (folder / "in-f").iterdir()) == ["a_vary_000000.wav", "b_vary_000000.wav"]
        assert "targets: 2 of 2 kicks meet all" in said.err
        assert f"left out: {folder / 'broken.wav'}: " in said.err
    assert main(["vary", str(folder / "broken.wav"), "-o", str(tmp_path / "v")]) == 2  # it was named
    capsys.readouterr()
    for wrong, words in (("--amount=9", "amount=9"), ("--decay=900ms", "decay 900 ms"), ("--model=nope", "nope: ")):
        assert main(["vary", str(folder), wrong, "-o", str(tmp_path / "v")]) == 2
        said = capsys.readouterr().err
        assert said.count(words) == 1  # and not of each file
        assert "left out" not in said
    into = tmp_path / "into"  # the folder itself, and one of its files besides
    into.mkdir()
    (into / "b.wav").write_bytes(mine.read_bytes())
    assert main(["vary", str(into), str(into / "b.wav"), "--amount", "0", "-o", str(into)]) == 0
    assert sorted(path.name for path in into.iterdir()) == ["b.wav", "b_vary_000000.wav"]
    (into / "deep").mkdir()
    (into / "deep" / "b.wav").write_bytes(mine.read_bytes())
    capsys.readouterr()
    assert main(["vary", str(into), "--amount", "0", "-o", str(tmp_path / "w")]) == 0
    names = sorted(path.name for path in (tmp_path / "w").iterdir())
    assert names == ["b_vary_000000.wav", "b_vary_000000_vary_000000.wav", "deep_b_vary_000000.wav"]
    assert main(["vary", str(into), "--steady", "-o", str(tmp_path / "v")]) == 2
    assert "--steady: a variation is one kick" in capsys.readouterr().err
    for name in ("b.wav", "deep/a.WAV", "in-f/a_vary_000000.wav", "in-f/b_vary_000000.wav"):
        (folder / name).unlink()
    assert main([*call[:2], "-o", str(tmp_path / "v")]) == 2
    said = capsys.readouterr().err
    assert f"left out: {folder / 'broken.wav'}: " in said
    assert "nothing is left of what was given" in said
    assert not (tmp_path / "v").exists()
    (folder / "broken.wav").unlink()
    assert main(call[:2]) == 2
    assert f"{folder}: no sound file in it" in capsys.readouterr().err


def test_a_pitch_that_is_missed_is_not_said_to_move(tmp_path, capsys):
    assert main(["generate", "--seeds", "7", "-q", "-o", str(tmp_path)]) == 0
    capsys.readouterr()
    asked = ["--amount", "0", "--pitch", "190Hz", "-o", str(tmp_path / "v")]
    assert main(["vary", str(tmp_path / "kick_000007.wav"), *asked]) == 0
    said = capsys.readouterr()
    assert "targets: 0 of 1 kick meet all" in said.err
    assert "do not rest on it" not in said.err


def test_the_command_says_what_does_not_come_nearer(tmp_path, capsys):
    assert main(["generate", "--seeds", "7", "-q", "-o", str(tmp_path)]) == 0
    out = ["-n", "1", "--amount", "0", "--decay", "450ms", "-o", str(tmp_path / "v")]
    capsys.readouterr()
    assert main(["vary", str(tmp_path / "kick_000007.wav"), *out]) == 0
    said = capsys.readouterr().err
    assert "targets: kick_000007_vary_000000 misses: decay " in said
    assert "targets: 0 of 1 kick meet all" in said


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            ["--keep", "click", "--note", "F1"],
            "--keep: a part of the file stays as it is, and targets move a whole kick",
        ),
        (["--tolerance", "decay=2%"], "--tolerance: of targets, and none is given"),
        (["--note", "F1", "--pitch", "50Hz"], "--note and --pitch ask for the same thing"),
        (["-n", "4", "--amount", "0"], "-n 4: with --amount 0 every variation is the same kick; leave out -n"),
        (["--note", "F1", "--tries", "9"], "--tries: a variation is one kick, and no others are tried for it"),
        (["--tone", "10kHz", "--rate", "16000"], "files of 16000 Hz hold what lies below 8000 Hz"),
        (["--decay", "9s"], "decay 9000 ms: from 15 to 450 ms"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_of_a_variation_is_refused(tmp_path, capsys, mine, asked, says):
    try:
        code = main(["vary", str(mine), *asked, "-o", str(tmp_path / "v")])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "v").exists()
