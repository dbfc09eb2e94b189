"""Every limit the firmware holds, each with its source, and their order.

Units stand in the names: `_mc` thousandths of a degree Celsius, `_ms`, `_mv`
(of the mean cell), `_uj_cm2`, `_uw_cm2`. A name without one is a count or a
raw converter code. Sources: "60601" is IEC 60601-1 Table 24, contact of ten
minutes and more; "design" is the specification of the unit (docs/glossary.md);
"ours" is a choice of ours, for the reason that stands beside it.
"""

# Time. Every clock on the unit is 30 bits of milliseconds (MicroPython ticks_ms).
CLOCK_MASK = (1 << 30) - 1
TICK_MS = 20  # ours: three samples fit into the 80 ms in which a fault must be dark
CONTROL_TICKS = 10  # ours: 200 ms, a tenth of the fastest thermal constant at the skin
LEASE_MS = 50  # ours: two missed ticks and the supply switch opens by itself
DAY_MS = 86_400_000
HOUR_MS = 3_600_000

# Contact temperature.
SET_POINT_MAX_MC = 40_500  # design: below 41 C, where 60601 asks for disclosure
SET_POINT_MIN_MC = 38_000  # ours: below, a pad on warm skin gives next to nothing
SET_POINT_STEP_MC = 500  # design: of DOWN and UP
CONTACT_WARN_MC = 41_000  # 60601
CONTACT_TRIP_MC = 42_500  # 60601's ceiling is 43 C; half a degree is more than sensors err by
CONTACT_ALERT_MC = 43_000  # 60601; held in hardware by the contact thermometer's ALERT
TRIP_SAMPLES = 3  # ours: 60 ms; one sample of noise never trips
PAIR_APART_MC = 1_500  # design: the two contact sensors of a pad; only asserted, below
PAIR_TRIP_MC = 1_400  # ours: sensed, noise and rounding included, before they truly are so far
PAIR_APART_STEPS = 2  # ours: control steps running; a sensor that broke has tripped by then
STILL_NTC_STEPS = 10  # ours: a converter's noise never gives the same sum of ten so often
STILL_CONTACT_STEPS = 160  # ours: 32 s; the thermometer's own noise is half a step
JUMP_MC = 2_000  # ours: in a control step; 10 kW/m2 would not move the contact face so far
NTC_DNL_CODE = 1_536  # 36.96 C, a wide code of the converter (erratum RP2040-E11): within
NTC_DNL_NEAR = 12  # so many codes of it neither rate nor stillness is judged
LOOSE_MARGIN_MC = 1_000  # ours: errors of both sensors, and a fifth of the window's conductance
OFF_SKIN_MARGIN_MC = 600  # ours: sensors, and skin that goes on warming under the belt
REST_MC = 10  # ours: a pad at rest warmed by no more than this in the worn test's 5 s
HEARD_WITHIN_MS = 600  # ours: contact thermometer; with one control step, 800 ms
BOARD_HEARD_WITHIN_MS = 780  # ours: dark within 1 s
SKIN_HEARD_WITHIN_MS = 780  # ours: dark within 1 s
GAUGE_HEARD_WITHIN_MS = 2_000  # ours: beyond, the ADC speaks for the battery

# Thermistor codes (12 bits): a working thermistor between -15 C and 95 C stays inside.
NTC_OPEN_CODE = 3_700
NTC_SHORT_CODE = 300

# LED board. Provisional, ours: a pad at 49 C was seen over skin at 48 C.
BOARD_DERATE_MC = 45_000
BOARD_TRIP_MC = 50_000
PLAUSIBLE_MIN_MC = -20_000  # ours: a thermometer that reads less, or more than
PLAUSIBLE_MAX_MC = 85_000  # this, is talking rubbish

# Thermal dose, in 1024ths of a millisecond at 43 C (Sapareto and Dewey 1984). Skin
# injury is reported at 20-40 minutes.
CEM43_SESSION_Q10_MS = 2 * 60_000 << 10
CEM43_DAY_Q10_MS = 4 * 60_000 << 10
# Skin that no sensor feels (docs/maintainer/hot-spots.md). Pressed skin without blood flow, away
# from the sensors, comes to be hotter than contact by half of what contact is above this, with a
# time constant of 2048 control steps.
SPOT_FROM_MC = 37_000
SPOT_SHIFT = 11

