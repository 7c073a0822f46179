import io
import math
import warnings

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from synthetic import swept_kicks

from kickitout.representations import (
    REPRESENTATIONS,
    ComplexStftConfig,
    LogMagnitudeConfig,
    LogMelConfig,
    Representation,
    RepresentationConfig,
    SubBandsConfig,
    make_representation,
)
from kickitout.representations.complex_stft import ComplexStft
from kickitout.representations.log_magnitude import LogMagnitude
from kickitout.representations.mel import mel_filters
from kickitout.representations.stft import Stft
from kickitout.sound import LENGTH, SAMPLE_RATE
from kicklab.benches.griffin_lim import magnitude_distance

torch.set_num_threads(1)
NAMES = list(REPRESENTATIONS)
KEPT = ["complexstft", "pqmf"]


def codec_named(name: str) -> Representation:
    return make_representation(REPRESENTATIONS[name]())


def kicks(count: int = 4) -> torch.Tensor:
    return torch.from_numpy(swept_kicks(count))


def snr_db(wanted: torch.Tensor, got: torch.Tensor) -> float:
    return float(10 * torch.log10(wanted.square().sum() / (wanted - got).square().sum()))


def tone(hz: float, level: float = 1.0) -> torch.Tensor:
    return level * torch.sin(2 * math.pi * hz / SAMPLE_RATE * torch.arange(LENGTH, dtype=torch.float64)).float()[None]


def max_difference_after_export(representation: Representation, encoded: torch.Tensor) -> float:
    """Largest difference between decoding and its ONNX graph, which is made for another batch size."""
    import onnxruntime

    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter speaks of packages that are not used and of its own internals
        batch = {0: torch.export.Dim("batch", min=1, max=4096)}
        program = torch.onnx.export(
            representation, (encoded[:2],), dynamo=True, dynamic_shapes={"representation": batch}, verbose=False
        )
        assert program is not None
        program.save(file)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (wave,) = session.run(None, {session.get_inputs()[0].name: encoded.numpy()})
    return float(np.abs(wave - representation.decode(encoded).detach().numpy()).max())


@pytest.mark.parametrize("name", NAMES)
def test_a_representation_keeps_shape_and_length(name: str) -> None:
    representation = codec_named(name)
    encoded = representation.encode(kicks(3))
    assert tuple(encoded.shape) == (3, *representation.representation_shape)
    assert tuple(representation.decode(encoded).shape) == (3, LENGTH)


def test_default_shapes_suit_a_generator_that_doubles() -> None:
    assert codec_named("logmag").representation_shape == (1, 256, 128)
    assert codec_named("complexstft").representation_shape == (2, 256, 128)
    assert codec_named("mel").representation_shape == (1, 128, 128)
    assert codec_named("pqmf").representation_shape == (16, 1, 1408)


@pytest.mark.parametrize("name", NAMES)
def test_encoded_kicks_lie_within_reach_of_tanh(name: str) -> None:
    encoded = codec_named(name).encode(kicks(4))
    assert (encoded.abs() <= 1).float().mean() > 0.999
    assert encoded.abs().max() < 5  # what sticks out is the white click of these kicks, in a few samples of high bands


@pytest.mark.parametrize("name", NAMES)
def test_silence_stays_finite_and_silent(name: str) -> None:
    representation = codec_named(name)
    encoded = representation.encode(torch.zeros(1, LENGTH))
    assert encoded.isfinite().all()
    assert representation.decode(encoded).abs().max() < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_anything_decodes_to_a_finite_sound(name: str) -> None:
    representation = codec_named(name)
    noise = 2 * torch.rand(1, *representation.representation_shape, generator=torch.Generator().manual_seed(0)) - 1
    for encoded in (noise, torch.ones_like(noise), -torch.ones_like(noise), torch.zeros_like(noise)):
        assert representation.decode(encoded).isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_kick_is_the_same_alone_and_in_a_batch(name: str) -> None:
    representation = codec_named(name)
    waves = kicks(6)
    encoded = representation.encode(waves)
    # Matrix products may add up in another order for another batch size: a few units in the last place.
    torch.testing.assert_close(representation.encode(waves[4:5])[0], encoded[4], atol=2e-6, rtol=1e-5)
    alone, together = representation.decode(encoded[4:5])[0], representation.decode(encoded)[4]
    if name in ("logmag", *KEPT):
        torch.testing.assert_close(alone, together, atol=1e-6, rtol=0)
    else:  # mel: products before Griffin-Lim, whose phase is sensitive where nothing is heard
        assert snr_db(together, alone) > 60


