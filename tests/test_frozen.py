"""Names of runs and cells outlive work on the program: settings are known by frozen ids, and old folders are read or
refused in a sentence."""

from __future__ import annotations

import json
import shutil
import struct
import wave
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, create_model
from toy import TOY, toy

from kickitout.cli import main
from kickitout.datasets.build import Dataset, read_dataset
from kickitout.errors import UserError
from kickitout.representations import LogMelConfig
from kickitout.settings import Settings
from kickitout.stored import current_name
from kickitout.training import run_folder
from kickitout.training.config import AdversarialTrainingConfig, KickAETrainingConfig, config_names, load_config
from kickitout.training.frozen import differing, frozen_settings, ids_of
from kickitout.training.run_folder import RunFolder
from kicklab import cells as cells_module
from kicklab.cells import Budget, Cell
from kicklab.data import LabData, save
from kicklab.folder import Lab
from kicklab.results import Results, read_results, write_results

pytestmark = pytest.mark.decides

OLD = Path(__file__).parent / "old"  # what was made before there were frozen ids

CELL = Cell(
    study="a study", row="a row", about="", levels=(), source="trained", data="kicks", seed=3, sounds=64,
    digests=("a" * 64, "b" * 64), config=load_config("dcgan-bands", [*TOY, "seed=3"]), budget=Budget(steps=2),
)  # fmt: skip


# -- the table --------------------------------------------------------------------------------------------------------


def test_every_setting_has_an_entry_in_the_table():
    known = ids_of(AdversarialTrainingConfig) | ids_of(KickAETrainingConfig)
    unknown = sorted(known.keys() - frozen_settings().keys())
    assert not unknown, (
        f"{unknown}: a renamed field keeps its id, and a new one is entered in frozen_settings.json with "
        "the value that means what was done before (see kickitout.training.frozen)"
    )


def test_no_entry_of_the_table_is_ever_changed_or_removed():
    then = json.loads((OLD / "frozen_settings.json").read_text())
    assert {key: frozen_settings().get(key) for key in then} == then


def test_two_fields_cannot_have_one_id():
    class Twice(Settings):
        one: int = 1
        two: int = Field(2, json_schema_extra={"id": "one"})

    class Within(Settings):
        part: Twice = Twice()
        outside: int = Field(2, json_schema_extra={"id": "part.one"})

    class Fine(Settings):
        one: int = 1

    class Beside(Settings):
        part: Fine = Fine()
        outside: int = Field(2, json_schema_extra={"id": "part.one"})

    for kind in (Twice, Within, Beside):
        with pytest.raises(ValueError, match="is that of another field"):
            ids_of(kind)


@pytest.mark.parametrize("name", config_names())
def test_every_config_says_what_it_is(name):
    recipe = load_config(name)
    found = differing(recipe)
    assert current_name(found["model.family"]) == recipe.model.family
    others = [differing(load_config(other)) for other in config_names() if other != name]
    assert found not in others


# -- identity ---------------------------------------------------------------------------------------------------------


def test_the_names_of_cells_are_these():
    """Whoever has to change one of these renames the cells of every laboratory: raise TRAINING_VERSION if training has
    changed, keep ids and words if it has not."""
    assert CELL.identity == "dcgan-pqmf-3-050ccf1822"
    tones = replace(CELL, data="tones", config=load_config("wavegan", toy("wavegan")), budget=Budget(seconds=480.0))
    assert tones.identity == "wavegan-3-5d36d28841"
    asked = [*toy("kickae"), "mask_cut=false"]  # as was done before it could be said
    fewer = replace(CELL, config=load_config("kickae", asked), kicks=16, milestones=(0.5, 1.0))
    assert fewer.identity == "kickgan-3-ae5d5d3b4e"
    plain = replace(CELL, config=None, budget=Budget())
    assert replace(plain, source="reals").identity == "reals-3-b5fd9e17d1"
    assert replace(plain, source="ceiling", representation=LogMelConfig(mels=64)).identity == "mel-3-16d36baaba"


