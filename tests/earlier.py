"""What was made before: sounds, and the first default model, byte for byte (git keeps it once for both places)."""

from pathlib import Path

OLD = Path(__file__).parent / "old"
FIRST_DEFAULT = OLD / "first_default.onnx"