@pytest.mark.parametrize("name", KEPT)
def test_representations_that_keep_phase_return_the_kick(name: str) -> None:
    representation = codec_named(name)
    waves = kicks(4)
    assert representation.phase == "kept"
    assert representation.exportable
    assert snr_db(waves, representation.decode(representation.encode(waves))) > 80
    noise = 0.3 * torch.randn(2, LENGTH, generator=torch.Generator().manual_seed(1))
    assert snr_db(noise, representation.decode(representation.encode(noise))) > 100


@pytest.mark.parametrize(("name", "most_db"), [("logmag", 2.0), ("mel", 4.0)])
def test_representations_that_rebuild_phase_return_the_spectrum(name: str, most_db: float) -> None:
    representation = codec_named(name)
    stft = Stft(512, 173, 128)
    waves = kicks(4)
    assert representation.phase == "rebuilt"
    assert not representation.exportable
    distance = magnitude_distance(stft, representation.decode(representation.encode(waves)), stft(waves).abs())
    assert distance.mean() < most_db


@pytest.mark.parametrize("name", NAMES)
def test_gradients_flow_through_both_directions(name: str) -> None:
    representation = codec_named(name)
    waves = kicks(2).requires_grad_()  # their first 64 samples are silent
    encoded = representation.encode(waves)
    (from_encode,) = torch.autograd.grad(encoded.square().sum(), waves)
    target = encoded.detach().requires_grad_()
    (from_decode,) = torch.autograd.grad(representation.decode(target).square().sum(), target)
    for gradient in (from_encode, from_decode):
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_at_silence_is_finite(name: str) -> None:
    representation = codec_named(name)
    silence = torch.zeros(1, LENGTH, requires_grad=True)
    representation.encode(silence).sum().backward()
    assert silence.grad is not None
    assert silence.grad.isfinite().all()


@pytest.mark.parametrize(("n_fft", "hop"), [(512, 173), (512, 172), (1024, 173), (2048, 173)])
def test_the_transform_itself_is_exact(n_fft: int, hop: int) -> None:
    stft = Stft(n_fft, hop, 128)
    noise = torch.rand(2, LENGTH, generator=torch.Generator().manual_seed(2)) * 2 - 1
    assert (stft.inverse(stft(noise)) - noise).abs().max() < 1e-5


@pytest.mark.parametrize("level_db", [0.0, -20.0, -40.0])
def test_a_tone_at_a_bin_centre_lands_in_its_row_with_its_level(level_db: float) -> None:
    representation = LogMagnitude(LogMagnitudeConfig())
    encoded = representation.encode(tone(20 * SAMPLE_RATE / 512, 10 ** (level_db / 20)))[0, 0]  # [256, 128]
    assert encoded[:, 64].argmax() == 20
    # The floor of -80 dB is added to the magnitude: 0.09 dB at -40 dB.
    assert float(representation.scale.to_db(encoded[20, 64])) == pytest.approx(level_db, abs=0.1)


def test_an_impulse_lands_in_its_frame() -> None:
    representation = LogMagnitude(LogMagnitudeConfig())
    frame = 50
    wave = torch.zeros(1, LENGTH)
    wave[0, representation.stft.frame_start(frame) + 256] = 1.0  # at the centre of the frame
    encoded = representation.encode(wave)[0, 0]  # [256, 128]
    assert (encoded.argmax(1) == frame).all()
    assert (encoded[:, [frame - 2, frame + 2]] == -1).all()  # 346 samples away: outside of the window


