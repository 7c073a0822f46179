"""Kits: layers, round robins, tuning, loudness, chunks and recipes, on kicks whose answers are known."""

from __future__ import annotations

import itertools
import json
import math
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from kits import FormulaModel, formula_kick, small_kit, write_kick
from synthetic import swept_kick

from kickitout.audio import decode_sound, encode_sound, read_comment
from kickitout.descriptors import cards
from kickitout.errors import UserError
from kickitout.export.kits.build import CEILING_DBTP, COST_LU, build_kit, common_loudness
from kickitout.export.kits.documents import remarks
from kickitout.export.kits.pitching import tune
from kickitout.export.kits.plan import LONGEST_STEM, Plan, file_stem
from kickitout.export.kits.sources import kick_of_bytes, kicks_of_files, kicks_of_model
from kickitout.export.kits.tuning import find_note, parse_note
from kickitout.export.kits.velocity import (
    MOST_LAYERS,
    MOST_ROUND_ROBINS,
    VARY_CENTS,
    VARY_CLICK_DB,
    VARY_DB,
    variation,
    zones,
)
from kickitout.export.sounds import file_of_recipe
from kickitout.export.wav_chunks import SamplerZone, inst_chunk, smpl_chunk, with_zone
from kickitout.generation.recipe import latent_of
from kickitout.generation.shaping import Shape, colour, gain_db, shape, varispeed
from kickitout.generation.source import MOST_SECONDS
from kickitout.notes import note_name, to_midi
from kickitout.sound import ONSET, PEAK, SAMPLE_RATE

pytestmark = pytest.mark.light


def sounds_of(kit):
    """{(kick, layer, round robin): samples [T] or [T, C]} as a player reads them."""
    files = dict(kit.files())
    return {
        (kick.number, s.zone.layer, s.round_robin): decode_sound(files[s.file], s.file).samples
        for kick in kit.kicks
        for s in kick.sounds
    }


def cards_of(waves):
    longest = max(map(len, waves))
    return cards(np.stack([np.pad(x, (0, longest - len(x))) for x in waves]))


# layers and round robins


@pytest.mark.parametrize("layers", range(1, MOST_LAYERS + 1))
def test_the_layers_cover_every_velocity_once(layers):
    found = [v for zone in zones(layers) for v in range(zone.low, zone.high + 1)]
    assert found == list(range(1, 128))
    assert [zone.layer for zone in zones(layers)] == list(range(1, layers + 1))
    assert zones(layers)[-1].level_db == zones(layers)[-1].tilt_db == 0


def test_no_two_round_robins_can_turn_the_order_of_two_layers():
    steps = np.diff([zone.level_db for zone in zones(MOST_LAYERS)])
    levels = [variation(k).level_db for k in range(MOST_ROUND_ROBINS)]
    assert steps.min() > max(levels) - min(levels)


def test_round_robins_stay_within_their_bounds_and_apart():
    points = []
    for k in range(MOST_ROUND_ROBINS):
        v = variation(k)
        assert abs(v.cents) <= VARY_CENTS
        assert abs(v.level_db) <= VARY_DB
        assert abs(v.click_db) <= VARY_CLICK_DB
        points.append(np.array([v.cents / VARY_CENTS, v.level_db / VARY_DB, v.click_db / VARY_CLICK_DB]))
    assert not points[0].any()
    apart = min(np.linalg.norm(a - b) for a, b in itertools.combinations(points, 2))
    assert apart > 0.5  # a quarter of a side of the cube; eight points in its corners would be 2 apart


# shaping


def test_a_shape_that_changes_nothing_changes_no_sample():
    wave = swept_kick()[None]
    assert shape(wave, Shape()) is not wave
    np.testing.assert_array_equal(shape(wave, Shape()), wave)


@pytest.mark.parametrize("cents", [-1200.0, -37.0, 4.0, 50.0, 700.0])
def test_resampling_moves_the_pitch_by_the_cents_and_not_the_onset(cents):
    wave = swept_kick(start_hz=80, end_hz=80, click=0, decay_ms=60)[None]  # a click would hide where the body starts
    moved = varispeed(wave, cents)
    before, after = (float(cards(x)["pitch_end_hz"][0]) for x in (wave, moved))
    assert 1200 * math.log2(after / before) == pytest.approx(cents, abs=1)
    for x in (wave, moved):
        onset = int(np.argmax(np.abs(x[0]) > 0.01))
        assert onset == pytest.approx(ONSET, abs=2)  # a hundredth of a sine of 40 to 120 Hz is there in two samples


