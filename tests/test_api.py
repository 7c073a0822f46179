"""What `kickitout` offers in Python: one table of names, opened when they are asked for, each usable in three lines."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from toy import TOY, shared_run, write_kicks

import kickitout
from kickitout import frontend
from kickitout.cli import main
from kickitout.errors import UserError

ROOT = Path(__file__).parents[1]
FUNCTIONS = [name for name in kickitout.__all__ if name not in ("UserError", "__version__")]
LONG = {"configs", "resolve_config", "score", "serve", "train", "write_site"}  # their examples are text


def test_the_table_of_names_is_what_can_be_imported():
    assert kickitout.__all__ == sorted(kickitout.__all__)
    assert set(kickitout.__all__) == {*kickitout.HOMES, "__version__"}
    assert set(kickitout.__all__) <= set(dir(kickitout))
    assert all(getattr(kickitout, name) is not None for name in kickitout.__all__)
    with pytest.raises(AttributeError, match="'kickitout' has no attribute 'listen'"):
        kickitout.listen  # noqa: B018


@pytest.mark.parametrize("package", [kickitout, frontend], ids=lambda package: package.__name__)
def test_the_types_that_a_checker_sees_are_those_of_the_table(package):
    text = Path(package.__file__).read_text("utf-8")
    block = text.split("if TYPE_CHECKING:")[1].split("__all__")[0]
    homes = {}
    for home, one_line, several in re.findall(r"from (\S+) import (?:([^(\n]+)|\((.*?)\))", block, re.DOTALL):
        homes |= {name.strip(): home for name in (one_line or several).split(",") if name.strip()}
    assert homes == package.HOMES


def test_importing_the_package_opens_neither_numpy_nor_torch():
    script = "import sys, kickitout; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch", "onnxruntime", "soundfile", "pydantic"} & set(done.stdout.split())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_typed_and_says_what_it_takes_gives_and_refuses(name):
    function = getattr(kickitout, name)
    sign = inspect.signature(function)
    assert sign.return_annotation is not inspect.Signature.empty
    assert all(one.annotation is not one.empty for one in sign.parameters.values())
    assert not sign.parameters or "Raises UserError" in " ".join(function.__doc__.split())
    assert (">>>" in function.__doc__) != (name in LONG)
    assert re.search(rf"\b{name}\(", function.__doc__)


def test_what_interfaces_need_is_typed_and_says_what_it_gives_and_refuses():
    """Nothing of it is a public name of `kickitout` once more."""
    assert frontend.__all__ == sorted(
        frontend.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    assert not set(frontend.__all__) & set(kickitout.__all__)
    for name in frontend.__all__:
        found = getattr(frontend, name)
        if name.isupper():
            assert re.search(rf"\b{name}\b", frontend.__doc__), name
        elif inspect.isfunction(found):
            sign = inspect.signature(found)
            typed = [one.annotation for one in sign.parameters.values()] + [sign.return_annotation]
            assert inspect.Signature.empty not in typed, name
            assert "Raises UserError" in " ".join(found.__doc__.split()), name
        else:
            assert found.__doc__, name


def test_the_page_of_the_api_is_up_to_date():
    from kicklab.experiments.api_page import run

    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    block = re.search(r"<!-- begin: kick lab measure api-page -->\n(.*?)\n<!-- end -->", page, re.DOTALL)
    assert block is not None
    assert block[1].strip() == "\n".join(run()).strip()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two kicks as `kick generate` writes them, with all their bits."""
    folder = tmp_path_factory.mktemp("kicks")
    assert main(["generate", "--seeds", "7,8", "--bits", "32f", "-q", "-o", str(folder)]) == 0
    return sorted(folder.iterdir())


def samples(path):
    from kickitout.audio import read_sound

    return read_sound(path).samples[:, 0]


def test_a_file_renders_as_the_seed_it_was_made_from(files):
    np.testing.assert_array_equal(kickitout.render(files[0]), kickitout.generate([7])[0])
    np.testing.assert_array_equal(samples(files[0]), kickitout.render(files[0]))
    with pytest.raises(UserError, match="has no recipe inside"):
        kickitout.render(kickitout.write_sound(files[0].with_name("plain.wav"), np.zeros(100, np.float32), 44_100))
    with pytest.raises(UserError, match="the recipe: made by the model"):
        kickitout.render({"kickitout": "1", "model": "another", "model_sha256": "ab" * 32, "seed": 7})


def test_a_sound_of_a_kit_renders_as_it_is_in_the_kit(files, tmp_path):
    how = {"layers": 2, "round_robins": 1, "formats": ["sfz"], "bits": "32f", "note": "F"}
    of_seed = kickitout.write_kit(tmp_path / "seed", [7], **how).folder
    of_file = kickitout.write_kit(tmp_path / "file", sounds=[files[1]], **how).folder
    for kit, source in ((of_seed, None), (of_file, files[1])):
        for path in (kit / "samples").iterdir():
            np.testing.assert_array_equal(kickitout.render(path, source=source), samples(path))
    with pytest.raises(UserError, match=r"made from kick_000008.wav; give that file as the source"):
        kickitout.render(path)


