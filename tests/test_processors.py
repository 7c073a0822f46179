"""Other code for the processor decides alike: which kicks are held out, their order, groups, variants and names.

NPY_DISABLE_CPU_FEATURES and its relatives choose other code in numpy, OpenBLAS and torch; resampler and decoders choose
for themselves, so the long test emulates processors.
"""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from decided import KICKS, decide, decide_elsewhere, differences, emulated, features, other_kernels
from toy import toy

from kickitout.errors import UserError
from kickitout.training.config import load_config
from kickitout.training.run_folder import RunFolder

KERNELS = other_kernels()
KINDS = (
    (44_100, ("WAV", "PCM_16")), (48_000, ("FLAC", "PCM_24")), (96_000, ("WAV", "FLOAT")),
    (22_050, ("AIFF", "PCM_16")), (44_100, ("MP3", "MPEG_LAYER_III")), (48_000, ("OGG", "VORBIS")),
    (48_000, ("OGG", "OPUS")),
)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory, make_kick):
    """Kicks that are resampled, lossy, upside down, stereo, noisy before the hit, and copies of each other."""
    folder = tmp_path_factory.mktemp("files") / "others"
    folder.mkdir()
    hiss = 0.01 * np.random.default_rng(0).standard_normal(50_000).astype(np.float32)
    for i, (rate, kind) in enumerate(KINDS):
        kick = make_kick(rate, before=0.02 * (i % 3), end_hz=44 + 9 * (i % 4)) * (-1) ** i
        kick = kick + hiss[: len(kick)] * np.abs(kick)
        sound = np.stack([kick, 0.6 * kick], axis=1) if i % 2 else kick
        soundfile.write(folder / f"{i}.{kind[0].lower()}", sound, rate, format=kind[0], subtype=kind[1])
    return folder


@pytest.fixture(scope="module")
def here(files, tmp_path_factory):
    own = tmp_path_factory.mktemp("here")
    return decide(files, own), dict(np.load(own / "lessons.npz"))


@pytest.mark.skipif(not KERNELS, reason="numpy has code for one kind of processor here")
@pytest.mark.parametrize("name", sorted(KERNELS) or ["none"])
def test_other_code_for_the_processor_decides_alike(name, files, here, tmp_path):
    mine, lessons = here
    other = decide_elsewhere(files, tmp_path / "own", KERNELS[name])
    assert set(other["features"]) < set(features())  # other code it was
    assert differences(mine["decided"], other["decided"]) == []
    assert sum("identity" in one for one in other["decided"]["files"].values()) == KICKS + len(KINDS)
    assert other["lessons"] == mine["lessons"]
    for part, waves in np.load(tmp_path / "own" / "lessons.npz").items():
        np.testing.assert_allclose(waves, lessons[part], atol=1e-3, err_msg=part)

    # A run begun there is gone on with here, and one of other sounds is not.
    recipe, folder = load_config("kickae", toy("kickae")), RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.open(recipe, other["manifest"])
    folder.open(recipe, mine["manifest"])
    gone = {**mine["manifest"], "digest": "0" * 64, "rows": mine["manifest"]["rows"][1:]}
    with pytest.raises(UserError, match=r"the sounds have changed .*1 gone \(rendered/kick 000\.wav\)"):
        folder.open(recipe, gone)


def test_rendered_kicks_are_the_same_files_on_every_processor(here):
    """So it is known beforehand which of them are held out."""
    files = here[0]["decided"]["files"]
    held_out = [name for name, found in files.items() if name.startswith("rendered/") and 0 in found["held out by"]]
    assert held_out == ["rendered/kick 000.wav"]
    assert here[0]["manifest"]["digest"][:16] == "2033c5eb12780623"


@pytest.mark.long
@pytest.mark.parametrize("processor", ["Nehalem", "Haswell"])
def test_an_emulated_processor_decides_alike(processor, files, here, tmp_path):
    command = emulated(processor)
    if isinstance(command, str):
        pytest.skip(command)
    other = decide_elsewhere(files, tmp_path / "own", {}, *command)
    assert differences(here[0]["decided"], other["decided"]) == []
    assert other["lessons"] == here[0]["lessons"]


def test_nothing_is_decided_within_a_hair(files, here):
    """Samples moved by a millionth, ten times of what processors differ by, turn no decision."""
    from kicklab.experiments.decisions import decisions

    still = here[0]["decided"]["files"]
    nudged = decisions([files], nudge=1e-6)["files"]
    assert len(nudged) == len(KINDS)
    for name, found in nudged.items():
        alone = {key: still[name][key] for key in found.keys() - {"group", "held out by"}}
        assert {key: found[key] for key in alone} == alone
