"""Drawn curves: what was drawn is heard, within cents and dB, and a recipe renders it again."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import code_of

import kickitout
from kickitout.audio import read_sound
from kickitout.cli import main
from kickitout.descriptors import level_curve, pitch_curve
from kickitout.errors import UserError
from kickitout.generation.curves import GRID, Curves
from kickitout.generation.draw import held_moments
from kickitout.generation.drawable import FRAMES, LEFT, Drawing, drawable, frame_ms
from kickitout.generation.load import load_model
from kickitout.generation.noise import normal
from kickitout.sound import ONSET, SAMPLE_RATE

pytestmark = pytest.mark.light

PITCH = [(0, 220), (60, 55), (400, 48)]
LEVEL = [(0, 0), (100, -3), (300, -20)]
DAMAGE = [{"gain_db": [0.0]}, {"bend_cents": [9e9] * len(GRID)}, {"pitch": 7}, {"level": [[1]]}]
FIRST_DEFAULT = Path(__file__).parent / "old" / "first_default.onnx"


@pytest.fixture(scope="module")
def drawn():
    return kickitout.draw(7, PITCH, LEVEL)


def test_the_frames_are_those_of_the_decoder():
    torch = pytest.importorskip("torch")
    from kickitout.models.kickae.decoder import START, STRETCH
    from kickitout.models.kickae.harmonic import frame_seconds
    from kickitout.representations import pqmf

    assert START * 2**5 * STRETCH == FRAMES
    assert pqmf.LEFT == LEFT
    assert np.allclose(frame_ms(), 1000 * frame_seconds(FRAMES).double().numpy(), atol=1e-4)
    assert torch.is_tensor(frame_seconds(FRAMES))


@pytest.mark.parametrize("path", [None, FIRST_DEFAULT], ids=["the default", "the first default"])
def test_a_drawable_graph_plays_the_same_samples_while_nothing_is_drawn(path):
    model = load_model() if path is None else load_model(path)
    noise = normal([7], model.info.noise_size)
    assert np.array_equal(model.render(noise, drawing=Drawing()).wave, model.play(noise)[0])


def test_a_file_that_was_replaced_meanwhile_is_not_drawn_by(tmp_path):
    own = tmp_path / "own.onnx"
    shutil.copy(FIRST_DEFAULT, own)
    model = load_model(own)
    shutil.copy(load_model().path, own)
    with pytest.raises(UserError, match=r"own\.onnx: holds another model than the one that was opened"):
        kickitout.draw(7, PITCH, model=model)


def test_a_drawn_kick_has_a_name_of_its_own(drawn, tmp_path):
    plain, other = kickitout.kick_of({"seed": 7}), kickitout.draw(7, PITCH)
    paths = kickitout.write_kicks([plain, drawn, other], tmp_path)
    assert len({path.name for path in paths}) == 3
    assert [path.exists() for path in paths] == [True] * 3
    with pytest.raises(UserError, match="two of the kicks are named kick_s000007"):
        kickitout.write_kicks([plain, kickitout.kick_of({"seed": 7, "length_s": 2.0})], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_was_drawn_is_heard(drawn):
    """Pitch at the card's periods and level at its curve, not only at the points: 25 cents and 1 dB are just heard."""
    curves = Curves.read(drawn.recipe["curves"])
    seconds, hz = pitch_curve(drawn.wave)
    ms = 1000 * seconds - 1000 * ONSET / SAMPLE_RATE
    assert np.median(np.abs(1200 * (np.log2(hz) - curves.octaves_at(ms)))) < 5
    seconds, db = level_curve(drawn.wave)
    ms = 1000 * seconds - 1000 * ONSET / SAMPLE_RATE
    inside = (ms > 5) & (ms < 480)
    off = db[inside] - curves.db_at(ms[inside])
    assert np.abs(off - np.median(off)).max() < 1
    assert all(abs(point.error) < (25 if point.curve == "pitch" else 1) for point in drawn.points)


def test_the_click_stays_where_pitch_is_drawn():
    """Above 5 kHz no partial is, so a pitch curve moves nothing there but the peak that all is scaled to."""
    waves = kickitout.generate([7])[0], kickitout.draw(7, PITCH).wave
    plain, drawn = (_above_5_khz(wave)[: ONSET + 882] for wave in waves)  # 20 ms
    scale = (plain @ drawn) / (plain @ plain)
    assert np.linalg.norm(drawn - scale * plain) < 0.02 * np.linalg.norm(plain)


