"""Inputs that broke something once, or nearly: minimised, each with what it did."""

from __future__ import annotations

OF_TOY = b'{"kickitout": 1, "model_sha256": "%s", ' % (b"f" * 64)  # the recipe of a kick of the model in targets

CASES: dict[str, dict[str, bytes]] = {
    "audio": {
        "a chunk that promises more than there is": b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\x7f",
        "libsndfile seeks to before the beginning": b"FORM\0\0\0\x0cAIFFCOMM\0\0\0\x12\0\1",
        "a name and nothing else": b"fLaC",
    },
    "model": {
        "metadata nested too deeply": b'{"format": ' + b"[" * 3000,
        "a head larger than the file": b"\xff\xff\xff\xff\xff\xff\xff\x7f{}",
        "metadata that are no object": b"[1]",
        "an input whose name is no text":
        b'\x08\t:4\n\x0c\n\x02\xeby\x12\x01z"\x03Abs\x12\x01gZ\x10\n\x02\xeby\x12\n\n\x08\x08\x01'
        b"\x12\x04\n\x02\x08\x01b\x0f\n\x01z\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\x14rE\n\tkickitout"
        b'\x128{"format": "kickitout-model-1", "name": "", "latent": 1}',
        "an empty file": b"",
    },
    "recipe": {
        "JSON nested too deeply": b'{"kickitout": ' + b"[" * 3000,
        "YAML nested too deeply": b"a: " + b"[" * 3000,
        "a value that holds itself": b"batch: &a [*a]",
        "few lines that stand for very many": b"a: &a [1,1,1,1,1,1,1,1,1]\n"
        + b"".join(b"%c: &%c [%s]\n" % (c + 1, c + 1, b",".join([b"*%c" % c] * 9)) for c in range(97, 112))
        + b"base: dcgan\nbatch: *p\n",
        "a date that does not exist": b"batch: 2026-99-99",
        "a number of 5000 digits": b"base: dcgan\nbatch: " + b"9" * 5000,
        "code": b"base: !!python/object/apply:os.system ['exit 1']",
        "a line break in what is quoted": b"\n=",
        "a place that is no row of numbers": OF_TOY + b'"place": [[1], 2]}',
        "a seed that is no number": OF_TOY + b'"seed": Infinity}',
        "knobs that are no list": OF_TOY + b'"knobs": 3, "seed": 1}',
        "a digest that is no text": b'{"kickitout": "", "model_sha256": {"": []}, "seed": 7}',
    },
    "api": {
        "half a character": b'{"path": "/api/kit", "body": {"recipes": [{"seed": 1}], "name": "\\ud800"}}',
        "no JSON": b'{"path": "/api/render", "text": "{"}',
        "a file that is none": b"{",
    },
    "kit": {
        "no kicks": b'{"plan": {"name": "F"}, "kicks": []}',
        "a line break in what is quoted": b'{"plan": {"name": "F", "note": "a\\nb"}, "kicks": []}',
    },
}  # fmt: skip
