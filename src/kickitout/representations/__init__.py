"""Representations: what makes a picture of a sound, and a sound of a picture."""

from typing import Annotated

from pydantic import Field

from kickitout.representations.base import Representation, RepresentationSettings
from kickitout.representations.complex_stft import ComplexStft, ComplexStftConfig
from kickitout.representations.log_magnitude import LogMagnitude, LogMagnitudeConfig
from kickitout.representations.mel import LogMel, LogMelConfig
from kickitout.representations.pqmf import SubBands, SubBandsConfig
from kickitout.representations.waveform import Waveform, WaveformConfig

__all__ = [
    "REPRESENTATIONS",
    "ComplexStftConfig",
    "LogMagnitudeConfig",
    "LogMelConfig",
    "Representation",
    "RepresentationConfig",
    "SubBandsConfig",
    "WaveformConfig",
    "make_representation",
]

RepresentationConfig = Annotated[
    LogMagnitudeConfig | ComplexStftConfig | LogMelConfig | SubBandsConfig | WaveformConfig, Field(discriminator="name")
]

REPRESENTATIONS: dict[str, type[RepresentationSettings]] = {
    "logmag": LogMagnitudeConfig,
    "complexstft": ComplexStftConfig,
    "mel": LogMelConfig,
    "pqmf": SubBandsConfig,
    "wave": WaveformConfig,
}


def make_representation(config: RepresentationSettings) -> Representation:
    """The representation that a config describes."""
    match config:
        case LogMagnitudeConfig():
            return LogMagnitude(config)
        case ComplexStftConfig():
            return ComplexStft(config)
        case LogMelConfig():
            return LogMel(config)
        case SubBandsConfig():
            return SubBands(config)
        case WaveformConfig():
            return Waveform(config)
    raise TypeError(f"{type(config).__name__} is not the config of a representation; {', '.join(REPRESENTATIONS)} are")
