"""Named styles: where their kicks are drawn, what their recipes hold, and what is said of a style that is not there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import kickitout
from kickitout.cli import main
from kickitout.errors import UserError
from kickitout.generation.noise import normal
from kickitout.generation.styles import NamedStyle, styles, styles_file, styles_text
from kickitout.models.files import find_model_file

pytestmark = pytest.mark.decides


@pytest.fixture(scope="module")
def known(model) -> dict[str, NamedStyle]:
    return styles(model)


@pytest.fixture(scope="module")
def name(known) -> str:
    return next(iter(known))


@pytest.fixture
def copied(tmp_path) -> Path:
    """The model in the package as a file of somebody's own, without its styles."""
    return Path(shutil.copy(find_model_file(Path("default")), tmp_path / "mine.onnx"))


# -- where a style lies -----------------------------------------------------------------------------------------------


def test_draws_of_a_style_have_its_mean_and_covariance_and_noise_of_their_own():
    random = np.random.default_rng(0)
    mean, factor = random.normal(size=5).astype(np.float32), random.normal(size=(5, 3)).astype(np.float32)
    style = NamedStyle("a", mean, factor, 8, 3, (90.0, 80.0, 95.0), 20.0)
    noise = normal(range(20_000), 1 + 5 + 2)
    drawn = style.latents(noise)
    assert drawn.shape == (20_000, 7)
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn[:, :5].mean(axis=0), mean, atol=0.05)  # 5 deviations of a mean of 20,000
    np.testing.assert_allclose(np.cov(drawn[:, :5].T), factor @ factor.T, atol=0.25)
    np.testing.assert_array_equal(drawn[:, 5:], noise[:, 6:])
    np.testing.assert_array_equal(style.latents(noise[7:8]), drawn[7:8])


def test_the_packaged_styles_have_eight_recordings_of_three_sources_and_beat_chance(known):
    assert len(known) >= 3
    for style in known.values():
        assert style.files >= 8
        assert style.sources >= 3
        share, low, high = style.agreement
        assert style.chance < low <= share <= high <= 100


# -- kicks of a style -------------------------------------------------------------------------------------------------


def test_a_seed_of_a_style_is_the_same_alone_and_among_others_and_another_kick_than_without(model, name):
    alone = kickitout.generate([5], model, style=name)
    np.testing.assert_array_equal(kickitout.generate(range(4, 8), model, style=name)[1:2], alone)
    assert not np.allclose(kickitout.generate([5], model), alone, atol=0.01)


def test_a_recipe_holds_the_style_and_renders_the_kick_without_it(model, name, copied):
    (kick,) = kickitout.generate_kicks([5], model, style=name)
    assert kick.name == f"kick_{name}_000005"
    assert kick.recipe["style"] == {"name": name, "seed": 5}
    assert "seed" not in kick.recipe
    again = kickitout.render(json.loads(json.dumps(kick.recipe)), copied)  # which has no styles
    np.testing.assert_array_equal(again, kick.wave)
    (varied,) = kickitout.vary(kick, [0], 0.0, model)
    np.testing.assert_array_equal(varied.wave, kick.wave)


def test_targets_and_rejection_work_within_a_style(model, name):
    (asked,) = kickitout.generate_kicks([2], model, {"pitch": 52.0}, style=name)
    assert asked.match is not None
    assert asked.match.reached
    (kept,) = kickitout.generate_kicks([2], model, reject_outliers=True, style=name)
    for kick in (asked, kept):
        assert kick.recipe["style"]["name"] == name
        np.testing.assert_array_equal(kickitout.render(kick.recipe, model), kick.wave)


def test_styles_differ_as_their_names_say(model, known):
    """An 808 rings longer and lower than a rhythm box: medians over a few kicks."""
    decays = {}
    for one in ("808", "machine"):
        waves = kickitout.generate(range(12), model, style=one)
        found = [kickitout.card(wave) for wave in waves]
        decays[one] = np.median([card["tail_db"] for card in found])
    assert decays["808"] > decays["machine"] + 20


# -- the command line -------------------------------------------------------------------------------------------------


