"""Steps of the bring-up, in order: what each does, and what must have passed before it.

Read by `waistband bringup`, by the bench page (`tools.bringup.in_page`), and by the report. What a
failure says stands in `tools.bringup.verdict`, by the step's name. Where a dark step fails, those
that do not need it still run, so that one look finds more than one mistake; nothing is lit before
every one of them has passed.
"""

from tools.bringup import checks_dark, checks_lit, checks_person
from tools.bringup.measured import check_calibration
from tools.bringup.session import Step

DARK_STEPS = (
    Step("product", "Every file of the release is on the unit", (), checks_dark.check_product),
    Step("pins", "Supply switch and banks: low, and pulled down by the board", ("product",),
         checks_dark.check_pins),
    Step("buses", "Both I2C buses are pulled up and free", ("product", "pins"),
         checks_dark.check_buses),
    Step("parts", "Every part answers, is the right chip, and keeps its set-up", ("buses",),
         checks_dark.check_parts),
    Step("warmth", "Thermistors against the digital thermometers", ("parts",),
         checks_dark.check_warmth),
    Step("battery", "Pack divider against the fuel gauge", ("parts",), checks_dark.check_battery),
    Step("buttons", "START, UP and DOWN, each alone", ("product", "pins"),
         checks_person.check_buttons),
    Step("buckle", "The buckle closes and opens", ("product", "pins"), checks_person.check_buckle),
    Step("charger", "The charger is seen", ("product", "pins"), checks_person.check_charger),
    Step("hands", "A hand on a pad is seen by its four sensors, and by no other",
         ("parts", "warmth"), checks_person.check_hands),
    Step("signals", "Status light, buzzer, motor, screen", ("parts",),
         checks_person.check_signals),
)  # fmt: skip
DARK_NAMES = tuple([step.name for step in DARK_STEPS])
STEPS = DARK_STEPS + (
    Step("lease", "The lease holds the supply switch for 50 ms and no longer", DARK_NAMES,
         checks_lit.check_lease),
    Step("switch", "The open supply switch stops every bank", ("lease",), checks_lit.check_switch),
    Step("banks", "Each bank's current for 20 ms, against the board file", ("switch",),
         checks_lit.check_banks),
    Step("calibration", "The unit takes its calibration", ("banks",), check_calibration),
    Step("alert", "ALERT of each contact thermometer opens the supply switch", ("banks",),
         checks_lit.check_alert),
)  # fmt: skip
