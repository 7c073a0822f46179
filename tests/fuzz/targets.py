"""What is fuzzed: each target turns bytes from outside into something, or says in one sentence why it does not.

`once(data)` returns when that holds. UserError and, of the API, an answer of 4xx are fine; any other exception is
a bug.
"""

from __future__ import annotations

import functools
import io
import json
import shutil
import struct
import tempfile
import warnings
import xml.etree.ElementTree
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from kits import FormulaModel
from synthetic import swept_kick
from toy import toy_tensors, write_kicks

from kickitout.audio import decode_comment, decode_sound, encode_sound
from kickitout.audio.prepare import prepare
from kickitout.errors import UserError
from kickitout.generation.model import Played, as_row
from kickitout.sound import SAMPLE_RATE


@dataclass(frozen=True)
class Target:
    """seeds: valid inputs. once: returns the outcome in a word or a sentence; raises what is a bug."""

    seeds: Callable[[], list[bytes]]
    once: Callable[[bytes], str]


def fine(*calls: Callable[[], object]) -> str:
    """The outcome of calls that may refuse. Raises AssertionError where the refusal is not one sentence."""
    said = []
    for call in calls:
        try:
            call()
        except UserError as error:
            said.append(str(error))
    assert not any("\n" in sentence for sentence in said), f"more than a line: {said}"
    return "; ".join(said) or "fine"


# -- audio ------------------------------------------------------------------------------------------------------------


def audio_seeds() -> list[bytes]:
    kick = swept_kick()[:6000]
    made = [
        encode_sound(kick, SAMPLE_RATE, bits="16", comment='{"kickitout": "x"}'),
        encode_sound(np.stack([kick, kick], 1), 48_000, bits="32f"),
        encode_sound(kick, SAMPLE_RATE, format="flac", comment="a kick"),
    ]
    for container, subtype in (("AIFF", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"),
                               ("AU", "PCM_24"), ("CAF", "PCM_16"), ("W64", "PCM_16"), ("RF64", "PCM_16"),
                               ("WAV", "IMA_ADPCM"), ("WAV", "ULAW")):  # fmt: skip
        file = io.BytesIO()
        soundfile.write(file, kick, 48_000, subtype, format=container)
        made.append(file.getvalue())
    mp3, flac = made[6], bytearray(made[2])
    first = 384  # bytes: the frame that says a length, of 128 kbit/s at 48 kHz
    flac[21:26] = bytes([flac[21] & 0xF0, 0, 0, 0, 0])  # of unknown length
    fmt = struct.pack("<HHIIHHH", 0x55, 1, 48_000, 8000, 1, 0, 0)
    held = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(mp3)) + mp3
    tag = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)
    made += [mp3[first:], bytes(flac), b"RIFF" + struct.pack("<I", len(held)) + held, tag + made[0], tag + made[3]]
    return made


def audio_once(data: bytes) -> str:
    return fine(lambda: prepare(decode_sound(data, "a.wav")), lambda: decode_comment(data, "a.wav"))


# -- models -----------------------------------------------------------------------------------------------------------


def model_seeds() -> list[bytes]:
    """The graph of a model with places, the tensors of one without a graph, and metadata alone."""
    from dataclasses import asdict

    from kickitout.generation.model import ModelInfo

    info = ModelInfo("toy", 3, controls=["pitch"], latent_size=2).to_json()
    plain = ModelInfo("toy", 3, config={"representation": {"name": "logmag"}, "model": {"family": "dcgan"}})
    return [_graph(info), toy_tensors(), json.dumps(asdict(plain)).encode()]


def _graph(info: str) -> bytes:
    """eps, latent, given, knobs -> a kick of zeros and a place, as ONNX."""
    from onnx import TensorProto, helper

    def inputs(name: str, size: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])

    zero = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
    size = helper.make_tensor("s", TensorProto.INT64, [3], [1, 1, 22050])
    nodes = [
        helper.make_node("Constant", [], ["shape"], value=size),
        helper.make_node("ConstantOfShape", ["shape"], ["waveform"], value=zero),
        helper.make_node("Add", ["latent", "given"], ["place"]),
    ]  # fmt: skip
    waveform = helper.make_tensor_value_info("waveform", TensorProto.FLOAT, [1, 1, 22050])
    inside = [inputs("eps", 3), inputs("latent", 2), inputs("given", 1), inputs("knobs", 1)]
    graph = helper.make_graph(nodes, "toy", inside, [waveform, inputs("place", 2)])
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 20)])
    helper.set_model_props(model, {"kickitout": info})
    return model.SerializeToString()