@pytest.mark.parametrize("config", ["dcgan-bands", "kickae", "specgan"])
def test_a_name_and_words_about_a_config_are_no_part_of_a_cell(config):
    cell = replace(CELL, config=load_config(config, toy(config)))
    renamed = replace(cell, config=cell.config.model_copy(update={"name": "another", "about": "other words"}))
    assert renamed.identity == cell.identity
    assert replace(cell, study="another", row="another", about="other words").identity == cell.identity


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4}, {"sounds": 65}, {"digests": ("a" * 64, "c" * 64)}, {"kicks": 16}, {"data": "tones"},
        {"budget": Budget(steps=3)}, {"budget": Budget(seconds=2.0)}, {"milestones": (0.5, 1.0)}, {"source": "reals"},
        {"fold": (0, "c" * 64)},
        {"config": load_config("dcgan-bands", [*TOY, "seed=4"])},
        {"config": load_config("dcgan-bands", [*TOY, "seed=3", "representation.taps=384"])},
        {"config": load_config("dcgan-bands", [*TOY, "seed=3", "optim_d.lr=1e-4"])},
        {"config": load_config("dcgan-stft", [*TOY, "seed=3"])},
    ],
)  # fmt: skip
def test_what_changes_a_result_changes_the_name(change):
    assert replace(CELL, **change).identity != CELL.identity


def test_a_raised_version_of_training_changes_every_name(monkeypatch):
    before = CELL.identity
    monkeypatch.setattr(cells_module, "TRAINING_VERSION", cells_module.TRAINING_VERSION + 1)
    assert CELL.identity != before


LABELS = {
    "kickae": {
        "weights", "order", "jitter", "grain", "between", "norm", "see real bands", "see real mel", "see fake bands",
        "see fake mel",
    },
    "dcgan-bands": {"weights", "order", "layers", "latents", "real", "fake", "mix", "norm"},
}  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_the_labels_of_random_streams_are_these(name, old_dataset, tmp_path, monkeypatch):
    """A stream that is called otherwise is another one: the same recipe would give other weights."""
    from kickitout.training import adversarial, autoencoding, randomness
    from kickitout.training.budget import Until
    from kickitout.training.session import train

    asked, stream = set(), randomness.stream

    def noted(seed: int, *place: int | str) -> int:
        asked.update(part for part in place if isinstance(part, str))
        return stream(seed, *place)

    for module in (adversarial, autoencoding, randomness):
        monkeypatch.setattr(module, "stream", noted)
    more = ["critics_from=0", "variants=0"] if name == "kickae" else ["objective=wgan-gp"]
    changes = [*toy(name), "monitor.every=1", *more]
    train(old_dataset, load_config(name, changes), tmp_path, Until(steps=1), device="cpu", export=False)
    assert asked == LABELS[name]


def rebuilt(kind: type[BaseModel], **fields: Any) -> type[BaseModel]:
    """A class of the same fields, but for those that are given; without its checks."""
    kept = {name: (field.annotation, field) for name, field in kind.model_fields.items()}
    return create_model(kind.__name__, __base__=Settings, **(kept | fields))


def as_a(kind: type[BaseModel], config: BaseModel, /, **renamed: str) -> Any:
    """A config as an instance of another class. renamed: field -> its new name."""
    values = {name: getattr(config, name) for name in type(config).model_fields}
    return kind.model_construct(**{renamed.get(name, name): value for name, value in values.items()})


KICKAE_CELL = replace(CELL, config=load_config("kickae", toy("kickae")))


@pytest.mark.parametrize(
    ("cell", "name"),
    [(cell, name) for cell in (CELL, KICKAE_CELL) for name in type(cell.config).model_fields],
    ids=lambda value: value if isinstance(value, str) else value.config.model.family,
)
def test_a_field_that_is_renamed_and_keeps_its_id_renames_no_cell(cell, name):
    known = type(cell.config).model_fields
    field = known[name]
    kept = field.json_schema_extra or {"id": name}
    fields = {n: (f.annotation, f) for n, f in known.items() if n != name}
    default = ... if field.is_required() else field.default
    fields["other_name"] = (field.annotation, Field(default, json_schema_extra=kept))
    kind = create_model("Renamed", __base__=Settings, **fields)
    assert replace(cell, config=as_a(kind, cell.config, **{name: "other_name"})).identity == cell.identity


def test_a_field_that_is_renamed_without_its_id_is_found_out():
    known = AdversarialTrainingConfig.model_fields
    fields = {n: (f.annotation, f) for n, f in known.items() if n != "batch"}
    kind = create_model("Renamed", __base__=Settings, batch_size=(int, 128), **fields)
    assert "batch_size" not in frozen_settings()
    assert ids_of(kind).keys() - frozen_settings().keys() == {"batch_size"}
    assert replace(CELL, config=as_a(kind, CELL.config, batch="batch_size")).identity != CELL.identity


