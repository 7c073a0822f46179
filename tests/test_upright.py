"""One polarity for all kicks of a model, decided inside its graph."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from synthetic import swept_kick  # noqa: E402
from toy import shared_run  # noqa: E402

from kickitout.audio.prepare import polarity  # noqa: E402
from kickitout.export.model_file import graph_bytes  # noqa: E402
from kickitout.generation.generate import generate  # noqa: E402
from kickitout.generation.graph import open_graph  # noqa: E402
from kickitout.models.upright import Upright, body_kernel  # noqa: E402
from kickitout.sound import LENGTH  # noqa: E402


@pytest.fixture(scope="module")
def waves():
    """[64, 1, T]: kicks of many pitches and clicks, every other one upside down, and noises with a body."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(32):
        kick = swept_kick(120 + 8 * i, 40 + i, 10 + i, 60 + 8 * i, 0.02 * i)
        hiss = rng.standard_normal(LENGTH).astype(np.float32) * np.float32(0.01 * (i % 5))
        made += [kick + hiss, -kick - hiss]
    return np.stack(made)[:, None].astype(np.float32)


def test_all_kicks_begin_upwards_as_prepared_kicks_do(waves):
    with torch.no_grad():
        turned = Upright()(torch.from_numpy(waves)).numpy()
    assert [polarity(wave[0]) for wave in turned] == [1] * len(waves)
    assert np.array_equal(np.abs(turned), np.abs(waves))  # turned over and nothing else
    assert np.array_equal(turned[::2], turned[1::2])


def test_both_channels_are_turned_by_their_mean(waves):
    stereo = np.concatenate([waves[:8], -0.3 * waves[:8]], axis=1)
    with torch.no_grad():
        turned = Upright()(torch.from_numpy(stereo)).numpy()
    assert all(polarity(wave.mean(axis=0)) == 1 for wave in turned)
    assert np.array_equal(np.abs(turned), np.abs(stereo))


def test_the_graph_decides_as_torch_does_and_the_same_alone_as_among_others(waves):
    upright = Upright()
    graph = open_graph(graph_bytes(upright, {"wave": torch.zeros(2, 1, LENGTH)}, ["turned"], "{}"), "damaged")
    (together,) = graph.run(None, {"wave": waves})
    with torch.no_grad():
        assert np.array_equal(together, upright(torch.from_numpy(waves)).numpy())
    for i in range(0, 64, 7):
        assert np.array_equal(graph.run(None, {"wave": waves[i : i + 1]})[0][0], together[i])


def test_every_kick_of_a_model_file_begins_upwards(tmp_path_factory):
    """That both play the same is held in test_model_files.py."""
    made = generate(range(32), shared_run(tmp_path_factory, "kickae"))
    assert [polarity(wave) for wave in made] == [1] * 32


def test_silence_stays_silence():
    with torch.no_grad():
        assert not Upright()(torch.zeros(2, 1, LENGTH)).any()


def test_the_low_pass_is_that_of_the_preparation():
    """-3 dB at 200 Hz and no gain at 0 Hz, by its sum; its ends are too low to matter."""
    kernel = body_kernel()[0, 0].double().numpy()
    steps = np.arange(len(kernel)) - len(kernel) // 2
    gain = (kernel * np.cos(2 * np.pi * 200.0 / (44_100 / 7) * steps)).sum()
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert 20 * np.log10(gain) == pytest.approx(-3.01, abs=0.01)
    assert kernel[0] < 1e-4 * kernel.max()
