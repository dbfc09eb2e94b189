"""Verdict of one step of the bring-up, and every sentence that a failure or a note may say.

Made by the checks of `tools.bringup`; read by the report. A failure says what was found, then which
wire to look at. A note does not keep the unit dark.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PASSED, FAILED, SKIPPED, BROKEN_OFF = "passed", "failed", "skipped", "broken off"

# key: sentence. The key's first word is the step.
FAILURES = {
    "product.wrong": "{what}: run waistband deploy",
    "product.missing": "the unit's drivers are not on it ({what}): run waistband deploy",
    "pins.high": "{pin}, {name}, reads high while driven low: a short to 3V3, or another output on"
    " this wire",
    "pins.floats": "{pin}, {name}, has no pull-down: solder 10k from it to GND; with none, the"
    " driver is fully on while the chip starts",
    "buses.low": "{pin}, {name}, is low: its 2.2k pull-up to 3V3 is missing, or it is shorted to"
    " GND, or a part holds it",
    "parts.bus_silent": "no part answers on I2C{bus}: {wires} may be exchanged; else the 3V3 and"
    " GND of its parts",
    "parts.missing": "{title} does not answer at {address}: {wires}, its 3V3 and GND, and {strap}",
    "parts.stray": "I2C{bus} has something at {address} where no part of this unit is: look at the"
    " address straps{hint}",
    "parts.other": "{title} at {address} says {found} in its identity register, not {wanted}: it is"
    " another chip, or one whose address is set wrongly: {strap}",
    "parts.set_up": "{title} at {address} does not keep what is written to it: its supply,"
    " 100 nF at its pins, and {wires}",
    "warmth.open": "thermistor of pad {pad} reads open: the wire from {pin} to it, or from it to"
    " GND",
    "warmth.short": "thermistor of pad {pad} reads a short: {pin} touches GND, or its pull-up to"
    " ADC_VREF (header pin 35) is missing",
    "warmth.silent": "{title} has no reading: its 3V3, and {wires}",
    "warmth.apart": "pad {pad}: thermistor {ntc:.2f} C, contact thermometer {contact:.2f} C, more"
    " than {limit} C apart: let both lie for ten minutes; else the 10k pull-up from {pin} to"
    " ADC_VREF (header pin 35, not 3V3), the thermistor's type (10k, B3950)",
    "warmth.board": "{title} reads {board:.2f} C, {apart:.1f} C from the pad's contact thermometer:"
    " let the unit lie for ten minutes; else exchange the sensor",
    "warmth.room": "{what} reads {c:.1f} C, not from 5 to 40: warm or cool the unit to the room's"
    " temperature; else that sensor",
    "battery.silent": "fuel gauge has no reading: its CELL pin at the pack",
    "battery.pack": "pack divider reads {pack:.2f} V, not from {low} to {high}: {pin} to the middle"
    " of 100k (pack) and 47k (GND), and the pack's plug",
    "battery.apart": "pack divider reads {pack:.2f} V, fuel gauge {gauge:.2f} V: the divider's"
    " resistors, 100k and 47k, 1 %, at {pin}; the gauge's CELL pin at the whole pack's plus",
    "inputs.held": "{name} reads closed before anything was done: {pin} touches GND, or the switch"
    " is wired to its other contact",
    "inputs.nothing": "{name} was not seen: the wire from {pin} to it, or from it to GND",
    "inputs.other": "{name} was asked for and {found} came: exchange the wires of {pin} and"
    " {other}",
    "inputs.stays": "{name} does not open again: {pin}, or the switch",
    "hands.nothing": "a hand on pad {pad} was not seen by its {sensor}: {wires}",
    "hands.swapped": "a hand on pad {pad} was seen by the {sensor} of pad {other}: exchange them:"
    " {wires}",
    "hands.both": "a hand on pad {pad} was seen by the {sensor} of both pads: {wires} touch, or the"
    " shield of pad {other} is not connected",
    "hands.range": "skin sensor of pad {pad} reads {code} codes, not from 0 to {most}: an electrode"
    " of 5 cm2 has 1 to 8 pF: {wires}",
    "signals.light": "the status light was not seen: {pin}, its series resistor, its direction",
    "signals.buzzer": "the buzzer was not heard: {pin}, a passive buzzer, not one with a tone of"
    " its own",
    "signals.screen": "the screen showed nothing, or something else: {wires}, its 3V3",
    "lease.current": "{ma:.0f} mA flow with the switch closed and every bank's pin low: the switch"
    " of some bank is shorted or its driver ignores its dimming pin: measure at the drivers'"
    " dimming inputs ({pins})",
    "lease.rail": "the rail monitor did not answer: nothing was lit: its 3V3, and {wires}",
    "lease.low": "{pin} does not go high: it is shorted to GND, or its pull-down is far below 10k",
    "lease.stays": "{pin} stays high after it was let go: something else drives it",
    "lease.long": "the lease held the supply switch for {ms:.1f} ms, not {low} to {high}: do not"
    " use this board",
    "switch.closed": "{ma:.0f} mA flow through {name} although the supply switch is to be open: the"
    " switch is bridged, or its gate is not at {pin}; look also at the drivers' supply, which has"
    " to come from behind the switch",
    "banks.dark": "{name} draws {ma:.0f} mA, not about {wanted:.0f}: {pin} to the driver's dimming"
    " input, the driver's supply behind the switch, the string and its direction",
    "banks.all_dark": "no bank draws a current: {pin} to the gate of the supply switch, the"
    " switch's own supply, the rail monitor's shunt in series with the LED supply; an ALERT line"
    " that is held low opens the switch too",
    "banks.off": "{name} draws {ma:.0f} mA, not from {low:.0f} to {high:.0f} as the board file has"
    " it: the driver's current resistor, the number of emitters in its string",
    "banks.swapped": "{name} and {other} draw each other's currents: exchange {pin} and"
    " {other_pin}",
    "banks.stays": "{name}: {ma:.0f} mA still flow 10 ms after the switch was opened: the supply"
    " switch is slow or bridged: its gate's pull-down at {pin}",
    "banks.long": "{name} was lit for {ms:.1f} ms, more than {most}: run this again; else do not"
    " use this board",
    "alert.open": "ALERT of the {title} does not open the supply switch ({ma:.0f} mA flow): the"
    " line from the ALERT pin (TMP117 pin 3) to the supply switch, and its 10k pull-up to 3V3",
    "alert.stuck": "the supply switch stays open after ALERT of the {title} was taken back: the"
    " ALERT line needs its 10k pull-up to 3V3; look for a short to GND",
    "alert.limits": "the {title} does not keep the limits of its alert: its supply, and 100 nF at"
    " its pins",
    "alert.silent": "the {title} has no reading: its 3V3, and {wires}",
    "calibration.refused": "{why}",
    "calibration.other": "the unit is calibrated already ({serial}, {date}): waistband calibrate"
    " --replace writes over that",
    "broken.said": "{why}",
    "broken.answer": "{port}: its answer cannot be read: run this again",
    "broken.raised": "the unit's program ended by {why}: run waistband deploy, then this again",
}
NOTES = {
    "parts.optional": "{title} does not answer at {address}: the unit works without it, and then"
    " takes its time from a host",
    "parts.clock": "the clock was never set: waistband deploy sets it",
    "signals.motor": "the vibration motor was not felt: {pin}, if one is fitted",
    "banks.alike": "{name} and {other} fit the board file better if {pin} and {other_pin} are"
    " exchanged: current alone does not prove it; a spectrometer does",
    "calibration.none": "not calibrated: the unit is locked until it has a calibration: measure the"
    " irradiance, add it and window_cm2 to the measures that this first start saves, and begin it"
    " again with them",
    "calibration.key": "the unit has a key: calibrate it by waistband calibrate --key",
}


class Verdict:
    """What a step found: sentences, and the values that were measured."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.keys: list[str] = []  # of the failures
        self.notes: list[str] = []
        self.skipped = False  # there was nothing to do; a note says why
        self.values: dict[str, Any] = {}

    def fail(self, key: str, **words: "Any") -> None:
        """Add a failure by its key."""
        sentence = FAILURES[key].format(**words)
        if sentence not in self.failures:
            self.keys.append(key)
            self.failures.append(sentence)

    def note(self, key: str, **words: "Any") -> None:
        """Add a note by its key."""
        self.notes.append(NOTES[key].format(**words))
