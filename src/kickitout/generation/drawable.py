"""A model's graph with two more inputs: what can be drawn of a kick.

A KickAE sums its contour of pitch up to the turns of its partials (`models.kickae.harmonic`); levels, click and noise
do not read it. So an input in the contour's place moves the pitch and nothing else. The curves of level, of partials
and of noise, are a table over time; an input that says from which moment each frame takes its column lets a timbre stay
while a level is held. It works in every model file of the family there is: the file and its digest stay as they are,
and these bytes are only opened. Where nothing is drawn the model's own curves play, bit for bit.

The contour is the exponent of the one power of 2 that is summed up over time, `Pow -> Cast -> CumSum`; the curves are
what the partials' amplitudes are cut out of, `Split -> Split -> Mul` with a cosine. Numbers of fields are those of
onnx.proto3 (onnx.ai/onnx/repo-docs/IR.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kickitout.generation.wire import field, message
from kickitout.sound import ONSET, SAMPLE_RATE

FRAMES = 1408  # points of a contour, as `models.kickae.decoder` has them
FRAME = 16  # samples from one to the next
LEFT = 240  # samples by which the first is before the sound: the delay of `representations.pqmf`
# The inputs: log2 of Hz, 0 where the pitch is not drawn, [n, FRAMES]; the columns before and behind each moment, and
# how far it is from one to the other, [FRAMES].
PITCH_CURVE, BEFORE, BEHIND, SHARE = "pitch_curve", "column_before", "column_behind", "column_share"

GRAPH = 7  # of a model
NODE, GRAPH_INPUT = 1, 11  # of a graph
INPUT, OUTPUT, OP_TYPE, ATTRIBUTE = 1, 2, 4, 5  # of a node
FLOAT, INT32, BOOL = 1, 6, 9  # types of numbers
INT = 2  # the type of an attribute


class Drawing(NamedTuple):
    """What is drawn of one kick. contour: log2 of Hz, [FRAMES]; moments: from which ms after the onset each frame takes
    its curves, [FRAMES]; None: as the model has it."""

    contour: np.ndarray | None = None
    moments: np.ndarray | None = None

    def feed(self) -> dict[str, np.ndarray]:
        """The inputs of a drawable graph, of one kick."""
        contour = np.zeros(FRAMES) if self.contour is None else self.contour
        columns = np.arange(FRAMES, dtype=float)
        if self.moments is not None:
            columns = np.interp(self.moments, frame_ms(), columns)
        before = columns.astype(np.int32)
        return {
            PITCH_CURVE: contour.astype(np.float32)[None],
            BEFORE: before,
            BEHIND: np.minimum(before + 1, FRAMES - 1).astype(np.int32),
            SHARE: (columns - before).astype(np.float32),
        }


def frame_ms() -> np.ndarray:
    """[FRAMES]: when each frame is, in ms after the onset."""
    return (np.arange(FRAMES) * FRAME - LEFT - ONSET) * (1000 / SAMPLE_RATE)


def drawable(data: bytes) -> bytes | None:
    """The bytes of an ONNX file with the inputs of `Drawing.feed`, so that curves can be drawn over its kicks; None for
    a graph that has no contour. Raises UserError for nothing."""
    parts = list(message(data))
    (graph,) = (part.content for part in parts if part.field == GRAPH)
    inside = list(message(graph))
    nodes = [_Node(part.content) for part in inside if part.field == NODE]
    contour, curves = _contour(nodes), _curves(nodes)
    if contour is None or curves is None:
        return None
    behind = {contour: _chosen(contour), curves: _moved(curves)}
    out = bytearray()
    for part in inside:
        made = _Node(part.content).outputs if part.field == NODE else []
        name = next((name for name in made if name in behind), None)
        out += part.whole if name is None else _renamed(part.content, name) + behind[name]
    for name, kind, *shape in ((PITCH_CURVE, FLOAT, "batch", FRAMES), (BEFORE, INT32, FRAMES), (BEHIND, INT32, FRAMES),
                               (SHARE, FLOAT, FRAMES)):  # fmt: skip
        out += field(GRAPH_INPUT, _input(name, kind, shape))
    return b"".join(field(GRAPH, bytes(out)) if part.field == GRAPH else bytes(part.whole) for part in parts)


class _Node:
    """What a node of a graph is called and joined by."""

    def __init__(self, content: memoryview) -> None:
        texts: dict[int, list[str]] = {INPUT: [], OUTPUT: [], OP_TYPE: []}
        for part in message(content):
            if part.field in texts:
                texts[part.field].append(bytes(part.content).decode())
        self.inputs, self.outputs, (self.kind,) = texts[INPUT], texts[OUTPUT], texts[OP_TYPE]


def _contour(nodes: list[_Node]) -> str | None:
    """The name of the contour."""
    made_by = _makers(nodes)
    summed = next((node for node in nodes if node.kind == "CumSum"), None)
    power = summed and _before(made_by, summed.inputs[0], "Cast", "Pow")
    return power.inputs[1] if power else None


def _curves(nodes: list[_Node]) -> str | None:
    """The name of the table of curves."""
    made_by = _makers(nodes)
    cosines = {node.outputs[0] for node in nodes if node.kind == "Cos"}
    for node in nodes:
        if node.kind == "Mul" and cosines.intersection(node.inputs):
            (amplitudes,) = (name for name in node.inputs if name not in cosines)
            split = _before(made_by, amplitudes, "Split", "Split")
            return split.inputs[0] if split else None
    return None


def _makers(nodes: list[_Node]) -> dict[str, _Node]:
    return {name: node for node in nodes for name in node.outputs}


def _before(made_by: dict[str, _Node], name: str, *kinds: str) -> _Node | None:
    """The node some steps before a value, where those steps are of these kinds."""
    found: _Node | None = None
    for kind in kinds:
        found = made_by.get(found.inputs[0] if found else name)
        if found is None or found.kind != kind:
            return None
    return found


def _renamed(content: memoryview, name: str) -> bytes:
    """The node that makes a value, which it calls otherwise."""
    return field(NODE, b"".join(
        field(OUTPUT, _own(name)) if part.field == OUTPUT and bytes(part.content).decode() == name
        else bytes(part.whole)
        for part in message(content)
    ))  # fmt: skip


def _own(name: str) -> str:
    return f"{name}.own"


def _chosen(contour: str) -> bytes:
    """Nodes: the contour is what is drawn, or the model's own."""
    drawn = f"{PITCH_CURVE}.drawn"
    return _node("Cast", [PITCH_CURVE], drawn, ("to", BOOL)) + _node(
        "Where", [drawn, PITCH_CURVE, _own(contour)], contour
    )


