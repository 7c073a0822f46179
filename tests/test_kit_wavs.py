"""The sounds of a kit as files: their chunks, their recipes, and the files they may be made from."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import soundfile
from kits import FormulaModel, small_kit, write_kick
from synthetic import swept_kick

from kickitout.audio import decode_sound, encode_sound, read_comment
from kickitout.errors import UserError
from kickitout.export.kits.build import build_kit
from kickitout.export.kits.plan import Plan
from kickitout.export.kits.sources import kick_of_bytes, kicks_of_files, kicks_of_model
from kickitout.export.sounds import file_of_recipe
from kickitout.export.wav_chunks import SamplerZone, inst_chunk, smpl_chunk, with_zone
from kickitout.generation.recipe import latent_of
from kickitout.sound import LONGEST_S, ONSET, SAMPLE_RATE

pytestmark = pytest.mark.light


@pytest.fixture(scope="module")
def kit():
    return small_kit(kicks=4)


# files


def test_the_chunks_are_byte_for_byte_those_of_the_standard():
    zone = SamplerZone(36, 33, 64)
    smpl = bytes.fromhex(
        "736d706c 24000000 00000000 00000000 94580000 24000000 00000000 00000000 00000000 00000000 00000000"
    )
    assert smpl_chunk(zone, 44_100) == smpl  # 22676 ns = 0x5894, key 36 = 0x24, no loops
    assert inst_chunk(zone) == bytes.fromhex("696e7374 07000000 24 00 00 24 24 21 40 00")


def chunks(wav: bytes) -> dict[bytes, bytes]:
    """A reader of RIFF of its own: every chunk by its name; fails when the sizes do not add up."""
    kind, size, form = struct.unpack("<4sI4s", wav[:12])
    assert (kind, form, size) == (b"RIFF", b"WAVE", len(wav) - 8)
    found, at = {}, 12
    while at < len(wav):
        name, length = struct.unpack("<4sI", wav[at : at + 8])
        found[name] = wav[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    assert at == len(wav)
    return found


@pytest.mark.parametrize(("bits", "frames"), [("16", 101), ("24", 101), ("24", 100), ("32f", 101)])
def test_chunks_are_added_behind_samples_of_any_size(bits, frames):
    x = np.linspace(-0.5, 0.5, frames).astype(np.float32)
    plain = encode_sound(x, 44_100, bits=bits, comment="hello")
    zoned = with_zone(plain, SamplerZone(36, 1, 127), 44_100)
    assert list(chunks(zoned)) == [*chunks(plain), b"smpl", b"inst"]
    np.testing.assert_array_equal(decode_sound(zoned, "z").samples, decode_sound(plain, "p").samples)


class Instrument:
    """What libsndfile understands of the chunks (SFC_GET_INSTRUMENT), a reader that is not ours."""

    COMMAND = 0x10D0
    LAYOUT = "<i6b2xi"  # gain; basenote, detune, velocity and key ranges; number of loops

    def __init__(self, path):
        with soundfile.SoundFile(str(path)) as file:
            raw = soundfile._ffi.new("char[]", 16 + 16 * 16)
            assert soundfile._snd.sf_command(file._file, self.COMMAND, raw, 16 + 16 * 16) == 1
            fields = struct.unpack_from(self.LAYOUT, bytes(soundfile._ffi.buffer(raw)))
        (
            self.gain,
            self.key,
            self.detune,
            self.low_velocity,
            self.high_velocity,
            self.low_key,
            self.high_key,
            self.loops,
        ) = fields


def test_another_reader_finds_root_key_and_velocities_in_every_wav(tmp_path, kit):
    for name, data in dict(kit.files()).items():
        path = tmp_path / name
        path.write_bytes(data)
        samples, rate = soundfile.read(path)
        assert (rate, samples.ndim) == (44_100, 1)
        known = json.loads(read_comment(path))["kit"]
        found, key = Instrument(path), 35 + known["kick"]
        assert (found.key, found.loops) == (key, 0)
        inst = chunks(data)[b"inst"]
        assert list(inst) == [key, 0, 0, key, key, *known["velocities"]]
        assert struct.unpack("<9I", chunks(data)[b"smpl"])[2:5] == (22_676, key, 0)


def test_a_wav_of_a_kit_is_rendered_again_from_the_recipe_in_it(tmp_path):
    model = FormulaModel()
    for bits in ("16", "24", "32f"):
        kit = small_kit(model=model, layers=2, round_robins=2, bits=bits, note="F")
        for name, data in kit.files():
            path = tmp_path / name
            path.write_bytes(data)
            assert file_of_recipe(json.loads(read_comment(path)), name, model=model) == data


def test_a_wav_from_a_file_is_rendered_again_from_that_file(tmp_path):
    source = write_kick(tmp_path / "mein kick.wav", swept_kick(end_hz=61), kickitout="0", seed=3)
    kicks, _ = kicks_of_files([source])
    kit = build_kit(kicks, Plan("Mine"))
    recipe = kit.kicks[0].sounds[5].recipe
    assert recipe["source"]["file"] == "mein kick.wav"
    assert recipe["source"]["recipe"] == {"kickitout": "0", "seed": 3}  # it says itself how it was made
    data = dict(kit.files())[kit.kicks[0].sounds[5].file]
    assert file_of_recipe(json.loads(json.dumps(recipe)), "x.wav", source=source.read_bytes()) == data


def test_another_model_or_file_is_refused(tmp_path):
    recipe = small_kit(1).kicks[0].sounds[0].recipe
    other = FormulaModel()
    other.digest = "a" * 64
    with pytest.raises(UserError, match=r"x.wav: made by the model formula .ffffffffffff."):
        file_of_recipe(recipe, "x.wav", model=other)
    with pytest.raises(UserError, match=r"x.wav: made by the model formula .*; give the file of that model"):
        file_of_recipe(recipe, "x.wav")
    for damage in (
        {"shape": {"cents": 1, "reverb": 2}},
        {"shape": {"cents": -12e3}},
        {"shape": None},
        {"kit": {}},
        {"seed": None},
    ):
        with pytest.raises(UserError, match="recipe is damaged"):
            file_of_recipe(recipe | damage, "x.wav", model=FormulaModel())
    kicks, _ = kicks_of_files([write_kick(tmp_path / "a.wav", swept_kick())])
    of_file = build_kit(kicks, Plan("A", 1, 1)).kicks[0].sounds[0].recipe
    with pytest.raises(UserError, match=r"x.wav: made from another a.wav"):
        file_of_recipe(of_file, "x.wav", source=b"something")
    with pytest.raises(UserError, match=r"x.wav: made from a.wav; give that file"):
        file_of_recipe(of_file, "x.wav", model=FormulaModel())


def test_a_sound_of_a_kit_is_not_taken_for_the_place_it_began_at():
    model = FormulaModel()
    recipe = small_kit(1, model).kicks[0].sounds[0].recipe
    assert latent_of(json.dumps(recipe), model) is None
    assert latent_of(json.dumps({k: v for k, v in recipe.items() if k != "shape"}), model) is not None


# sources


def test_a_file_keeps_its_length_and_loses_its_silence(tmp_path):
    rate = 48_000
    t = np.arange(rate) / rate
    boom = (0.4 * np.sin(2 * np.pi * 45 * t) * np.exp(-t / 0.3)).astype(np.float32)
    x = np.concatenate([np.zeros(rate // 2), boom, np.zeros(2 * rate)]).astype(np.float32)
    kick = kick_of_bytes(write_kick(tmp_path / "boom.wav", x, rate).read_bytes(), "boom.wav")
    assert kick.wave.shape[1] / SAMPLE_RATE == pytest.approx(1.0, abs=0.01)
    assert np.argmax(np.abs(kick.wave[0]) > 0.01 * np.abs(kick.wave).max()) == pytest.approx(ONSET, abs=20)


def test_a_long_sound_is_refused_with_its_length(tmp_path):
    t = np.arange(int((LONGEST_S + 1) * SAMPLE_RATE)) / SAMPLE_RATE
    path = write_kick(tmp_path / "drone.wav", 0.5 * np.sin(2 * np.pi * 50 * t))
    with pytest.raises(UserError, match=r"drone.wav: 5.0 s of sound; a kit takes up to 4 s"):
        kicks_of_files([path])


def test_a_hit_that_begins_in_the_last_samples_of_its_file_is_taken(tmp_path):
    wave = np.zeros(SAMPLE_RATE)
    wave[-5:] = 0.8
    (kick,), _ = kicks_of_files([write_kick(tmp_path / "late.wav", wave)])
    assert np.isfinite(kick.wave).all()
    assert np.abs(kick.wave).max() > 0.1


def test_a_bad_file_in_a_folder_is_left_out_by_name_and_one_given_by_name_is_an_error(tmp_path):
    write_kick(tmp_path / "in" / "good.wav", swept_kick())
    bad = tmp_path / "in" / "bad.wav"
    bad.write_text("hello")
    silent = write_kick(tmp_path / "in" / "silent.wav", np.zeros(4410))
    kicks, refused = kicks_of_files([tmp_path / "in"])
    assert [kick.label for kick in kicks] == ["good"]
    assert [one.name for one in refused] == ["in/bad.wav", "in/silent.wav"]
    for path in (bad, silent):
        with pytest.raises(UserError, match=path.name):
            kicks_of_files([path])
    only = tmp_path / "only"
    only.mkdir()
    (only / "bad.wav").write_text("hello")
    with pytest.raises(UserError, match=r"only/bad.wav: .*no other sound"):
        kicks_of_files([only])


def test_a_silent_seed_is_named():
    class Silent(FormulaModel):
        def play(self, eps, controls=None):
            return np.zeros((1, 22_050), np.float32)

    with pytest.raises(UserError, match="seed 5: silent"):
        kicks_of_model(Silent(), [5])
