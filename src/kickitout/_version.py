"""The version of the package. It imports nothing, so every room may read it."""

__version__ = "0.3.0"
