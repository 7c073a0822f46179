"""What callers of the library hand over: lists with recipes in them, arrays, numbers of NumPy, other models."""

from __future__ import annotations

import numpy as np
import pytest

import kickitout
from kickitout.errors import UserError
from kickitout.generation.reject import OutlierRejection

TARGETS = {"pitch": 50.0, "decay": 200.0}


@pytest.fixture(scope="module")
def wave():
    return kickitout.generate([7])[0]


@pytest.fixture(scope="module")
def kept(wave):
    return kickitout.inpaint(wave, [3], keep="body")[0]


@pytest.fixture(scope="module")
def other_model(tmp_path_factory):
    """The package's, under another identity."""
    model = kickitout.load_model(kickitout.export_model("default", tmp_path_factory.mktemp("m") / "other.onnx")[-1])
    model.digest = "ab" * 32
    return model


def test_a_seed_is_matched_in_the_same_way_whatever_is_beside_it(wave):
    (alone,) = kickitout.match([0], TARGETS)
    seed, recipe = kickitout.match((start for start in (0, {"seed": 9})), TARGETS)
    assert seed == alone
    assert recipe.recipe["seed"] == 9
    for starts in ({"seed": 7}, alone, "7", 7):
        with pytest.raises(UserError, match="match takes a list"):
            kickitout.match(starts, TARGETS)
    with pytest.raises(UserError, match="rounds=0"):
        kickitout.match([0], TARGETS, rounds=0)


def test_what_a_kick_became_since_is_no_kick_of_its_recipe(kept):
    for use in (kickitout.kick_of, lambda kick: kickitout.draw(kick, level=[(0, 0), (200, -20)])):
        with pytest.raises(UserError, match="`render` gives that sound"):
            use(kept)
    (same,) = kickitout.vary(kept, [0], 0.0)
    plain = kickitout.kick_of({key: value for key, value in kept.recipe.items() if key not in ("keep", "source")})
    assert kickitout.invert(kept).after < 12
    assert not np.array_equal(same.wave, plain.wave)  # the sound was heard, and not its recipe believed


def test_a_kept_part_is_rendered_again_from_the_wave_that_it_was_of(kept, wave):
    np.testing.assert_array_equal(kickitout.render(kept.recipe, source=wave), kept.wave)
    of_kick = kickitout.inpaint(kickitout.kick_of({"seed": 7}), [3], keep="body")[0]
    np.testing.assert_array_equal(kickitout.render(of_kick.recipe, source=kickitout.kick_of({"seed": 7})), kept.wave)
    with pytest.raises(UserError, match="another sound"):
        kickitout.render(kept.recipe, source=0.5 * wave)


def test_a_recipe_that_names_no_model_is_of_the_one_that_renders_it(wave):
    np.testing.assert_array_equal(kickitout.render({"seed": 7}), wave)


def test_a_wave_is_heard_at_the_level_of_a_file_and_refused_like_one(wave):
    loud, quiet = (kickitout.invert(gain * wave) for gain in (1.0, 0.1))
    assert quiet.after == pytest.approx(loud.after, abs=0.2)
    for bad, why in ((np.zeros(22050, np.float32), "silent"), (wave[:100], "too short")):
        with pytest.raises(UserError, match=why):
            kickitout.invert(bad)


def test_an_inversion_and_an_outlier_rejection_are_of_one_model(wave, other_model):
    found = kickitout.invert(wave)
    with pytest.raises(UserError, match="inverted with another model"):
        kickitout.vary(found, [0], 0.0, other_model)
    with pytest.raises(UserError, match="by the limits of another model"):
        list(kickitout.generate_kicks([7], other_model, reject_outliers=OutlierRejection.of(kickitout.load_model())))


def test_numbers_of_numpy_are_numbers(tmp_path):
    seed, third = np.int64(7), np.float32(0.3)
    kicks = [
        kickitout.draw(seed, level=[(0, 0), (200, -20)]),
        kickitout.kick_of({"seed": seed}),
        kickitout.kick_of({"latent": kickitout.invert(kickitout.generate([seed])[0]).latent}),
        *kickitout.vary({"seed": seed}, [0], third),
        *kickitout.generate_kicks(np.array([8]), length_s=np.float32(2)),
    ]
    names = kickitout.write_kicks(kicks, tmp_path, rate=np.int64(48_000), pre_roll_ms=np.float32(0))
    assert [kickitout.read_recipe(path)["rate"] for path in names] == [48_000] * 5
    with pytest.raises(UserError, match="a whole number of Hz"):
        kickitout.write_kicks(kicks, tmp_path / "b", rate=44_100.5)