# Light.
IRRADIANCE_MAX_UW_CM2 = 50_000  # ours, a pad, all banks; WALT's ceiling is 100 mW/cm2
BANK_MIN_UW_CM2 = 100  # ours: less is a duty too small to be exact
BANK_MAX_UW_CM2 = 12_500  # four banks at full duty stay within the pad's limit
FLUENCE_MAX_UJ_CM2 = 90_000_000  # trial NCT01920971 gave 83.2 J/cm2 at 890 nm
FLUENCE_MIN_UJ_CM2 = 100_000  # ours: less is over before the ramp is
STEPS_MAX = 6  # ours, of a prescription
A_DAY_MAX = 20  # ours, sessions: as many of 3 minutes fill a day
SESSIONS_MAX = 1_000  # ours, of a prescription
DUTY_MAX = 65_535  # of MicroPython's PWM
CARRIER_HZ = 2_000  # design: the dimming carrier of CW and gated light
PULSE_MIN_HZ = 100  # design: slower light is gated in whole ticks
PULSE_MAX_HZ = 10_000  # design

# Session.
SESSION_MAX_MS = 40 * 60_000  # trial NCT01920971
SESSION_DAY_MAX_MS = 60 * 60_000  # ours
RAMP_MS = 30_000  # ours: the controller sees the skin answer before full power
SKIN_WAIT_MS = 180_000  # design: so long after START the belt may be put on
PAUSE_MAX_MS = 600_000  # design: a longer pause ends the session
IDLE_OFF_MS = 600_000  # design: off by itself, so long after the last press
EMPTY_OFF_MS = 60_000  # design: ... with a battery that ended
CALL_MS = 10_000  # design: a fault calls so often,
CALLS_MS = 65_000  # for so long,
CALL_LATER_MS = 60_000  # then so often
RATE_MAX_MS = 600_000  # ours: nobody answers any more
WORN_MS = 5_000  # design: all signs together, for so long
WORN_MIN_MC = 28_000  # design: leaves room for a cold day
WORN_MAX_MC = 38_500  # design: skin at rest is never warmer
RESUME_BELOW_MC = 39_000  # design: after the belt was off the skin
BLIND_WAIT_MS = 300_000  # ours: in a trial, after a sign was lost: by then lit pads have cooled
BLIND_ON_MS = 60_000  # ours: in a trial, after it was put on again: by then dark pads are warm
UNWORN_RESUMES = 2  # design: a session; a belt that comes off more often does not lie well
SKIN_ON_PERCENT = 60  # ours: of the calibrated step from air to skin; at release at once
SKIN_OFF_PERCENT = 40  # ours: of the same step; the gap keeps noise from switching
SKIN_STEP_MIN = 2_048  # ours: 1 pF from air to skin, a thousand times the noise
SKIN_CODE_MAX = 32_000  # FDC1004: the converter ends at 32 767
BUCKLE_TICKS = 3  # ours: 60 ms open; contacts that bounce are shorter
UNWORN_STEPS = 3  # ours: control steps running: 600 ms at most, within the second asked for
SELF_TEST_MS = 1_000  # ours: each part is heard by then, or is silent

# Buttons.
DEBOUNCE_TICKS = 2  # ours: 40 ms; contacts bounce for less
HOLD_MS = 1_500  # design: START held so long ends the session and switches off
SECOND_THOUGHT_MS = 1_000  # ours: a press so soon after the end did not ask for another session
STOP_WINS_MS = 2_000  # design: presses after a pause, each so soon after the last, leave it paused
QUIET_MS = 65_000  # ours: START that was not closed for so long is believed again
CHATTER_CLOSURES = 4  # ours: start, pause, resume and pause; none of them with another button
MEANT_MS = 10_000  # ours: START so soon after UP or DOWN is a person's
STUCK_MS = 10_000  # ours: nobody presses this long

