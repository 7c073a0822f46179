"""What callers of the library hand over: lists with recipes in them, arrays, numbers of NumPy, other models."""

from __future__ import annotations

import numpy as np
import pytest

import kickitout
from kickitout.errors import UserError
from kickitout.generation.reject import OutlierRejection
from kickitout.sound import LENGTH, SAMPLE_RATE

SILENT = np.zeros((64, LENGTH), np.float32)
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
    for other in (kick, kick._replace(channels=0.5 * kick.channels)):
        with pytest.raises(UserError, match="two of the kicks are named kick_s000007"):
            kickitout.write_kicks([kick, other], tmp_path / "kicks", force=True)
    assert not (tmp_path / "kicks").exists()
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
        (lambda _: kickitout.check("nowhere", kind="snare"), "kind 'snare': 'kick' or 'any' works"),
        (lambda w: kickitout.encode_sound(w, float("nan")), "at nan Hz"),
        (lambda w: kickitout.encode_sound(w, 655_360, format="flac"), "up to 655350 Hz"),
        (lambda w: kickitout.encode_sound(w[:0], 44_100, format="flac"), "no samples"),
        (lambda w: kickitout.encode_sound(w, 44_100, comment="a\0b"), "without NUL"),
        (lambda w: kickitout.encode_sound(np.nan * w, 44_100), "NaN"),
        (lambda w: kickitout.score(np.full((64, LENGTH), np.nan, np.float32), SILENT), "finite"),
        (lambda w: kickitout.score(w, SILENT), "a set is waves"),
        (lambda w: list(kickitout.generate_kicks([7], threads=-1)), "threads=-1"),
        (lambda w: kickitout.load_model(None), "model None"),
        (lambda w: kickitout.write_shards("shards", range(4), 2, workers=-1), "workers=-1"),
        (lambda w: kickitout.synthesise(7), "give a list"),
        (lambda w: kickitout.card("x.wav", 44_100), "says its own rate"),
        (lambda w: kickitout.TargetRequest({"pitch": 50.0}, tries=2.5), "tries 2.5"),
        (lambda w: kickitout.TargetRequest({"pitch": 50.0}, {"pitch": "5"}), "tolerance pitch '5': more than 0 cents"),
        (lambda w: kickitout.match([7], ["pitch"]), r"targets \['pitch'\]: names with values work"),
        (lambda w: kickitout.write_kicks([], "kicks", pre_roll_ms="2"), "pre-roll '2': 0 to 500 ms"),
        (lambda w: kickitout.vary(7, [0]), '7: no sound; a file, a wave .* or a recipe like {"seed": 7} works'),
        (lambda w: kickitout.blend([7, 8], [1, 1]), "7: no sound; a file, a wave"),
        (lambda w: kickitout.invert(list(w)), r"\.\.\.\]: no sound; a file or a wave"),
        (lambda w: kickitout.inpaint({"seed": 7}, [0]), "{'seed': 7}: no sound; a file or a wave"),
        (lambda w: kickitout.card(list(w)), r"\.\.\.\]: no sound; a file or a wave"),
        (lambda w: kickitout.card(w, "x"), "a sample rate of 16000 to 768000 Hz, not 'x'"),
        (lambda w: kickitout.card(w, float("inf")), "a sample rate of 16000 to 768000 Hz, not inf"),
        (lambda w: kickitout.fit(w, 1, rate="x"), "rate='x': 8000 to 192000 Hz work"),
        (lambda w: kickitout.check("a\0b"), "no path has a NUL in it"),
        (lambda w: kickitout.check(b"foo"), "b'foo': no path; a path, or a list of paths, works"),
        (lambda w: list(kickitout.read_cards([7])), "7: no path; a path works"),
        (lambda w: kickitout.check(7), "7: no path; a path, or a list of paths, works"),
        (lambda w: kickitout.read_recipe(7), "7: no file; a path works"),
        (lambda w: kickitout.render(7), "7: no recipe; a file with one"),
        (lambda w: kickitout.kick_of("kick.wav"), "'kick.wav': no recipe; a kick or what it is made from"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(wave, use, why):
    with pytest.raises(UserError, match=why):
        use(wave)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ({"controls": {"pitch": 1.0}}, "controls={'pitch': 1.0}: a list of numbers works"),
        ({"controls": ["soft"]}, r"controls=\['soft'\]: a list of numbers works"),
        ({"start": "two"}, "start='two': a whole number from 0 to"),
        ({"start": 1.5}, "start=1.5: a whole number from 0 to"),
        ({"start": -3}, "start=-3: a whole number from 0 to"),
        ({"curves": {"pitch": [[0, "high"]]}}, "curves"),
    ],
)
def test_a_recipe_that_is_damaged_is_not_the_models_fault(damage, why):
    recipe = {"seed": 7, **damage}
    for use in (
        kickitout.kick_of,
        kickitout.render,
        lambda recipe: kickitout.vary(recipe, [0]),
        lambda recipe: kickitout.match([recipe], TARGETS),
        lambda recipe: kickitout.draw(recipe, level=[(0, 0), (200, -20)]),
    ):
        with pytest.raises(UserError, match=rf"^the recipe is damaged \({why}.*\)$"):
            use(recipe)


