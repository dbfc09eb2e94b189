"""Clinician's guide: it names every contraindication, and claims nothing."""

import tomllib
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
HAZARDS = tomllib.loads((DOCS / "maintainer" / "hazards.toml").read_text(encoding="utf-8"))
GUIDE = (DOCS / "clinician" / "guide.md").read_text(encoding="utf-8")


def test_the_guide_names_every_contraindication() -> None:
    rows = [line.removeprefix("- ") for line in GUIDE.splitlines() if line.startswith("- ")]
    assert rows == HAZARDS["contraindications"] and "\n## Who must not wear it\n" in GUIDE
    for word in ("scleroderma", "malignant hyperthermia", "ab igne", "thin", "numb", "implant"):
        assert any(word in row for row in rows), word


def test_the_guide_says_what_the_belt_is_not() -> None:
    assert "not a medical device" in GUIDE and "no claim of efficacy" in GUIDE
