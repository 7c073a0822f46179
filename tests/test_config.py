"""Training configs: resolved, checked, and refused with what would work."""

from __future__ import annotations

import pytest

from kickitout.errors import UserError
from kickitout.generation.load import load_model
from kickitout.training.config import (
    AdversarialTrainingConfig,
    KickAETrainingConfig,
    config_names,
    load_config,
    merge,
    read_config,
)


def test_every_shipped_config_resolves_and_says_what_it_is():
    for name in config_names():
        config = load_config(name)
        assert config.name == name
        assert len(config.about) > 40


def test_the_pure_dcgan_is_the_papers_but_for_what_it_says():
    r = load_config("dcgan")
    assert (r.objective, r.ema, r.r1, r.augment.probability, r.critic_steps) == ("bce", 0, 0, 0, 1)
    for adam in (r.optim_g, r.optim_d):
        assert (adam.lr, adam.beta1, adam.beta2) == (2e-4, 0.5, 0.999)
    m = r.model
    assert (m.latent, m.prior, m.upsampling, m.critic_norm, m.channels) == (100, "uniform", "transposed", "batch", 512)


def test_a_change_from_the_command_line_reaches_its_key():
    config = load_config("dcgan", ["batch=7", "model.channels=16", "optim_g.lr=1e-3", "model.upsampling=nearest"])
    assert config.batch == 7
    assert config.model.channels == 16
    assert config.optim_g.lr == 1e-3
    assert config.model.upsampling == "nearest"
    assert config.optim_g.beta1 == 0.5  # the rest of the part is the config's


def test_a_part_of_another_kind_replaces_the_bases_whole_part():
    assert merge({"representation": {"name": "a", "x": 1}}, {"representation": {"name": "b"}}) == {
        "representation": {"name": "b"}
    }
    assert merge({"representation": {"name": "a", "x": 1}}, {"representation": {"x": 2}}) == {
        "representation": {"name": "a", "x": 2}
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("batches=3", "unknown key batches .did you mean batch"),
        ("model.chanels=3", "model.chanels .did you mean channels"),
        ("batch=1", "batch=1: .*greater than or equal to 2"),
        ("objective=gan", "objective='gan'"),
        ("model.family=unet", "model.family='unet': known are dcgan, .*kickae"),
        ("r1=1", "set model.critic_norm: none"),
        ("critics_from=9", "critics_from=9 means nothing to dcgan; leave it out"),
        ("batch", "write key=value"),
        ("batch=[", "is not a value"),
    ],
)
def test_a_bad_key_or_value_is_named_with_what_would_work(change, sentence):
    with pytest.raises(UserError, match=sentence):
        load_config("dcgan", [change])


def test_an_unknown_config_names_the_known_ones():
    with pytest.raises(UserError, match="did you mean dcgan"):
        load_config("dcgann")


def test_a_config_of_ones_own_states_its_difference_only(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text("base: dcgan\nbatch: 9\n")
    config = load_config(str(own))
    assert (config.name, config.batch, config.model.channels) == ("mine", 9, 512)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a: [1\n", "not valid YAML"), ("- 1\n", "list of 'key: value'"), ("!!python/object:os.system {}\n", "not valid")],
)
def test_a_broken_config_file_is_refused_and_runs_nothing(tmp_path, text, sentence):
    own = tmp_path / "broken.yaml"
    own.write_text(text)
    with pytest.raises(UserError, match=sentence):
        load_config(str(own))


def test_bases_in_a_loop_are_refused(tmp_path):
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text(f"base: {b}\n")
    b.write_text(f"base: {a}\n")
    with pytest.raises(UserError, match="loop"):
        load_config(str(a))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("objective=hinge", "objective='hinge' means nothing to kickae; leave it out"),
        ("ema=0", "set ema: 0.99"),
        ("representation.name=mel", "set representation.name: pqmf"),
        ("model.widths=[16, 16]", "widths"),
        ("spectral.loss=detached", "spectral=.* means nothing to kickae"),
    ],
)
def test_a_key_that_means_nothing_to_a_family_is_refused(change, sentence):
    with pytest.raises(UserError, match=sentence):
        load_config("kickae", [change])


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("wavegan", "representation.name=mel", "wavegan makes waveforms, not mel; set representation.name: wave"),
        (
            "specgan",
            "representation.name=pqmf",
            "specgan makes spectrograms without phase, not pqmf; set representation.name: logmag",
        ),
        ("drumgan", "model.dim=8", "unknown key model.dim"),
    ],
)
def test_a_family_and_a_representation_that_do_not_fit_are_refused(name, change, sentence):
    with pytest.raises(UserError, match=sentence):
        load_config(name, [change])


def test_wavegan_and_specgan_train_as_published():
    for name in ("wavegan", "specgan"):  # Donahue et al. 2019, table 7
        r = load_config(name)
        assert (r.batch, r.model.dim, r.model.latent, r.model.prior) == (64, 64, 100, "uniform")
        assert (r.objective, r.gradient_penalty, r.critic_steps) == ("wgan-gp", 10, 5)
        for adam in (r.optim_g, r.optim_d):
            assert (adam.lr, adam.beta1, adam.beta2) == (1e-4, 0.5, 0.9)
    assert load_config("wavegan").model.shuffle == 2


def test_a_config_file_that_is_not_utf_8_is_said_so(tmp_path):
    own = tmp_path / "latin.yaml"
    own.write_bytes("about: é".encode("latin-1"))
    with pytest.raises(UserError, match="save it as UTF-8"):
        load_config(str(own))


def test_each_family_has_its_own_keys_and_its_class():
    for name in config_names():
        config = load_config(name)
        kickae = config.model.family == "kickae"
        assert type(config) is (KickAETrainingConfig if kickae else AdversarialTrainingConfig)
        assert hasattr(config, "weights") == kickae
        assert hasattr(config, "objective") != kickae


def test_the_config_in_a_model_of_format_1_is_read():
    config = read_config(load_model("default").info.config, "default")
    assert isinstance(config, KickAETrainingConfig)
    assert (config.model.noise_code, config.augmentation_mix, config.weights.repulsion) == (24, 6000, 1.0)


def test_a_config_of_no_family_says_which_there_are():
    with pytest.raises(UserError, match=r"model\.family=None: known are dcgan"):
        read_config({"name": "x"}, "config x")