@pytest.mark.parametrize("seed", [2**53 + 7, 7.9, "7", -1])
def test_a_seed_that_is_none_is_rendered_by_nothing(seed):
    for use in (kickitout.render, kickitout.kick_of):
        with pytest.raises(UserError, match="seed"):
            use({"seed": seed})


def test_what_is_kept_of_left_and_right_is_their_mean_in_a_mono_model(wave):
    both = np.stack([wave, 0.5 * wave])
    kick = kickitout.inpaint(both, [3], keep="body")[0]
    assert kick.channels.shape == (1, LENGTH)
    body = slice(SAMPLE_RATE // 20, None)  # behind the click
    assert np.corrcoef(kick.wave[body], wave[body])[0, 1] > 0.9999
    np.testing.assert_array_equal(kickitout.render(kick.recipe, source=both), kick.wave)


def test_a_blend_keeps_the_controls_of_its_recipes():
    moved = kickitout.match([7], {"drive": 12.0})[0]
    (same,) = kickitout.vary(moved, [0], 0.0)
    alone = kickitout.blend([moved.recipe], [1])
    np.testing.assert_allclose(alone.wave, same.wave, atol=1e-5)
    half = kickitout.blend([moved.recipe, {"seed": 7}], [1, 1])
    assert half.recipe["controls"][-1] == pytest.approx(6.0, abs=1e-3)


def test_sets_of_another_length_are_not_scored():
    with pytest.raises(UserError, match="22050 samples each"):
        kickitout.score(SILENT[:, :4410], SILENT)


def test_a_recipe_without_a_seed_is_damaged():
    with pytest.raises(UserError, match=r"^the recipe is damaged \('seed'\)$"):
        kickitout.render({"controls": [0.0] * 8})


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"sounds": ["kicks"], "style": "808"}, "style: of kicks that a model makes, and sounds were given"),
        ({"sounds": ["kicks"], "seeds": [1], "length_s": 2.0}, "seeds and length_s: of kicks that a model makes"),
        ({"sounds": ["kicks"], "targets": {"decay": 200.0}, "reject_outliers": True}, "reject_outliers and targets"),
        ({"sounds": ["kicks"], "model": "mine.onnx"}, "model: of kicks"),
        ({"sounds": [7]}, "7: no sound for a kit; a file or a folder works"),
        ({"most": 2}, "most 2: of the sounds that are given, and there are none"),
        ({"targets": {"pitch": 50.0}}, "pitch 50 Hz: a kit is tuned to whole notes, and note says to which"),
        ({"level": "-1dBTP"}, "level -1dBTP: a match of loudness is in LUFS; one of peak takes dBTP"),
        ({"level": -1}, "level -1: -60 to -3 LUFS work"),
        ({"match": ["peak"]}, r"match \['peak'\]: loudness or peak works"),
        ({"note": 41}, "note 41: not a note"),
        ({"name": 808}, "name 808: 1 to 80 visible characters"),
        ({"licence": 0}, "licence 0: write one line"),
        ({"layers": 2.0}, "velocity layers 2.0: 1 to 8 work"),
        ({"formats": "akai"}, "formats 'akai': choose from sfz, hydrogen"),
        ({"formats": [None]}, "formats 'None': choose from"),
    ],
)
def test_a_kit_refuses_what_it_would_not_follow(given, why, tmp_path):
    with pytest.raises(UserError, match=why):
        kickitout.write_kit(tmp_path / "kit", **given)
    assert not (tmp_path / "kit").exists()


def test_numbers_stand_for_the_texts_that_say_them(tmp_path):
    plain = {"layers": 1, "round_robins": 1, "formats": "sfz"}
    written = [
        kickitout.write_kit(tmp_path / str(i) / "kit", [7], level=level, bits=bits, **plain).folder
        for i, (level, bits) in enumerate([("-20 LUFS", "16"), (-20, 16)])
    ]
    by_text, by_number = (next(folder.rglob("*.wav")).read_bytes() for folder in written)
    assert by_text == by_number