def test_the_filter_has_the_gain_that_is_written_and_sounds_at_no_time_before_its_input():
    impulse = np.zeros((1, 20_000), np.float32)
    impulse[0, 1000] = 1
    out = colour(impulse, -3.0, 1.5)[0].astype(np.float64)
    assert np.abs(out[:1000]).max() < 1e-6  # a zero-phase filter of that gain would have 1e-2 here
    response = np.fft.rfft(out[1000:])
    hz = np.fft.rfftfreq(19_000, 1 / SAMPLE_RATE)
    band = (hz > 20) & (hz < 20_000)
    gain = 20 * np.log10(np.abs(response[band]))
    assert np.abs(gain - gain_db(hz[band], -3.0, 1.5)).max() < 0.05


def test_the_phase_of_a_round_robin_stays_with_the_kick():
    wave = swept_kick()[None]
    for k in range(1, MOST_ROUND_ROBINS):
        v = variation(k)
        other = shape(wave, Shape(cents=v.cents, click_db=v.click_db, gain_db=v.level_db))[0]
        n = 4410  # 100 ms, in which 4 cents are a degree or two
        a, b = wave[0, :n].astype(np.float64), other[:n].astype(np.float64)
        likeness = a @ b / np.sqrt((a @ a) * (b @ b))
        assert likeness > 0.995, k
        assert np.abs(wave[0] - other[: wave.shape[1]] if len(other) >= wave.shape[1] else 1).max() > 1e-3


# notes


@pytest.mark.parametrize(
    ("text", "midi"),
    [
        ("F1", 29),
        ("f#1", 30),
        ("Gb1", 30),
        ("Bb0", 22),
        ("C2", 36),
        ("A3", 57),
        ("B♭0", 22),
        ("Cb1", 23),
        ("e#1", 29),
        ("F♯1", 30),
    ],
)
def test_notes_are_read_as_people_write_them(text, midi):
    assert parse_note(text).midi_near(0) == midi


def test_a_note_without_octave_is_the_nearest():
    target = parse_note("F")
    assert note_name(target.midi_near(to_midi(44.0))) == "F1"
    assert note_name(target.midi_near(to_midi(80.0))) == "F2"
    assert all(abs(target.midi_near(m) - m) <= 6 for m in range(12, 70))
    assert note_name(parse_note("C").midi_near(to_midi(19.0))) == "C1"  # C0 is no pitch that a card could read


@pytest.mark.parametrize("text", ["", "H1", "F1.5", "F1+20", "F9", "C-1", "C0", "C#0", "60", "F##1"])
def test_what_is_no_note_of_a_kick_is_refused(text):
    with pytest.raises(UserError, match="--note"):
        parse_note(text)


def test_a_note_too_far_away_names_the_kick_and_the_way_out():
    with pytest.raises(UserError, match=r"seed 7: its pitch of 50 Hz .* --note B takes the nearest"):
        find_note(50.0, parse_note("B4"), "seed 7")


@pytest.mark.parametrize("end_hz", [41.0, 47.3, 52.9, 66.0, 90.0])
@pytest.mark.parametrize("note", [None, "F", "G1"])
def test_a_kick_is_tuned_to_within_a_cent_by_the_card_and_by_its_formula(end_hz, note):
    wave = swept_kick(end_hz=end_hz, sweep_ms=15, decay_ms=120)[None]
    got = tune(wave, parse_note(note) if note else None, "kick")
    assert got.before == pytest.approx(100 * (to_midi(end_hz) - got.note), abs=3)
    assert abs(got.after) <= 1
    true = end_hz * 2 ** (got.cents / 1200)
    assert 100 * (to_midi(true) - got.note) == pytest.approx(0, abs=5)  # the sweep's last rest is in what the card says
    if note == "G1":
        assert got.name == "G1"
    if note is None:
        assert abs(got.before) <= 50


def test_a_sound_without_pitch_stays_as_it_is_and_says_why():
    thud = np.exp(-np.arange(22_050) / 300)[None].astype(np.float32)  # never crosses zero
    got = tune(thud, parse_note("F1"), "thud")
    assert got.note is None
    assert got.cents == 0
    assert "pitch" in got.why


# the kit


@pytest.fixture(scope="module")
def kit():
    return small_kit(kicks=4)


@pytest.fixture(scope="module")
def sounds(kit):
    return sounds_of(kit)


def test_every_full_stroke_is_equally_loud_and_none_clips(kit, sounds):
    full = cards_of([sounds[n, 4, 1][:, 0] for n in (1, 2, 3, 4)])
    np.testing.assert_allclose(full["loudness_lufs"], kit.lufs, atol=0.01)
    peaks = cards_of([x[:, 0] for x in sounds.values()])["true_peak_dbtp"]
    assert peaks.max() <= CEILING_DBTP + 0.01
    assert peaks.max() > CEILING_DBTP - 0.1  # no louder kit would fit
    limit = cards_of([sounds[kit.limited_by, 4, r][:, 0] for r in (1, 2, 3, 4)])["true_peak_dbtp"].max()
    assert limit == peaks.max()