def test_variations_morphs_and_new_bodies_are_those_of_the_command_line(files, tmp_path):
    first, last = map(str, files[:2])
    how = ["--bits", "32f", "-o"]
    assert main(["vary", first, "-n", "2", "--amount", "0.5", *how, str(tmp_path / "v")]) == 0
    assert main(["vary", first, "-n", "2", "--keep", "click", *how, str(tmp_path / "k")]) == 0
    assert main(["morph", first, last, "-n", "3", *how, str(tmp_path / "m")]) == 0
    made = {
        "v": kickitout.vary(first, range(2), 0.5),
        "k": kickitout.inpaint(first, range(2), "click"),
        "m": kickitout.morph(first, last, 3),
    }
    for folder, kicks in made.items():
        written = sorted((tmp_path / folder).iterdir())
        assert [kick.name for kick in kicks] == [path.stem for path in written]
        for kick, path in zip(kicks, written, strict=True):
            np.testing.assert_array_equal(kick.wave, samples(path))
            np.testing.assert_array_equal(kickitout.render(kick.recipe, source=first), kick.wave)
            assert kick.recipe.items() <= kickitout.read_recipe(path).items()
        assert kickitout.write_kicks(kicks, tmp_path / folder, bits="32f", force=True) == written
    np.testing.assert_array_equal([made["m"][0].wave, made["m"][-1].wave], kickitout.generate([7, 8]))
    with pytest.raises(UserError, match=r"exists \(and 1 more\); force replaces it"):
        kickitout.write_kicks(made["v"], tmp_path / "v")


def test_a_match_is_the_kick_that_the_command_line_writes(tmp_path):
    assert main(["generate", "-n", "1", "--note", "G1", "--bits", "32f", "-q", "-o", str(tmp_path)]) == 0
    found = kickitout.match([0], {"pitch": 440 * 2 ** (-38 / 12)})[0]
    assert found.match.reached
    np.testing.assert_array_equal(samples(next(tmp_path.iterdir())), found.wave)
    with pytest.raises(UserError, match="rounds=0: 1 render or more works"):
        kickitout.match([{"seed": 7}], {"pitch": 50.0}, rounds=0)
    with pytest.raises(UserError, match="rounds=0: 1 render or more works"):
        kickitout.draw({"seed": 7}, [(0, 120), (100, 50)], rounds=0)
    with pytest.raises(UserError, match="nothing a kick can be asked for"):
        kickitout.match([0], {"colour": 1.0})


def test_a_sound_is_inverted_once_and_used_again(files):
    found = kickitout.invert(files[0])
    assert kickitout.invert(found) is found
    again = kickitout.vary(found, [0], 0.0)
    assert [kick.wave.shape for kick in again] == [(22050,)]
    model = kickitout.load_model()
    np.testing.assert_array_equal(again[0].wave, kickitout.vary(found, [0], 0.0, model)[0].wave)
    assert found.said == "made by this model, so its latent is known"


def test_the_card_of_a_file_is_that_of_the_command_line(files, capsys):
    import json

    assert main(["card", str(files[0]), "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)[0]["card"]
    found = kickitout.card(files[0])
    for name, value in listed.items():
        assert found[name] == value or (value is None and np.isnan(found[name])), name


def test_sounds_are_scored_as_waves_and_as_folders_and_too_few_are_refused(tmp_path):
    folder = write_kicks(tmp_path / "real", 70)
    real = kickitout.read_dataset(folder)
    waves = kickitout.generate(range(64))
    by_folder = kickitout.score(waves, folder, embeddings=["bands"])
    of_model = kickitout.score("default", real, n=64, embeddings=["bands"])
    assert by_folder.scores == of_model.scores
    assert by_folder.scores["energy_bands-1"].reference == real.digest
    assert "kicks_recognised" in by_folder.scores
    assert of_model.generated["first_seed"] == 0
    assert "near_duplicates" not in by_folder.as_data()
    with pytest.raises(UserError, match="too few for a score"):
        kickitout.score(waves[:10], real)


def test_runs_are_listed(tmp_path_factory):
    run = shared_run(tmp_path_factory, "dcgan-bands")
    found = kickitout.runs(run)
    assert [(one.path, one.state) for one in found] == [(run, "finished")]


@pytest.mark.parametrize(("options", "why"), [
    ({"steps": 0}, "steps=0: a whole number from 1"), ({"steps": 2.0}, "steps=2.0: a whole"),
    ({"threads": 0}, "threads=0: a whole"), ({"threads": -1}, "threads=-1: a whole"),
    ({"accumulate": 0}, "accumulate=0: a whole"), ({"seconds": float("nan")}, "seconds=nan: more than 0"),
    ({"seconds": float("inf")}, "seconds=inf: more than 0"), ({"precision": "float16"}, "precision float16: not known"),
    ({"device": "gpu"}, "device gpu: not known; auto, cpu, cuda, mps"), ({"device": "cuda:1"}, "device cuda:1: not"),
])  # fmt: skip
def test_an_option_that_cannot_be_is_said_before_anything_is_read(tmp_path, options, why):
    pytest.importorskip("torch")
    with pytest.raises(UserError, match=why):
        kickitout.train(tmp_path / "nowhere", tmp_path / "run", **options)


@pytest.mark.slow
def test_a_model_is_trained_and_played_in_two_lines(tmp_path):
    folder = write_kicks(tmp_path / "kicks", 12)
    how = {"config": "dcgan-bands", "changes": TOY, "device": "cpu"}
    told = []
    result = kickitout.train(folder, tmp_path / "run", steps=2, watch=told.append, **how)
    assert (result.step, result.reason) == (2, "done")
    kinds = [one.kind for one in told]
    assert kinds[:13] == ["reading"] * 12 + ["plan"]
    assert set(kinds[13:-1]) == {"report"}
    assert told[-1] is result
    assert (told[11].done, told[11].total, len(told[12].dataset)) == (12, 12, 12)
    with pytest.raises(UserError, match="steps and seconds both say"):
        kickitout.train(folder, tmp_path / "run", steps=2, seconds=60, **how)
    with pytest.raises(UserError, match="too short"):
        kickitout.train(folder, tmp_path / "new", seconds=0, **how)
    assert kickitout.generate([0], tmp_path / "run").shape == (1, 22050)
