"""Every file that goes onto the unit compiles for its chip, and all of them fit."""

from pathlib import Path

from sim.driver_depth.flash import device_files
from sim.driver_depth.release import AS_THEY_ARE
from sim.driver_depth.unit_source import replace_constants

ROOT = Path(__file__).resolve().parents[2]
FILES = replace_constants(device_files(ROOT), AS_THEY_ARE)
# 10 KB over the ceiling of the design: the journal's evidence, signed commands, set-ups read again,
# time that is trusted, the battery's promise, the prompt,
# prescriptions of more than one step
ALL_BYTES_MAX = 107 * 1024