def _above_5_khz(wave):
    spectrum = np.fft.rfft(wave)
    spectrum[: 5000 * len(wave) // SAMPLE_RATE] = 0
    return np.fft.irfft(spectrum)


def test_a_short_kick_holds_its_timbre_where_its_level_is_held():
    for seed in (0, 4):
        kick = kickitout.draw(seed, level=[(0, 0), (80, -3), (400, -6)])
        seconds, db = level_curve(kickitout.generate([seed])[0])
        assert np.interp(0.4, seconds, db) < db.max() - 50
        assert abs(kick.points[-1].error) < 1


def test_silence_has_no_moment_to_hold():
    for wave in (np.zeros((1, 22050), np.float32), np.full((1, 22050), np.nan, np.float32)):
        assert held_moments(kickitout.Curves(level=((0.0, 0.0), (100.0, -20.0))), wave) == ()


def test_a_recipe_renders_the_same_samples(drawn, tmp_path):
    recipe = json.loads(json.dumps(drawn.recipe))
    assert np.array_equal(kickitout.render(recipe), drawn.wave)
    (path,) = kickitout.write_kicks([drawn], tmp_path)
    again = kickitout.render_file(path, tmp_path / "again.wav")
    assert again.same
    assert again.path.read_bytes() == path.read_bytes()
    plain = {key: value for key, value in recipe.items() if key != "curves"}
    assert np.array_equal(kickitout.render(plain), kickitout.generate([7])[0])


def test_a_drawing_is_the_seeds_alone_and_among_others():
    curves = Curves(PITCH, LEVEL)
    many = list(kickitout.generate_kicks([8, 7], curves=curves, threads=2))
    assert np.array_equal(many[1].wave, kickitout.draw(7, PITCH, LEVEL).wave)
    rung = next(kickitout.generate_kicks([7], curves=curves, length_s=1))
    assert np.array_equal(rung.wave[:21_000], many[1].wave[:21_000])
    assert len(rung.wave) > 22_050


def test_what_goes_on_from_a_drawn_kick_keeps_its_curves(drawn):
    matched = kickitout.match([drawn], {"click": -20.0})[0]
    varied = kickitout.vary(drawn, [1], 0.2)[0]
    between = kickitout.morph(drawn, varied, 3)[1]
    for kick in (matched, varied, between):
        assert kick.recipe["curves"] == drawn.recipe["curves"]
        assert np.array_equal(kickitout.render(kick.recipe), kick.wave)
    assert matched.match.reached
    assert kickitout.card(varied.wave)["note"] == "G1"
    assert "curves" not in kickitout.morph(drawn, {"seed": 8}, 2)[0].recipe
    moved = kickitout.draw(drawn, pitch=[(0, 110)])
    assert moved.recipe["curves"]["level"] == drawn.recipe["curves"]["level"]
    assert all(abs(point.error) < 25 for point in moved.points if point.curve == "pitch")


def test_a_file_with_curves_is_no_longer_the_sound_of_its_latent(drawn, tmp_path):
    (path,) = kickitout.write_kicks([drawn], tmp_path)
    assert kickitout.invert(path).after > 0


@pytest.mark.parametrize(
    ("pitch", "level", "said"),
    [
        ([(0, 5)], None, "5 Hz at 0 ms; 20 to 1000 Hz work"),
        ([(0, 50), (0, 60)], None, "points run forwards in time"),
        (None, [(495, 0)], "a point at 495 ms; 0 to 490 ms"),
        (None, [(0, -90)], "-90 dB at 0 ms; -60 to 12 dB work"),
        ([(i, 50) for i in range(65)], None, "65 points; up to 64 work"),
        (None, [(0, math.nan)], "nan dB at 0 ms"),
        ((), (), "no curve is drawn"),
        ([(0, "H3")], None, r"pitch curve: \(0, 'H3'\) is no point; \"0:220 60:F1 400:48\" works"),
        ([(0, 50, 60)], None, "is no point"),
        (50, None, "pitch curve: 50 are no points"),
        ("0:220 60", None, "'60' is no point"),
        ("", None, "'' is no point"),
        (None, [(0, None)], r"level curve: \(0, None\) is no point"),
        (None, "0:0 300:F1", r"'300:F1' is no point; \"0:0 300:-20\" works"),
    ],
)
def test_what_cannot_be_drawn_is_said(pitch, level, said):
    with pytest.raises(UserError, match=said):
        kickitout.draw(7, pitch, level)


def test_points_are_written_as_on_the_command_line():
    text = Curves("0:220, 60ms:A1 400:48Hz", "0:0 0.1s:-3dB 300:-20")
    assert text == Curves([(0, 220), ("60ms", "A1"), (400, 48.0)], [(0, 0), (100, "-3 dB"), ["300", -20]])
    assert text.pitch == ((0, 220), (60, 55), (400, 48))
    assert Curves([(0, "F")]).pitch == Curves([(0, "F1")]).pitch


@pytest.mark.parametrize(
    "damage",
    [{"gain_db": [0.0]}, {"bend_cents": [9e9] * len(GRID)}, {"pitch": 7}, {"level": [[1]]}, {"level": [[0, 10**400]]}],
)
def test_a_damaged_drawing_is_said(drawn, damage):
    recipe = {**drawn.recipe, "curves": {**drawn.recipe["curves"], **damage}}
    with pytest.raises(UserError, match="recipe is damaged"):
        kickitout.render(recipe)
    with pytest.raises(UserError, match="damaged"):
        kickitout.vary(recipe, [1])


def test_a_model_without_a_contour_takes_a_level():
    model = load_model()
    from kickitout.generation.draw import follow

    wave = model.render(normal([7], model.info.noise_size))
    _, played, points = follow(lambda drawing: wave, Curves(level=LEVEL), held=False)
    assert played.wave.shape == wave.wave.shape
    assert abs(points[0].error) < 1
    assert drawable(model.path.with_name("drum_types.onnx").read_bytes()) is None


def test_curves_on_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = ["--pitch-curve", "0:220, 60ms:A1 400:48Hz", "--level-curve", "0:0 0.1s:-3dB 300:-20"]
    assert main(["generate", "--seeds", "7", "--bits", "32f", *asked]) == 0
    said = capsys.readouterr().out
    assert float(said.split("pitch at 60 ms ")[1].split()[0]) == pytest.approx(55, rel=0.005)
    assert "level at 300 ms" in said
    drawn = kickitout.draw(7, PITCH, LEVEL)
    assert np.array_equal(read_sound(Path("kicks/kick_000007.wav")).samples[:, 0], drawn.wave)
    for wrong, sentence in (
        (["--pitch-curve", "0"], "is no point"),
        ([*asked, "--note", "F1"], "ask for targets"),
        ([*asked, "--shards", "4", "-n", "8"], "--shards"),
    ):
        assert code_of(["generate", *wrong, "-o", "other"]) == 2
        assert sentence in capsys.readouterr().err