def test_kicks_of_one_name_are_written_over_by_none(tmp_path, wave):
    kick = kickitout.kick_of({"seed": 7})
    assert len(set(kickitout.write_kicks([kick, kick], tmp_path))) == 1  # the same file twice
    with pytest.raises(UserError, match="two of the kicks are named"):
        kickitout.write_kicks([kick, kick._replace(channels=0.5 * kick.channels)], tmp_path, force=True)
    with pytest.raises(UserError, match="no path"):
        kickitout.write_kicks([kick._replace(name="../evil")], tmp_path)
    assert len({kick, kickitout.kick_of({"seed": 7})}) == 1


def test_the_packages_model_is_default_whatever_the_working_folder_holds(tmp_path, monkeypatch, wave):
    (tmp_path / "default").mkdir()
    monkeypatch.chdir(tmp_path)
    assert kickitout.export_model("default", "mine.onnx")[-1].name == "mine.onnx"
    model = kickitout.load_model("mine.onnx")
    monkeypatch.chdir(tmp_path / "default")
    assert "808" in kickitout.styles(model)  # what lies beside the model is found from another folder
    np.testing.assert_array_equal(kickitout.generate([7])[0], wave)


def test_one_path_is_a_list_of_one(tmp_path):
    (path,) = kickitout.write_kicks([kickitout.kick_of({"seed": 7})], tmp_path / "kicks")
    note = kickitout.card(path)["note"]
    assert [sound.card["note"] for sound in kickitout.read_cards(str(tmp_path / "kicks"))] == [note]
    how = {"layers": 1, "round_robins": 1, "formats": "sfz"}
    kit = kickitout.write_kit(tmp_path / "kit", sounds=str(tmp_path / "kicks"), **how)
    assert [path.suffix for path in kit.folder.iterdir() if path.suffix == ".sfz"] == [".sfz"]
    kickitout.write_kicks(kickitout.generate_kicks([8, 9]), tmp_path / "kicks")
    with pytest.raises(UserError, match="several sounds"):
        kickitout.card(tmp_path / "kicks")


def test_shards_are_of_seeds_one_after_another(tmp_path):
    for seeds in ([0, 2, 6], range(0, 6, 2)):
        with pytest.raises(UserError, match="one after another"):
            kickitout.write_shards(tmp_path, seeds, 3)


@pytest.mark.parametrize(
    ("use", "why"),
    [
        (lambda w: kickitout.encode_sound(w, 2**31), "at 2147483648 Hz"),
        (lambda w: kickitout.encode_sound(w, float("nan")), "at nan Hz"),
        (lambda w: kickitout.encode_sound(w, 655_360, format="flac"), "up to 655350 Hz"),
        (lambda w: kickitout.encode_sound(w[:0], 44_100, format="flac"), "no samples"),
        (lambda w: kickitout.encode_sound(w, 44_100, comment="a\0b"), "without NUL"),
        (lambda w: kickitout.encode_sound(np.nan * w, 44_100), "NaN"),
        (lambda w: kickitout.score(np.full((64, 400), np.nan, np.float32), np.zeros((64, 400), np.float32)), "finite"),
        (lambda w: kickitout.score(w, np.zeros((64, 400), np.float32)), "a set is waves"),
        (lambda w: list(kickitout.generate_kicks([7], threads=-1)), "threads=-1"),
        (lambda w: kickitout.load_model(None), "model None"),
        (lambda w: kickitout.write_shards("shards", range(4), 2, workers=-1), "workers=-1"),
        (lambda w: kickitout.synthesise(7), "give a list"),
        (lambda w: kickitout.card("x.wav", 44_100), "says its own rate"),
        (lambda w: kickitout.TargetRequest({"pitch": 50.0}, tries=2.5), "tries 2.5"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(wave, use, why):
    with pytest.raises(UserError, match=why):
        use(wave)
