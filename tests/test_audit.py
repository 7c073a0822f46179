"""What `make audit` finds: packages that are not pinned, that must not be here, that have known holes."""

from __future__ import annotations

import doctest
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import audit


def test_its_examples_are_true():
    assert doctest.testmod(audit).failed == 0


def test_a_package_that_was_published_with_malware_is_refused_by_name():
    (fault,) = audit.faults({"lightning": "2.6.3"}, {"lightning": "2.6.3"})
    assert "credential stealer" in fault


def test_a_known_hole_is_named_with_what_mends_it_and_a_silent_service_is_no_clean_bill():
    hole = {"id": "CVE-2026-58659", "fix_versions": ["2.6.6"]}
    report = {
        "dependencies": [
            {"name": "lightning-fabric", "version": "2.6.5", "vulns": [hole]},
            {"name": "numpy", "version": "2.4.6", "vulns": []},
            {"name": "soxr", "skip_reason": "could not be audited"},
        ]
    }
    assert audit.advisories(report) == (["lightning-fabric 2.6.5: CVE-2026-58659, mended in 2.6.6"], 3, 2)
    assert audit.advisories({}) == ([], 0, 0)