def test_every_sound_has_its_law_in_loudness(kit, sounds):
    found = cards_of([x[:, 0] for x in sounds.values()])["loudness_lufs"]
    levels = {zone.layer: 20 * math.log10(zone.high / 127) for zone in zones(4)}
    law = [kit.lufs + levels[layer] + variation(robin - 1).level_db for _, layer, robin in sounds]
    np.testing.assert_allclose(found, law, atol=0.02)


def test_every_sound_has_the_same_polarity_whatever_the_model_made(kit, sounds):
    assert {kick.inverted for kick in kit.kicks} == {True, False}
    for (number, _, _), x in sounds.items():
        upright = swept_kick(end_hz=kit.kicks[number - 1].tuned.hz)  # begins with a positive half wave
        assert x[:500, 0] @ upright[:500] > 0


def test_softer_is_quieter_darker_and_has_less_click_in_every_round_robin(sounds):
    for number, robin in itertools.product((1, 2, 3, 4), (1, 2, 3, 4)):
        found = cards_of([sounds[number, layer, robin][:, 0] for layer in (1, 2, 3, 4)])
        for field, least in (("loudness_lufs", 1.0), ("click_level_db", 0.5), ("click_centroid_hz", 1.0)):
            assert (np.diff(found[field]) > least).all(), (number, robin, field, found[field])


def test_softer_has_less_of_what_drive_adds():
    t = np.arange(22_050 - ONSET) / SAMPLE_RATE
    body = np.tanh(4 * np.sin(2 * np.pi * 55 * t) * np.exp(-t / 0.2)) * np.exp(-t / 0.3)
    wave = np.concatenate([np.zeros(ONSET), body])[None].astype(np.float32)
    ratios = []
    for zone in zones(4):
        x = shape(wave, Shape(tilt_db=zone.tilt_db))[0][:8820]
        spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 1 << 17))
        at = [round(55 * k * (1 << 17) / SAMPLE_RATE) for k in (1, 3, 5, 7)]
        first, *others = (spectrum[i - 40 : i + 41].max() for i in at)
        ratios.append(20 * math.log10(math.hypot(*others) / first))
    assert (np.diff(ratios) > 0.5).all(), ratios
    assert ratios[3] - ratios[0] > 3, ratios


def test_round_robins_of_a_layer_differ_a_little(sounds):
    for number, layer in itertools.product((1, 2), (1, 4)):
        for a, b in itertools.combinations([sounds[number, layer, r][:, 0] for r in (1, 2, 3, 4)], 2):
            n = min(len(a), len(b))
            difference = 20 * math.log10(np.linalg.norm(a[:n] - b[:n]) / np.linalg.norm(a[:n]))
            assert -45 < difference < -10


def test_one_kick_that_cannot_be_loud_does_not_quieten_the_others():
    click = np.zeros((1, 22_050), np.float32)
    click[0, ONSET : ONSET + 3] = PEAK  # all peak, no loudness
    kicks = [formula_kick(f"kick {i}", end_hz=50 + i) for i in range(4)]
    odd = formula_kick("odd")
    odd = type(odd)("odd", "odd", click, odd.recipe)
    kit = build_kit([*kicks, odd], Plan("Odd", layers=1, round_robins=1))
    assert kit.limited_by is None
    assert kit.kicks[4].lufs < kit.lufs - 1
    rooms = [build_kit([k], Plan("One", layers=1, round_robins=1)).lufs for k in kicks]
    assert kit.lufs == pytest.approx(sorted(rooms)[0] - COST_LU, abs=0.02)  # of five, one may be spiky
    said = "\n".join(remarks(kit))
    assert f"quieter: kick 5, odd: by {kit.lufs - kit.kicks[4].lufs:.1f} LU" in said
    assert "the others are 3.0 LU quieter for it; leave it out, or --match peak" in said


def test_a_kick_that_decides_how_loud_the_kit_is_has_its_name_and_its_price_said():
    kicks = [formula_kick(f"kick {i}", end_hz=50 + i) for i in range(4)]
    spiky = formula_kick("spiky", click=0.45)
    kit = build_kit([*kicks, spiky], Plan("Spiky", layers=1, round_robins=1))
    assert kit.limited_by == 5
    assert {kick.lufs for kick in kit.kicks} == {kit.lufs}
    alone = build_kit(kicks, Plan("Spiky", layers=1, round_robins=1))
    assert kit.cost_lu == pytest.approx(alone.lufs - kit.lufs, abs=0.02)
    assert kit.cost_lu > 1
    said = f"kick 5, spiky, decides how loud the kit is: the others are {kit.cost_lu:.1f} LU quieter"
    assert said in remarks(kit)[-1]
    assert not [line for line in remarks(alone) if "quieter" in line]  # nothing is said of what nobody hears