def test_files_are_named_by_style_and_seed_and_their_recipes_render_them(tmp_path, name, capsys):
    out = tmp_path / "out"
    assert main(["generate", "-n", "2", "--style", name, "-o", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == [f"kick_{name}_000000.wav", f"kick_{name}_000001.wav"]
    first = out / f"kick_{name}_000000.wav"
    assert kickitout.render_file(first, tmp_path / "again.wav").same
    assert main(["generate", "-n", "2", "--style", name, "-o", str(out)]) == 2  # they are in the way
    assert "exists" in capsys.readouterr().err


def test_a_kit_of_a_style_names_it_and_its_sounds_render_again(tmp_path, name):
    kit = kickitout.write_kit(tmp_path / "kit", [3], style=name, length_s=2, layers=1, round_robins=1, formats=["sfz"])
    (sound,) = kit.folder.rglob("*.wav")
    assert f"{name}_s000003" in sound.name
    assert kickitout.read_recipe(sound)["style"] == {"name": name, "seed": 3}
    assert kickitout.render_file(sound, tmp_path / "again.wav").same
    with pytest.raises(UserError, match="style 'polka'"):
        kickitout.write_kit(tmp_path / "other", [3], style="polka")
    assert main(["kit", str(sound), "--style", name, "-o", str(tmp_path / "third")]) == 2


def test_shards_hold_kicks_of_a_style(tmp_path, name):
    folder = kickitout.shard_folder(tmp_path / "set", range(2), 2, cards=False, style=name)
    assert folder.plan["style"] == name
    assert "style" not in kickitout.shard_folder(tmp_path / "set", range(2), 2, cards=False).plan


def test_styles_are_listed_with_their_sheet(tmp_path, known, capsys):
    sheet = tmp_path / "styles.png"
    assert main(["styles", "--sheet", str(sheet)]) == 0
    said = capsys.readouterr().out
    for style in known.values():
        (line,) = [line for line in said.splitlines() if line.startswith(f"{style.name} ")]
        assert line.split()[1:3] == [str(style.files), str(style.sources)]
    assert sheet.read_bytes().startswith(b"\x89PNG")
    assert main(["styles", "--sheet", str(sheet)]) == 2


# -- what is not there ------------------------------------------------------------------------------------------------


def test_an_unknown_style_is_one_sentence_with_those_that_there_are(tmp_path, known, capsys):
    assert main(["generate", "--style", "polka", "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "style 'polka': the model " in said
    assert f"has {', '.join(known)}" in said
    assert not (tmp_path / "out").exists()


def test_a_model_without_styles_is_one_sentence(copied, name, capsys):
    assert styles(copied) == {}
    with pytest.raises(UserError, match=r"model .*: it has no styles; the default model has some"):
        kickitout.generate([0], copied, style=name)
    assert main(["styles", "--model", str(copied)]) == 2
    assert "--model" in (said := capsys.readouterr().err)
    assert "has no styles" in said


def test_styles_that_are_damaged_or_of_another_model_are_refused(copied, known):
    beside = styles_file(copied)
    assert beside.name == "mine.styles.json"
    beside.write_text(styles_text(known, "0" * 64))
    with pytest.raises(UserError, match=r"mine\.styles\.json: the styles of another model"):
        styles(copied)
    whole = styles_text(known, kickitout.load_model(copied).digest)
    beside.write_text(whole)
    assert list(styles(copied)) == list(known)
    data = json.loads(whole)
    for change in ({"mean": [0.0]}, {"factor": [[float("nan")] * 73]}, {"agreement": []}):
        first = next(iter(data["styles"]))
        beside.write_text(json.dumps(data | {"styles": {first: data["styles"][first] | change}}))
        with pytest.raises(UserError, match="damaged or of another version"):
            styles(copied)
    beside.write_text(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="damaged or of another version"):
        styles(copied)


def test_an_exported_model_takes_its_styles_along(tmp_path, known):
    made = kickitout.export_model("default", tmp_path / "mine.onnx")
    assert tmp_path / "mine.styles.json" in made
    assert list(styles(tmp_path / "mine.onnx")) == list(known)