@pytest.mark.parametrize(("kind", "value"), [(bool, False), (float, 0.5), (str, "none"), (int | None, None)])
def test_an_option_that_is_added_with_a_default_renames_no_cell_until_it_is_used(kind, value):
    added = rebuilt(AdversarialTrainingConfig, option=(kind, value))
    assert replace(CELL, config=as_a(added, CELL.config).model_copy(update={"option": value})).identity == CELL.identity
    used = as_a(added, CELL.config).model_copy(update={"option": 7})
    assert replace(CELL, config=used).identity != CELL.identity


def test_an_option_of_a_part_is_added_likewise():
    adam = type(CELL.config.optim_g)
    more = rebuilt(adam, amsgrad=(bool, False))
    quiet, used = (
        CELL.config.model_copy(update={"optim_g": as_a(more, CELL.config.optim_g).model_copy(update={"amsgrad": on})})
        for on in (False, True)
    )
    assert replace(CELL, config=quiet).identity == CELL.identity
    assert replace(CELL, config=used).identity != CELL.identity


def test_a_default_that_is_changed_counts_for_who_says_nothing_and_not_for_who_asks_for_the_old_one():
    changed = rebuilt(AdversarialTrainingConfig, ema=(float, 0.5))
    plain = load_config("dcgan", [*TOY])
    assert plain.ema == 0.0
    old = replace(CELL, config=plain).identity
    assert replace(CELL, config=as_a(changed, plain)).identity == old  # asks for 0.0
    assert replace(CELL, config=as_a(changed, plain).model_copy(update={"ema": 0.5})).identity != old


def test_names_outlive_a_redesign():
    """Classes, fields, values and nesting are others; what is trained is the same."""

    class Optimiser(Settings):
        learning_rate: float = Field(2e-4, json_schema_extra={"id": "lr"})
        betas_first: float = Field(0.5, json_schema_extra={"id": "beta1"})
        betas_second: float = Field(0.999, json_schema_extra={"id": "beta2"})

    class SubBands(Settings):
        kind: Literal["subbands"] = Field("subbands", json_schema_extra={"id": "name", "values": {"subbands": "pqmf"}})
        prototype: int = Field(416, json_schema_extra={"id": "taps"})

    class Networks(Settings):  # the family has moved out of it
        latent: int
        prior: str = "normal"
        channels: int = 512
        least_channels: int = 8
        upsampling: str = "nearest"
        critic_norm: str = "none"

    class Loop(Settings):  # the run's own settings have moved into a part that adds no level
        batch: int = 32
        average: float = Field(0.995, json_schema_extra={"id": "ema"})
        snapshots: int = Field(100, json_schema_extra={"id": "monitor.every"})
        snapshot_sounds: int = Field(64, json_schema_extra={"id": "monitor.sounds"})
        seed: int = 0

    class TrainingConfig(Settings):
        title: str = Field("", json_schema_extra={"id": None})
        family: Literal["dcgan"] = Field("dcgan", json_schema_extra={"id": "model.family"})
        representation: SubBands = Field(SubBands(), json_schema_extra={"id": "codec"})
        networks: Networks = Field(json_schema_extra={"id": "model"})
        loss: Literal["hinge", "bce"] = Field("hinge", json_schema_extra={"id": "objective"})
        r1: float = 1.0
        r1_every: int = 4
        generator: Optimiser = Field(Optimiser(), json_schema_extra={"id": "optim_g"})
        augment_probability: float = Field(0.6, json_schema_extra={"id": "augment.probability"})
        loop: Loop = Field(Loop(), json_schema_extra={"id": ""})

    config = TrainingConfig(
        networks=Networks(latent=6, channels=16, least_channels=4),
        loop=Loop(batch=4, snapshots=2, snapshot_sounds=8, seed=3),
    )
    assert differing(config) == differing(CELL.config)
    assert replace(CELL, config=config).identity == CELL.identity  # type: ignore[arg-type]


# -- what was made before ---------------------------------------------------------------------------------------------