def _moved(curves: str) -> bytes:
    """Nodes: each column of the curves, [n, curves, FRAMES], lies between two of the model's own."""
    before, behind, way, part = (f"{curves}.{word}" for word in ("before", "behind", "way", "part"))
    return (
        _node("Gather", [_own(curves), BEFORE], before, ("axis", 2))
        + _node("Gather", [_own(curves), BEHIND], behind, ("axis", 2))
        + _node("Sub", [behind, before], way)
        + _node("Mul", [way, SHARE], part)
        + _node("Add", [before, part], curves)
    )


def _node(kind: str, inputs: list[str], output: str, *attributes: tuple[str, int]) -> bytes:
    """A node of a graph, with attributes that are whole numbers."""
    out = b"".join(field(INPUT, name) for name in inputs) + field(OUTPUT, output) + field(OP_TYPE, kind)
    for name, value in attributes:
        out += field(ATTRIBUTE, field(1, name) + field(3, value) + field(20, INT))
    return field(NODE, out)


def _input(name: str, kind: int, shape: Sequence[object]) -> bytes:
    """ValueInfo: a name and a tensor of a kind; a shape has names or sizes."""
    sizes = b"".join(field(1, field(2, size) if isinstance(size, str) else field(1, int(str(size)))) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, sizes)))
