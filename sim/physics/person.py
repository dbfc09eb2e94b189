"""Person: constants of a wearer for which published measurements leave a wide range.

Read by `sim.physics.tissue`, the plant and scenarios; nothing here runs. Two sets, by name: "safe"
judges burns; "typical" is nearer to what published measurements of a session give, and judges
nothing. How far each moves a peak: docs/maintainer/skin-model.md.
"""

from sim.common.value_record import Record


class Person(Record):
    """A wearer. A scenario's `start` takes `vasodilation`, `light_mm` and `air_w_m2k` where
    it does not say them itself."""

    FIELDS = (
        "dilate_from_c", "dilate_full_c", "vasodilation", "light_mm", "muscle_m",
        "muscle_perfusion_s", "air_w_m2k", "contact_w_m2k", "back_m2k_w",
    )  # fmt: skip
    # Perfusion rises in a straight line (assumed) between these two skin temperatures: it begins at
    # 38 C (Front Physiol 2016;7:622), the axon reflex starts at 39.4 C (PMID 9003568), the greatest
    # flow is had at 42-43 C (J Vasc Res 2006;43:270).
    dilate_from_c: float
    dilate_full_c: float
    vasodilation: float  # so many times the flow at rest; 15 to 20 is measured at 43 C
    #   (Int J Radiat Oncol Biol Phys 1990;18:903)
    light_mm: float  # assumed: 1/e depth of near infrared; 0.2 where melanin takes all of it
    muscle_m: float  # assumed: muscle under the fat, and
    muscle_perfusion_s: float  # its flow at rest, 1/s: neither skin heat nor pressure moves it
    air_w_m2k: float  # assumed: bare skin and outer surface to air
    # No human evidence for either; to be measured on a bench before anything else.
    contact_w_m2k: float = 150.0  # face to skin, belt closed: 75 to 150
    back_m2k_w: float = 0.10  # 3 mm of foam and the belt, board to outer surface: 0.05 to 0.2


# What is not cited above is assumed.
PERSONS = {
    "safe": Person(38.0, 43.0, 6.0, 3.0, 0.020, 0.0007, 5.0),
    "typical": Person(36.0, 42.0, 12.0, 8.0, 0.050, 0.0003, 9.0),
}
SAFE = PERSONS["safe"]
