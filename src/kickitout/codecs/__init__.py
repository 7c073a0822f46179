"""Codecs: what makes a picture of a sound, and a sound of a picture."""

from typing import Annotated

from pydantic import Field

from kickitout.codecs.base import Codec, CodecSettings
from kickitout.codecs.complexstft import ComplexStftCodec, ComplexStftConfig
from kickitout.codecs.logmag import LogMagCodec, LogMagConfig
from kickitout.codecs.mel import MelCodec, MelConfig
from kickitout.codecs.pqmf import PqmfCodec, PqmfConfig
from kickitout.codecs.wave import WaveCodec, WaveConfig

__all__ = [
    "CODECS",
    "Codec",
    "CodecConfig",
    "ComplexStftConfig",
    "LogMagConfig",
    "MelConfig",
    "PqmfConfig",
    "WaveConfig",
    "make_codec",
]

CodecConfig = Annotated[
    LogMagConfig | ComplexStftConfig | MelConfig | PqmfConfig | WaveConfig, Field(discriminator="name")
]

CODECS: dict[str, type[CodecSettings]] = {
    "logmag": LogMagConfig,
    "complexstft": ComplexStftConfig,
    "mel": MelConfig,
    "pqmf": PqmfConfig,
    "wave": WaveConfig,
}


def make_codec(config: CodecSettings) -> Codec:
    """The codec that a config describes."""
    match config:
        case LogMagConfig():
            return LogMagCodec(config)
        case ComplexStftConfig():
            return ComplexStftCodec(config)
        case MelConfig():
            return MelCodec(config)
        case PqmfConfig():
            return PqmfCodec(config)
        case WaveConfig():
            return WaveCodec(config)
    raise TypeError(f"{type(config).__name__} is not the config of a codec; {', '.join(CODECS)} are")
