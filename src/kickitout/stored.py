"""What older files call things, in the words of today: the only reader of what was written before format 2.

Format 1 said recipe for a training config, codec for a representation, corpus for a dataset, and family for a group of
near-duplicates; its training configs had the keys of every family. In the recipe of a sound and in a model file it said
place for a latent, knobs for controls, request for targets, grain for noise codes, and latent for the noise that a
latent is made of. Nothing else differs, so whoever reads a file of either format sees one.

Files of both formats call KickAE by its first name, KickGAN: see `current_name`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

RENAMED = {"recipe": "config", "codec": "representation", "corpus": "dataset"}
RENAMED_SCORES = {"near_copies": "near_duplicates"}
# Of a training config: keys that are called otherwise, by what they lie in, and keys that a family does not have.
RENAMED_SETTINGS = {"": {"mix": "augmentation_mix"}, "model": {"grain": "noise_code"},
                    "weights": {"body": "harmonic", "spread": "repulsion"}}  # fmt: skip
OF_KICKAE = {"start", "settle", "clip", "critic_channels", "critics_from", "weights"}
OF_THE_OTHERS = {"objective", "gradient_penalty", "drift", "critic_steps", "spectral"}
# Keys whose text names a config, a model or a row of a study; "fork": the run that a study of critics goes on from.
NAMED = {"config", "model", "row", "baseline", "fork"}
_FIRST_NAME = re.compile(r"^kickgan(?=(-at-large|-stereo)?($|, step \d))|\bKickGAN\b")

RECIPE_FORMAT = 2
OF_A_RECIPE = {"place": "latent", "knobs": "controls", "request": "targets"}
OF_A_MODEL = {"latent": "noise_size", "places": "latent_size", "grain": "noise_codes", "knobs": "controls"}


# Format 1 named a model by the sha256 of its file: that of the model in the package, and its identity.
FORMER_DEFAULT = "efe711cb630d9a9ace50c81ec7ca7c53dbb444888b99a2047e4aeaaedd88c830"
DEFAULT_IDENTITY = "c2e73e3470e926e2c42228091fb1533855cdfb2d5424715a33d466404a66993a"


def current_name(name: str) -> str:
    """A config, a family of models, a row of a study or the label of a model as it is called today.

    >>> current_name("kickgan-stereo"), current_name("kickgan, step 300, ..."), current_name("KickGAN, 64 kicks")
    ('kickae-stereo', 'kickae, step 300, ...', 'KickAE, 64 kicks')
    >>> current_name("my kickgan"), current_name("kickgan-2")
    ('my kickgan', 'kickgan-2')
    """
    return _FIRST_NAME.sub(lambda found: "KickAE" if found[0] == "KickGAN" else "kickae", name)


def current_digest(digest: Any) -> Any:
    """The identity of the model that format 1 called by this digest; any other as it is."""
    return DEFAULT_IDENTITY if digest == FORMER_DEFAULT else digest


def upgraded_recipe(data: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a sound in the words of format 2. What a recipe quotes of another file stays as it is there.
    Raises UserError for nothing.

    >>> upgraded_recipe({"kickitout": "0.1.0", "place": [0.5], "knobs": [1.0]})
    {'kickitout': '0.1.0', 'latent': [0.5], 'controls': [1.0], 'format': 2}
    """
    if data.get("format") == RECIPE_FORMAT:
        return dict(data)
    return {OF_A_RECIPE.get(key, key): value for key, value in data.items()} | {"format": RECIPE_FORMAT}


def upgraded_model(data: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a model in the words of format 2.

    >>> upgraded_model({"format": "kickitout-model-1", "latent": 129, "places": 56, "recipe": {"latent": 8}})
    {'format': 'kickitout-model-1', 'noise_size': 129, 'latent_size': 56, 'config': {'latent': 8}}
    """
    words = OF_A_MODEL if data.get("format") == "kickitout-model-1" else {}
    found = {words.get(key, key): value for key, value in upgraded(dict(data)).items()}
    return found | ({"name": current_name(found["name"])} if isinstance(found.get("name"), str) else {})


NESTED = (dict, list)


def upgraded(data: Any) -> Any:
    """JSON data with the names of today, at every depth.

    >>> upgraded({"recipe": {"codec": {"name": "pqmf"}}, "rows": [{"wave": "ab", "family": 3}]})
    {'config': {'representation': {'name': 'pqmf'}}, 'rows': [{'sound': 'ab', 'group': 3}]}
    """
    if isinstance(data, dict):
        of_a_sound = "wave" in data or "sound" in data  # a manifest's row: elsewhere a family is one of models
        names = RENAMED | ({"wave": "sound", "family": "group"} if of_a_sound else {})
        inside = {
            str(names.get(key, key)): upgraded(value) if isinstance(value, NESTED) else value
            for key, value in data.items()
        }
        return _settings(_named(inside))
    # Numbers and texts hold no names, and the results of a laboratory have millions of them.
    return [upgraded(one) if isinstance(one, NESTED) else one for one in data] if isinstance(data, list) else data


def _named(data: dict[str, Any]) -> dict[str, Any]:
    """The same with current names, rows of a study and pairs of them too."""
    found = {key: current_name(v) if key in NAMED and isinstance(v, str) else v for key, v in data.items()}
    if isinstance(rows := found.get("rows"), dict):
        found["rows"] = {current_name(row): value for row, value in rows.items()}
    if isinstance(pairs := found.get("contrasts"), list):
        found["contrasts"] = [[current_name(str(row)) for row in pair] for pair in pairs]
    return found


def upgraded_config(data: dict[str, Any]) -> dict[str, Any]:
    """A training config, whole or as a file states its difference from another, with the names of today.

    >>> upgraded_config({"base": "kickgan", "name": "mine", "model": {"family": "kickgan"}})
    {'base': 'kickae', 'name': 'mine', 'model': {'family': 'kickae'}}
    """
    named: dict[str, Any] = {
        key: current_name(value) for key in ("base", "name", "about") if isinstance(value := data.get(key), str)
    }
    model = data.get("model")
    if isinstance(model, dict) and isinstance(model.get("family"), str):
        named["model"] = model | {"family": current_name(model["family"])}
    return data | named


def _settings(data: dict[str, Any]) -> dict[str, Any]:
    """A training config with the keys of format 2; all else as it is."""
    if not ("representation" in data and isinstance(data.get("model"), Mapping) and "family" in data["model"]):
        return data
    data = upgraded_config(data)
    foreign = OF_THE_OTHERS if data["model"]["family"] == "kickae" else OF_KICKAE
    data = {key: value for key, value in data.items() if key not in foreign}
    for part, names in RENAMED_SETTINGS.items():
        inside = data if not part else data.get(part)
        if isinstance(inside, dict):
            renamed = {names.get(key, key): value for key, value in inside.items()}
            data = renamed if not part else data | {part: renamed}
    return data