def old_kick(number: int) -> bytes:
    """A WAV file by integer arithmetic alone, so that its bytes are the same on every machine."""
    phase, samples = 0, []
    for t in range(8820):
        fall = (200 + 10 * number) * 65536 * max(0, 1500 - t) // (44100 * 1500)
        phase = (phase + (40 + 3 * number) * 65536 // 44100 + fall) % 65536
        triangle = phase if phase < 16384 else 32768 - phase if phase < 49152 else phase - 65536
        samples.append(triangle * ((8820 - t) ** 2 // 8820) // 8820 * 3 // 2)
    return struct.pack(f"<{len(samples)}h", *samples)


@pytest.fixture(scope="module")
def old_dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The kicks of the run folder in `old/run`."""
    folder = tmp_path_factory.mktemp("old") / "kicks"
    folder.mkdir()
    for i in range(12):
        with wave.open(str(folder / f"kick {i:02d}.wav"), "wb") as file:
            file.setparams((1, 2, 44100, 0, "NONE", ""))
            file.writeframes(old_kick(i))
    return read_dataset([folder])


def test_a_run_folder_of_before_is_refused_in_one_sentence_and_left_as_it_is(old_dataset, tmp_path):
    shutil.copytree(OLD / "run", tmp_path / "run")
    known = json.loads((OLD / "run" / "corpus.json").read_text())
    assert [row.file for row in old_dataset.rows] == [row["file"] for row in known["rows"]]  # it is of these kicks
    recipe = load_config("dcgan-bands", TOY)
    with pytest.raises(UserError, match=r"another version of kickitout.*its model still plays.*give a new folder"):
        RunFolder(tmp_path / "run").open(recipe, old_dataset.manifest())
    for path in (OLD / "run").iterdir():
        assert (tmp_path / "run" / path.name).read_bytes() == path.read_bytes()


def test_a_run_of_another_version_of_training_is_refused_likewise(old_dataset, tmp_path, monkeypatch):
    recipe, manifest = load_config("dcgan-bands", TOY), old_dataset.manifest()
    folder = RunFolder(tmp_path)
    folder.open(recipe, manifest)
    folder.open(recipe.model_copy(update={"name": "called otherwise"}), manifest)
    monkeypatch.setattr(run_folder, "TRAINING_VERSION", run_folder.TRAINING_VERSION + 1)
    with pytest.raises(UserError, match="another version of kickitout"):
        folder.open(recipe, manifest)


def test_a_run_folder_is_gone_on_with_after_an_option_was_added(old_dataset, tmp_path):
    recipe, manifest = load_config("dcgan-bands", TOY), old_dataset.manifest()
    folder = RunFolder(tmp_path)
    folder.open(recipe, manifest)
    more = as_a(rebuilt(AdversarialTrainingConfig, option=(float, 0.5)), recipe)
    folder.open(more.model_copy(update={"option": 0.5}), manifest)
    with pytest.raises(UserError, match=r"another config \(option was None, now 0\.25\)"):
        folder.open(more.model_copy(update={"option": 0.25}), manifest)
    with pytest.raises(UserError, match=r"another config \(ema was 0\.995, now 0\)"):
        folder.open(recipe.model_copy(update={"ema": 0.0}), manifest)


def test_a_laboratory_of_before_is_read_and_not_run_on(tmp_path, capsys):
    shutil.copytree(OLD / "lab", tmp_path / "lab")
    lab = Lab(tmp_path / "lab")
    write_results(lab)
    (best,) = [r for r in Results(read_results(lab)).of("sine", row="waves", score="tone_snr") if r["seed"] == 0]
    assert best["cell"] == "wavegan-0-3c782d641c"
    assert best["value"] == pytest.approx(0.025, abs=1e-3)
    before = {p: p.read_bytes() for p in lab.path.rglob("*") if p.is_file()}
    assert main(["lab", "run", "sine", "-o", str(lab.path), "--steps", "2"]) == 2
    said = capsys.readouterr().err
    assert "study sine was begun by another version of kickitout" in said
    assert "kick lab table" in said
    assert before == {p: p.read_bytes() for p in lab.path.rglob("*") if p.is_file()}


@pytest.mark.parametrize("change", [{"loudness": -12.0}, {"name": None}])
def test_kicks_of_a_laboratory_that_say_something_else_are_one_sentence(old_dataset, tmp_path, change):
    """change: what stands of a kick in another version; None: nothing."""
    save(LabData(old_dataset, old_dataset), tmp_path / "data")
    about = json.loads((tmp_path / "data" / "kicks.json").read_text())
    for key, value in change.items():
        about["train"]["rows"][0].pop(key, None)
        about["train"]["rows"][0] |= {} if value is None else {key: value}
    (tmp_path / "data" / "kicks.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match=r"damaged or of another version; restore them, or use another -o"):
        Lab(tmp_path).sounds("kicks")
