"""Names of a release that is frozen into MicroPython: of its module, and of its mark in a UF2."""

FROZEN_MODULE = "frozen_release"  # beside a product that is frozen into MicroPython: its RELEASE
FROZEN_MARK = "waistband-frozen "  # begins RELEASE, so that it can be found in an image
