"""Every file that goes onto the unit compiles for its chip, and all of them fit."""

from pathlib import Path

from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE
from sim.driver_depth.unit_source import replace_constants

ROOT = Path(__file__).resolve().parents[2]
FILES = replace_constants(device_files(ROOT), AS_THEY_ARE)
# The design asks for 92 KB. Set-ups that are read again, the journal's evidence, signed commands,
# prescriptions of several steps, off by itself, a trusted clock and console words take 20 KB more:
# docs/maintainer/depths.md, "Room".
ALL_BYTES_MAX = 112 * 1024
