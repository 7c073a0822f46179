"""What this environment is made of: nothing unpinned, nothing that must not be here, nothing with a known hole.

    python tools/audit.py [--advisories pip-audit.json]

Every installed package is held against constraints.txt: its version, and that it is listed at all. Packages that break
or replace torch, or were once published with malware inside, are refused by name. What pip-audit wrote (`make audit`)
has the published advisories, where its service can be reached; where it cannot, that is said. Ends with 1 when
something is found.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OWN = {"kickitout", "pip", "setuptools", "pysfizz"}  # pysfizz has no wheel everywhere; tests skip without it
REFUSED = {
    "torchvision": "swaps torch for a CUDA build, or fails beside a CPU one",
    "torchaudio": "fails to import beside a CPU build of torch",
    "torchcodec": "fails to import beside a CPU build of torch",
    "lightning": "2.6.2 and 2.6.3 carried a credential stealer (GHSA-w37p-236h-pfx3), and nothing here needs it",
}


def canonical(name: str) -> str:
    """The name of a package as indexes compare it.

    >>> canonical("Types_PyYAML")
    'types-pyyaml'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    """Package -> version, from the lines of a constraints file.

    >>> pins("torch==2.13.0  # a reason\\n# no\\nPyYAML==6.0.3")
    {'torch': '2.13.0', 'pyyaml': '6.0.3'}
    """
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {canonical(name): version for name, _, version in (line.partition("==") for line in lines if "==" in line)}


def faults(installed: dict[str, str], pinned: dict[str, str]) -> list[str]:
    """A sentence for each package that should not be as it is, or not be here.

    >>> faults({"numpy": "2.4.6", "torch": "2.13.0+cpu"}, {"numpy": "2.4.6", "torch": "2.13.0"})
    []
    >>> faults({"numpy": "2.4.5", "left-pad": "1.0"}, {"numpy": "2.4.6"})
    ['left-pad 1.0: not in constraints.txt', 'numpy 2.4.5: constraints.txt has 2.4.6']
    """
    found = []
    for name, version in sorted(installed.items()):
        if name in REFUSED:
            found.append(f"{name} {version}: {REFUSED[name]}")
        elif name not in OWN and name not in pinned:
            found.append(f"{name} {version}: not in constraints.txt")
        elif name in pinned and version.partition("+")[0] != pinned[name]:
            found.append(f"{name} {version}: constraints.txt has {pinned[name]}")
    return found


def advisories(report: dict[str, Any]) -> tuple[list[str], int, int]:
    """Sentences about known holes, how many packages were looked up, and how many of them were known."""
    packages = report.get("dependencies", [])
    holes = [
        f"{p['name']} {p['version']}: {hole['id']}, mended in {', '.join(hole.get('fix_versions', [])) or 'no version'}"
        for p in packages
        for hole in p.get("vulns", [])
    ]
    return holes, len(packages), sum("skip_reason" not in p for p in packages)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--advisories", type=Path, help="what `pip-audit -f json` wrote")
    args = parser.parse_args()
    installed = {canonical(d.metadata["Name"]): d.version for d in distributions()}
    found = faults(installed, pins((ROOT / "constraints.txt").read_text("utf-8")))
    print(f"{len(installed)} packages are installed")
    if args.advisories is not None:
        text = args.advisories.read_text("utf-8") if args.advisories.exists() else ""
        holes, asked, known = advisories(json.loads(text) if text.strip() else {})
        found += holes
        print(f"advisories: {known} of {asked} packages could be looked up" + ("" if known else "; not audited here"))
    for fault in found:
        print(fault, file=sys.stderr)
    print("nothing is wrong with them" if not found else f"{len(found)} should not be so")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