# The check of each bank: 160 ms at a tenth, seen by the rail monitor.
CHECK_DUTY = 6_554  # design: a tenth
CHECK_TICKS = 8  # ours, of light: an average lies within, and is read, wherever the monitor's begin
CHECK_SETTLE_TICKS = 7  # ours: until no reading of the step shows the light of the one before
RAIL_WINDOW_MS = 68  # INA219, 128 samples averaged (data sheet)
CHECK_SEEN_PERCENT = 40  # ours: less is no driver's tolerance, but a string that is open
CHECK_MOST = 2  # ours: so many times a bank's current is another bank's switch
DRIVER_APART_PERMILLE = 155  # design: 15 %, and what the monitor and its battery voltage err by
RAIL_DARK_01MA = 15  # ours: 1.5 mA, a few steps of the monitor above what it shows in the dark
# The monitor's zero, with the switch open: 200 uV over 0.1 ohm (SBOS448, 7.5, PGA /8), and drift.
RAIL_ZERO_MOST_01MA = 25
# Ours: what drivers draw with the switch closed and no duty. The least stuck bank draws 20 mA.
RAIL_LEAK_MOST_01MA = 50
LOST_MOST = 3  # ours: a part that loses its set-up more often since power-on is unfit
# Ours: two of the monitor's averages that began in the dark are read in a dark part of 220 ms. In
# gated light there is one every 3 s at least: with the step that judges it, within 4 s.
LOOK_TICKS = 11
LOOK_EVERY_TICKS = 138
LOOK_STEADY_STEPS = 49  # ours: gated light is steady in each 50th control step, 2 % of its time
RAIL_STALE_MS = 100  # ours: while lit, the monitor is judged only by what it said just now

# Battery: mean cell, under load. Li-ion practice.
CELL_WARN_MV = 3_300
CELL_END_MV = 3_000
CELL_CHARGED_MV = 3_500  # ours: a cell that ended must have been charged up to this
CHARGED_S = 600  # ours: ... and for this long: at rest an empty cell reads like a full one
CELL_FULL_MV = 4_050  # ours: ... or a charger that is done has brought it here
CELL_APART_MV = 150  # ours: gauge and ADC; further apart, the gauge is not believed
CHARGE_APART = 10  # ours: percent; further apart, the gauge and the voltage leave charge uncertain
SESSION_RESERVE_PERCENT = 25  # ours: on top of what a session is expected to draw

assert PAIR_TRIP_MC < PAIR_APART_MC
assert SET_POINT_MIN_MC < SET_POINT_MAX_MC < CONTACT_WARN_MC < CONTACT_TRIP_MC < CONTACT_ALERT_MC
assert WORN_MIN_MC < SET_POINT_MIN_MC < WORN_MAX_MC < RESUME_BELOW_MC < SET_POINT_MAX_MC
assert CONTACT_ALERT_MC < BOARD_DERATE_MC < BOARD_TRIP_MC < PLAUSIBLE_MAX_MC
assert TRIP_SAMPLES * TICK_MS < 80 and 2 * TICK_MS < LEASE_MS < 80
assert HEARD_WITHIN_MS + CONTROL_TICKS * TICK_MS <= 800
assert BOARD_HEARD_WITHIN_MS + CONTROL_TICKS * TICK_MS < 1_000
assert SKIN_HEARD_WITHIN_MS + CONTROL_TICKS * TICK_MS < 1_000
assert SKIN_OFF_PERCENT < SKIN_ON_PERCENT < 100
assert CEM43_SESSION_Q10_MS < CEM43_DAY_Q10_MS < CLOCK_MASK
assert 4 * BANK_MAX_UW_CM2 <= IRRADIANCE_MAX_UW_CM2
assert FLUENCE_MIN_UJ_CM2 < FLUENCE_MAX_UJ_CM2 < CLOCK_MASK
assert RAMP_MS < SESSION_MAX_MS < SESSION_DAY_MAX_MS < DAY_MS < CLOCK_MASK
assert CELL_END_MV < CELL_WARN_MV < CELL_CHARGED_MV < CELL_FULL_MV
assert NTC_SHORT_CODE < NTC_OPEN_CODE
assert CHECK_TICKS * TICK_MS >= 2 * RAIL_WINDOW_MS
assert (CHECK_SETTLE_TICKS - 2) * TICK_MS >= 2 * RAIL_WINDOW_MS - (
    CONTROL_TICKS - CHECK_TICKS
) * TICK_MS
assert LOOK_TICKS * TICK_MS >= 2 * RAIL_WINDOW_MS + 4 * TICK_MS
assert (LOOK_EVERY_TICKS + 2 * LOOK_TICKS + 4 * CONTROL_TICKS) * TICK_MS <= 4_000