def test_an_exponential_decay_is_a_straight_line_in_db() -> None:
    representation = LogMagnitude(LogMagnitudeConfig(floor_db=-120))
    seconds = torch.arange(LENGTH) / SAMPLE_RATE
    encoded = representation.encode(tone(20 * SAMPLE_RATE / 512) * torch.exp(-seconds / 0.1))[0, 0]
    steps = representation.scale.to_db(encoded[20, 5:120]).diff()
    torch.testing.assert_close(steps, torch.full_like(steps, -173 / 4410 * 20 / math.log(10)), atol=0.02, rtol=0)


def test_the_complex_stft_holds_nyquist_beside_dc() -> None:
    representation = ComplexStft(ComplexStftConfig())
    alternating = 0.5 * torch.cos(math.pi * torch.arange(LENGTH))[None]
    encoded = representation.encode(alternating)[0]  # [2, 256, 128]
    assert encoded[1, 0, 60].abs() > 0.7  # cube root of 0.5 / 1.41
    assert encoded[0, 0, 60].abs() < 0.01
    assert snr_db(alternating, representation.decode(encoded[None])) > 80


def test_the_power_of_the_complex_stft_can_be_chosen() -> None:
    representation = make_representation(ComplexStftConfig(power=0.5))
    assert snr_db(kicks(2), representation.decode(representation.encode(kicks(2)))) > 80


def test_a_tone_is_loudest_in_its_mel_band() -> None:
    config = LogMelConfig()
    encoded = make_representation(config).encode(tone(200.0))[0, 0, :, 64]  # [128]
    mel = lambda hz: 2595 * math.log10(1 + hz / 700)  # noqa: E731
    width = (mel(config.high_hz) - mel(config.low_hz)) / (config.mels + 1)
    assert abs(int(encoded.argmax()) - ((mel(200.0) - mel(config.low_hz)) / width - 1)) <= 1


def test_mel_filters_hand_over_evenly() -> None:
    filters = mel_filters(2048, 128, 20.0, 20_000.0)
    between = slice(3, 900)  # between the first and the last peak
    torch.testing.assert_close(filters.sum(0)[between], torch.ones(897), atol=1e-4, rtol=0)


def test_a_config_comes_back_from_its_name() -> None:
    adapter = TypeAdapter(RepresentationConfig)
    assert adapter.validate_python({"name": "pqmf"}) == SubBandsConfig()
    for name, config in REPRESENTATIONS.items():
        assert adapter.validate_json(config().model_dump_json()).name == name


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (LogMagnitudeConfig, {"hop": 100}, "a hop of 170"),
        (LogMagnitudeConfig, {"hop": 300}, "half of n_fft"),
        (LogMagnitudeConfig, {"bins": 258}, "must be 1..257"),
        (ComplexStftConfig, {"n_fft": 510}, "512, 1024 and 2048 work"),
        (LogMelConfig, {"n_fft": 512}, "works better"),
        (LogMelConfig, {"low_hz": 300.0, "high_hz": 200.0}, "must be above"),
        (SubBandsConfig, {"taps": 400}, "416"),
        (SubBandsConfig, {"band_gain_db": (0.0,)}, "one a band"),
        (SubBandsConfig, {"tabs": 416}, "Extra inputs"),
    ],
)
def test_wrong_settings_say_what_would_work(config: type, settings: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        config(**settings)


def test_a_spectrogram_of_another_size_works_too() -> None:
    representation = make_representation(LogMagnitudeConfig(n_fft=1024, bins=512))
    assert representation.representation_shape == (1, 512, 128)
    assert tuple(representation.decode(representation.encode(kicks(1))).shape) == (1, LENGTH)


def test_the_complex_decoder_is_the_same_in_onnx() -> None:
    representation = codec_named("complexstft")
    assert max_difference_after_export(representation, representation.encode(kicks(3))) < 1e-5
