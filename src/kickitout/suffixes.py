"""What the suffix of a file says: a sound that is read, or something else, and why that is not."""

CONVERT_IT = "convert it to WAV or FLAC"
WAVS = (".wav", ".wave", ".bwf", ".rf64", ".w64")
SOUND_FILES = frozenset(
    (*WAVS, ".flac", ".aif", ".aiff", ".aifc", ".ogg", ".oga", ".opus", ".mp3", ".caf", ".au", ".snd")
)
TEXT_INSTRUMENTS = frozenset((".sfz",))  # they hold no sounds: those lie beside them
UNPACK = "unpack it first; only .zip is opened"
REFUSED_FILES = {
    **dict.fromkeys((".m4a", ".aac", ".mp4"), f"AAC is not read; {CONVERT_IT}"),
    **dict.fromkeys((".wma", ".ape", ".wv", ".mpc", ".ac3", ".mka", ".webm", ".amr"), f"not read; {CONVERT_IT}"),
    **dict.fromkeys((".rx2", ".rex", ".sf2", ".sfz", ".nki", ".adg"), "an instrument, not a sound; export its WAVs"),
    **dict.fromkeys((".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"), UNPACK),
}
