"""Representations: what a network learns of a waveform, and the way back to a waveform."""

from collections.abc import Callable
from typing import Annotated, Any

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

_CLASSES: dict[type[RepresentationSettings], Callable[[Any], Representation]] = {
    LogMagnitudeConfig: LogMagnitude,
    ComplexStftConfig: ComplexStft,
    LogMelConfig: LogMel,
    SubBandsConfig: SubBands,
    WaveformConfig: Waveform,
}
REPRESENTATIONS = {config.model_fields["name"].default: config for config in _CLASSES}


def make_representation(config: RepresentationSettings) -> Representation:
    """The representation that a config describes."""
    return _CLASSES[type(config)](config)