def test_matched_peaks_are_one_peak_and_cost_nobody_anything():
    kicks = [formula_kick(f"kick {i}", end_hz=50 + i, click=0.1 + 0.3 * i) for i in range(3)]
    kit = build_kit(kicks, Plan("Peaks", layers=2, round_robins=2, match="peak"))
    sounds = sounds_of(kit)
    for number in (1, 2, 3):
        full = cards_of([sounds[number, 2, robin][:, 0] for robin in (1, 2)])["true_peak_dbtp"]
        assert full.max() == pytest.approx(CEILING_DBTP, abs=0.05)
    assert len({kick.lufs for kick in kit.kicks}) == 3
    assert kit.limited_by is None
    assert not [line for line in remarks(kit) if "quieter" in line or "decides" in line]


@given(st.lists(st.floats(-40, -5), min_size=1, max_size=40))
def test_spiky_kicks_cost_most_of_a_kit_little(rooms):
    target, cost = common_loudness(rooms)
    ranked = sorted(rooms)
    quieter = [room for room in rooms if room < target]
    assert len(quieter) <= max(1, len(rooms) // 4)
    assert min(ranked) <= target <= max(ranked)
    assert target >= ranked[min(len(ranked) - 1, max(1, len(ranked) // 4))] - COST_LU
    assert cost >= 0
    assert bool(quieter) == (cost == COST_LU and ranked[0] < target)


def test_a_kit_is_the_same_whenever_it_is_built():
    assert dict(small_kit().files()) == dict(small_kit().files())


def test_a_stereo_kick_stays_stereo(tmp_path):
    left, right = swept_kick(seed=1, click=0.3), swept_kick(seed=2, click=0.3)
    path = write_kick(tmp_path / "wide.wav", np.stack([left, 0.8 * right], axis=1))
    kicks, refused = kicks_of_files([path])
    assert not refused
    assert kicks[0].wave.shape[0] == 2
    kit = build_kit(kicks, Plan("Wide"))
    x = sounds_of(kit)[1, 4, 1]
    assert x.shape[1] == 2
    assert np.abs(x[:, 0] - x[:, 1]).max() > 0.01
    peaks = [cards(x[:, c][None])["true_peak_dbtp"][0] for c in (0, 1)]
    assert max(peaks) <= CEILING_DBTP + 0.01


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
        found = Instrument(path)
        assert (found.key, found.loops) == (36, 0)
        inst = chunks(data)[b"inst"]
        assert list(inst) == [36, 0, 0, 36, 36, *known["velocities"]]
        assert struct.unpack("<9I", chunks(data)[b"smpl"])[2:5] == (22_676, 36, 0)


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
    for damage in ({"shape": {"cents": 1, "reverb": 2}}, {"shape": None}, {"kit": {}}, {"seed": None}):
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
    t = np.arange(int((MOST_SECONDS + 1) * SAMPLE_RATE)) / SAMPLE_RATE
    path = write_kick(tmp_path / "drone.wav", 0.5 * np.sin(2 * np.pi * 50 * t))
    with pytest.raises(UserError, match=r"drone.wav: 5.0 s of sound; a kit takes up to 4 s"):
        kicks_of_files([path])


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
        def play(self, eps):
            return np.zeros((1, 22_050), np.float32)

    with pytest.raises(UserError, match="seed 5: silent"):
        kicks_of_model(Silent(), [5])


# plans


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "visible characters"),
        ({"name": "  "}, "visible characters"),
        ({"name": "a\nb"}, "'ab' works"),
        ({"name": "x" * 81}, "1 to 80"),
        ({"layers": 0}, "--velocity-layers 0: 1 to 8"),
        ({"layers": 9}, "--velocity-layers 9"),
        ({"round_robins": 9}, "--round-robin 9"),
        ({"bits": "8"}, "--bits 8"),
        ({"note": "Z"}, "--note Z"),
        ({"licence": " "}, "--licence"),
        ({"licence": "a\nb"}, "one line"),
    ],
)
def test_what_cannot_be_a_kit_is_refused_with_what_works(change, sentence):
    with pytest.raises(UserError, match=sentence):
        Plan(**{"name": "Kit", **change})


def test_sizes_have_limits_that_are_said():
    with pytest.raises(UserError, match=r"93 kicks: .* up to 92"):
        Plan("K").check_size(93)
    with pytest.raises(UserError, match="5120 files; up to 2048"):
        Plan("K", 8, 8).check_size(80)
    Plan("K", 4, 4).check_size(92)


@given(st.text(max_size=100))
def test_any_name_becomes_a_file_name_of_every_system(name):
    stem = file_stem(name)
    assert stem
    assert len(stem.encode()) <= LONGEST_STEM + 1
    assert not set(stem) & set('<>:"/\\|?*')
    assert stem[0] not in " .-" and stem[-1] not in " ."  # noqa: PT018
    assert file_stem(stem) == stem
