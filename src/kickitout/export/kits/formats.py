"""The formats of a kit: each is one module with one object. The command line, the studio and the kit's README read this
list. Quick to import: `kick kit --help` names the formats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kickitout.errors import UserError
from kickitout.export.kits.decentsampler import DECENTSAMPLER
from kickitout.export.kits.hydrogen import HYDROGEN
from kickitout.export.kits.multisample import MULTISAMPLE
from kickitout.export.kits.renoise import RENOISE
from kickitout.export.kits.sfz import SFZ

if TYPE_CHECKING:
    from kickitout.export.kits.plan import Plan

KIT_FORMATS = {form.name: form for form in (SFZ, HYDROGEN, DECENTSAMPLER, MULTISAMPLE, RENOISE)}
USUAL_FORMATS = tuple(name for name, form in KIT_FORMATS.items() if not form.alone)


def kit_formats(*, usual: bool = False) -> dict[str, str]:
    """The formats that `write_kit` writes: name -> title. usual: those alone that it writes without being asked; the
    others hold all sounds once more. Raises UserError for nothing.

    >>> import kickitout
    >>> kickitout.kit_formats()["renoise"], list(kickitout.kit_formats(usual=True))
    ('Renoise', ['sfz', 'hydrogen', 'decentsampler'])
    """
    return {name: KIT_FORMATS[name].title for name in (USUAL_FORMATS if usual else KIT_FORMATS)}


def check_formats(names: Sequence[str], plan: Plan) -> None:
    """Raises UserError for names that are no formats, and for a plan that one of them cannot hold."""
    named = [str(name) for name in names]
    if not named or not set(named) <= set(KIT_FORMATS) or len(set(named)) < len(named):
        raise UserError(f"formats {','.join(named)!r}: choose from {', '.join(KIT_FORMATS)}, each once")
    for form in (KIT_FORMATS[name] for name in named):
        if plan.layers * plan.round_robins > form.most_samples:
            raise UserError(
                f"velocity layers {plan.layers} with round robins {plan.round_robins}: {form.title} holds "
                f"{form.most_samples} samples an instrument; ask for fewer, or leave {form.name} out of the formats"
            )
