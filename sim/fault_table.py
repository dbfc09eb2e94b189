"""What a scenario may say of each fault: the design's table of faults, as a person writes it.

Read by `sim.scenario`. What each fault does is in `sim.faults` where it strikes sensors,
body, power or buttons, and in `sim.program_faults` where it strikes the program, the chip or its
flash. Every fault is there at every depth.
"""


class Fault:
    """What a fault's event may say beside its name. No `pad` in the event means both pads."""

    def __init__(
        self, pad: str = "", unit: str = "", low: float = 0.0, high: float = 0.0,
        default: float | None = None, lasts: bool = True, also: str = "",
        for_s: float | None = None,
    ) -> None:  # fmt: skip
        self.pad = pad  # "" takes none, "may" takes one, "must" needs one
        self.unit = unit  # of `value`; "" takes none, "nm" is a wavelength on the board
        self.low = low
        self.high = high
        self.default = default  # None where `value` must be given
        self.lasts = lasts  # takes `for_s`
        self.also = also  # another key: "button" is needed, "line" may be there
        self.for_s = for_s  # lasts so long, each time


FAULTS = {
    "ntc_open": Fault("may"),
    "ntc_short": Fault("may"),
    "ntc_stuck": Fault("may"),
    "ntc_drift": Fault("may", "C/min", -10, 10, 1.0),
    "ntc_noise": Fault("may", "C rms", 0, 5, 0.5),
    "contact_stuck": Fault("may"),
    "contact_lost": Fault("may"),
    "contact_garbage": Fault("may"),
    "board_sensor_lost": Fault("may"),
    "pad_unplugged": Fault("may"),
    # Dark on any skin (fat 5 to 20 mm, perfusion 0 to 0.003 1/s, 23 C) it settles below 43.0 C:
    # 107 W/m2 is the most of which that is true.
    "hot_skin": Fault("may", "W/m2", 0, 5_000, 100.0),
    "no_perfusion": Fault("may"),
    "hot_room": Fault("", "C", 5, 60, 40.0),
    "under_blanket": Fault(),
    "lying_on_pad": Fault("may"),
    "unworn": Fault(),
    "led_open": Fault("must", "nm"),
    "fet_stuck_on": Fault("must", "nm"),
    "enable_stuck": Fault(),
    # A pack at 80 % stands at 7.95 V while its unit treats; this takes each cell below 3.0 V.
    "battery_sag": Fault("", "V of the pack", 0, 8, 2.0),
    "battery_low": Fault("", "%", 0, 100, 2.0, lasts=False),  # sets the charge, once
    "gauge_nak": Fault(),
    "gauge_garbage": Fault(),
    "i2c_hang": Fault(),
    "charger_plugged": Fault(),
    "button_stuck": Fault(also="button"),
    "button_bounce": Fault(),
    "alert_broken": Fault(),
    "firmware_exception": Fault(lasts=False, also="line"),
    "firmware_hang": Fault(lasts=False, also="line"),
    "host_attach": Fault(lasts=False, for_s=1.0),
    "soft_reset": Fault(lasts=False),
    "brownout": Fault(),  # `for_s`: without power; else it comes back at once
    "clock_jump": Fault("", "days", -3_650, 3_650, 1.0),
    "flash_full": Fault(),
    "flash_corrupt": Fault(),
    "flash_torn": Fault(),  # strikes what is next written, once
}