def model_once(data: bytes) -> str:
    from kickitout.generation.load import load_model
    from kickitout.generation.model import ModelInfo
    from kickitout.generation.noise import normal

    def played(suffix: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"m{suffix}"
            path.write_bytes(data)
            try:
                model = load_model(path)
                assert model.play(normal(range(16), model.info.noise_size)).ndim == 3
            except UserError as error:
                raise UserError(str(error).replace(folder, "")) from error

    if data[:1] in (b"{", b"["):
        text = data.decode("utf-8", "replace")
        return fine(lambda: ModelInfo.from_json(text, "m").to_json(), lambda: played(".safetensors"))
    head = int.from_bytes(data[:8], "little")
    return fine(lambda: played(".safetensors" if head < 1 << 20 or data[8:9] == b"{" else ".onnx"))


# -- recipes ----------------------------------------------------------------------------------------------------------


class _Turnable(FormulaModel):
    """With places and a knob, and quick."""

    info = replace(FormulaModel.info, latent_size=3, controls=["pitch"])

    def render(self, noise: Any = None, latent: Any = None, controls: Any = None) -> Played:
        found = as_row(latent, 3) if noise is None else np.asarray(noise, np.float32)
        return Played(np.zeros((1, 22050), np.float32) + as_row(controls, 1)[0, 0], found[0])


def recipe_seeds() -> list[bytes]:
    from kickitout.training.config import config_names, load_config

    own = b"base: dcgan-bands\nabout: mine\nbatch: 32\nmodel: {channels: 256}\noptim_g:\n  lr: 1e-4\n"
    sound = {"kickitout": "0.1.0", "model_sha256": "f" * 64, "seed": 7, "start": 1, "knobs": [0.0], "place": [0.1] * 3}
    whole = [load_config(name).model_dump_json(exclude={"name"}).encode() for name in config_names()]
    return [own, json.dumps(sound).encode(), b'"batch=32"', *whole]


def recipe_once(data: bytes) -> str:
    from kickitout.generation.recipe import latent_of, recipe_in, render_recipe
    from kickitout.training.config import load_config

    text, model = data.decode("utf-8", "replace"), _Turnable()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.yaml"
        path.write_bytes(data)
        said = fine(
            lambda: load_config(str(path)),
            lambda: load_config("dcgan", [text]),
            lambda: render_recipe(recipe_in(text, "r"), model, "r"),
            lambda: latent_of(text, model),
        )
        return said.replace(folder, "")


# -- the API ----------------------------------------------------------------------------------------------------------


def api_seeds() -> list[bytes]:
    info = _model().info
    seed, latent = {"seed": 7}, {"latent": [0.1] * info.latent_size, "controls": [0.5] * len(info.controls)}
    own = json.dumps({"kickitout": "1", "seed": 7, "model_sha256": _model().digest})
    asked = [
        ("/api/map", {"query": {"first": 3, "n": 2}}),
        ("/api/render", {"body": {"recipes": [seed, {**latent, "amount": 0.1, "targets": {"pitch": 50.0}}]}}),
        ("/api/vary", {"body": {"recipe": seed, "seeds": [1, 2], "amount": 0.3}}),
        ("/api/blend", {"body": {"recipes": [seed, seed], "weights": [1.0, 2.0]}}),
        ("/api/morph", {"body": {"first": seed, "last": {"seed": 8}, "n": 3}}),
        ("/api/match", {"body": {"targets": {"pitch": 50.0, "decay": 200.0}, "recipe": seed, "rounds": 1}}),
        ("/api/analyse", {"body": {"recipe": seed}}),
        ("/api/nearest", {"body": {"recipe": seed}}),
        ("/api/file", {"query": {"recipe": '{"seed": 3}', "format": "wav", "bits": "24", "rate": 48000}}),
        ("/api/invert", {"query": {"name": "k.wav"}, "text": own}),
        ("/api/kit", {"body": {"recipes": [seed], "name": "K", "velocity_layers": 1, "round_robin": 1, "note": "F1"}}),
    ]
    return [json.dumps({"path": path, **more}).encode() for path, more in asked]


@functools.cache
def _client() -> Any:
    from fastapi.testclient import TestClient

    from kickitout.frontend import TrainingKicks
    from kickitout.studio.model import StudioModel
    from kickitout.studio.routes import make_app

    with tempfile.TemporaryDirectory() as folder:
        learned = TrainingKicks(write_kicks(Path(folder) / "train", 4))
    return TestClient(make_app(StudioModel(_model(), learned)), base_url="http://127.0.0.1:8808")


@functools.cache
def _model() -> Any:
    from kickitout.generation.load import load_model

    return load_model()


def api_once(data: bytes) -> str:
    """data: JSON with path, query and body, or anything, which is sent to be heard."""
    try:
        asked = json.loads(data)
        path = asked["path"] if asked["path"] in _paths() else "/api/render"
        text = asked.get("text")
        body = str(text).encode("utf-8", "replace") if text else json.dumps(asked.get("body")).encode()
        query = {str(k): str(v) for k, v in (asked.get("query") or {}).items()}
        "".join([*query, *query.values()]).encode()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        path, body, query = "/api/invert", data, {"name": "k.wav"}
    how = "GET" if path in ("/api/map", "/api/file") else "POST"
    reply = _client().request(how, path, params=query, content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 200 or 400 <= reply.status_code < 500, reply.status_code
    if reply.status_code == 200:
        return f"{path}: fine"
    sentence = reply.json()["error"]
    assert "\n" not in sentence, f"more than a line: {sentence}"
    return f"{path}: {sentence}"


@functools.cache
def _paths() -> set[str]:
    return {json.loads(seed)["path"] for seed in api_seeds()}


# -- kits -------------------------------------------------------------------------------------------------------------


def kit_seeds() -> list[bytes]:
    plan = {"name": "Fuzz & Sons", "layers": 2, "round_robins": 1, "formats": ["sfz", "hydrogen", "decentsampler"],
            "note": "F1", "bits": "24", "licence": "CC0-1.0"}  # fmt: skip
    kick = {"name": "a/b.wav", "source": "me | you", "licence": "CC0", "of": [170, 52, 25, 80, 0.15], "gain": 0.9,
            "offset": 0.0, "rate": 44100, "channels": 1, "comment": '{"kickitout": "1"}'}  # fmt: skip
    return [json.dumps({"plan": plan, "kicks": [kick]}).encode(),
            json.dumps({"plan": {"name": "K"}, "kicks": [kick, {**kick, "channels": 2}]}).encode()]  # fmt: skip


def kit_once(data: bytes) -> str:
    """data: JSON with a plan and the sounds to make it of; what has another form than that is left out."""
    from kickitout.export.kits.build import build_kit
    from kickitout.export.kits.formats import check_formats
    from kickitout.export.kits.package import write_package
    from kickitout.export.kits.plan import Plan
    from kickitout.export.kits.sources import kick_of_bytes

    try:
        given = json.loads(data)
        asked = given["plan"]
        texts = [str(asked.get(k)) if asked.get(k) is not None else None for k in ("name", "note", "licence", "bits")]
        formats = tuple(str(f) for f in asked.get("formats") or ("sfz",))
        sizes = [min(max(int(asked.get(k) or 1), -9), 9) for k in ("layers", "round_robins")]
        sounds = [_sound_of(one) for one in given["kicks"][:2]]
        (texts[0] or "").encode()  # an argument of the command line can't be half a character
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, IndexError):
        return "not such a thing"

    def made() -> None:
        plan = Plan(texts[0] or "", *sizes, texts[1], texts[3] or "24", texts[2])
        check_formats(formats, plan)
        kicks = [kick_of_bytes(sound, name, source=source, licence=licence) for sound, name, source, licence in sounds]
        if sum(sizes) > 4:
            return
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "kit"
            write_package(build_kit(kicks, plan), None, out, formats, zipped=True)
            for path in out.rglob("*"):
                if path.suffix in (".xml", ".dspreset"):
                    xml.etree.ElementTree.fromstring(path.read_bytes())
                elif path.suffix == ".json":
                    json.loads(path.read_bytes())
            assert zipfile.ZipFile(out.with_name("kit.zip")).testzip() is None
            shutil.rmtree(out)

    return fine(made)


def _sound_of(one: dict[str, Any]) -> tuple[bytes, str, str, str]:
    """The bytes of a sound file with what is asked, however odd, its name, source and licence."""
    numbers = [float(np.clip(float(x), 0.01, 2000)) for x in one["of"]]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        wave = swept_kick(*numbers) * float(one["gain"]) + float(one["offset"])
    wave = np.nan_to_num(wave, nan=0, posinf=1, neginf=-1).clip(-1e6, 1e6).astype(np.float32)
    if one["channels"] == 2:
        wave = np.stack([wave, -wave], 1)
    rate = min(max(int(one["rate"]), 8000), 192_000)
    data = encode_sound(wave, rate, bits="32f", comment=str(one["comment"]).encode("utf-8", "replace").decode())
    return data, *(str(one[k]).encode("utf-8", "replace").decode() for k in ("name", "source", "licence"))


TARGETS = {
    "audio": Target(audio_seeds, audio_once),
    "model": Target(model_seeds, model_once),
    "recipe": Target(recipe_seeds, recipe_once),
    "api": Target(api_seeds, api_once),
    "kit": Target(kit_seeds, kit_once),
}
