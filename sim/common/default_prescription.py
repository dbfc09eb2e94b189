"""The default prescription, of the reference board: what a clinician begins with.

Read by scenarios, the tools and tests; a unit has none of its own. Runs on MicroPython too.
"""

DEFAULT = {
    "name": "default",
    "irradiance_mw_cm2": {"810": 2.5, "850": 2.5, "940": 2.5, "1060": 2.5},
    "fluence_j_cm2": 6,
    "max_min": 30,
    "set_point_c": 40.5,
    "light": {"mode": "cw"},
}
