"""Measurements on people: what was measured, by whom, and what their words are.

Read by `tools.physics_checks.people`; nothing here runs. A row whose source was looked up carries
the source's own words. A row without words is second-hand: it was quoted by somebody else, and its
source could not be read. Figures of a looked-up row are those of its words, converted where the
unit differs; the conversion stands in `converted`.
"""

from typing import NamedTuple


class Measurement(NamedTuple):
    """One row of the page. `low` and `high` bound what was measured: mean -+ SD, or a range."""

    key: str  # of the trial in `plant_trials.TRIALS`
    what: str
    unit: str
    low: float
    high: float
    source: str
    words: str = ""  # of the source; "": second-hand
    converted: str = ""
    deep: bool = False  # a temperature below the skin: no page may claim one
    changes: bool = True  # a rise or a fall, not a temperature at rest
    remark: str = ""


KIM = "Kim et al., J Korean Acad Rehabil Med 2003;27:778 (33.2 C); Kwon et al., J Therm Biol 2023;"
GMS = "Hoffmann, Hartel and Mercer, GMS Ger Med Sci 2016;14:Doc08"
MYRER = "Myrer et al., J Athl Train 2001;36:32 (PMC155399)"
MYRER_WORDS = (
    "At 1 cm within the muscle, the temperature decreases were 14.43°C, 9.06°C, and 5.00°C for"
    " 8-mm or less, 10- to 18-mm, and 20-mm or greater skinfolds, respectively."
)
CHOI = "Choi, Fujii, Brunt, Minson, poster, University of Oregon Undergraduate Symposium"
CHOI_WORDS = (
    "The new protocol attenuated plateau CVC from 95.3 ± 3.22% of the standard protocol to"
    " 33.8 ± 2.69% with 36 C at 0.1C/1s (p< 0.01), 53.7 ± 1.3% with 39C at 0.1C/s (p < 0.01)"
)
FOLD = "Fat is taken as half of the skinfold: 4, 7 and 10 mm. The skin's temperature is assumed."
CONDUCTANCE = "Rodriguez de Rivera et al., "

MEASUREMENTS = (
    Measurement(
        "lumbar", "bare skin of the low back, 23 C", "C", 31.9, 32.9,
        "liquid crystal thermography of 62 patients and 22 volunteers",
        "No significant differences were found between the average equilibrated thermogram"
        " temperatures of the control subjects (32.4 ± 0.5°C) and patient groups.",
        remark="The room's temperature is not in the excerpt; 23 C is assumed.",
    ),
    Measurement(
        "lumbar", "bare skin of the low back, 23 C", "C", 33.2, 33.9, KIM + "115:103611 (33.9 C)",
    ),
    Measurement(
        "abdomen", "2 cm deep, abdomen, bare", "C", 36.4, 36.4,
        "Hartel et al., Br J Surg 2006, p. 952, 10.1002/bjs.5429",
        "subcutaneous temperature after irradiation (median 38·9 versus 36·4 °C; P < 0·001)",
        deep=True, changes=False,
        remark="36.4 C is the control group. The depth of 2 cm is from " + GMS + ".",
    ),
    Measurement(
        "resting_flow", "flow of resting skin, leg", "1/s", 0.00082, 0.00130,
        "washout of xenon 133, two-compartment model",
        "Blood flow in the cutaneous tissue in the lateral region of the leg was 5.7 (SD 1.3)"
        " ml/100 g · min at an ambient temperature of 19° to 22°C.",
        "5.7 -+ 1.3 ml/(100 g min) at 1116 kg/m3: 0.00106 -+ 0.00024 1/s",
    ),
    Measurement(
        "conductance", "conductance of 2 x 2 cm of skin", "W/K", 0.022, 0.037,
        CONDUCTANCE + "Int J Heat Mass Transf 2023;212:124258",
        "Thermal resistance also increases exponentially with time: from 27 to 36 K/W for the"
        " volar zone, and from 32 to 45 K/W for the dorsal zone.",
        "1/45 to 1/27 K/W",
        remark="10 min after a step. A 2 x 2 cm probe loses heat sideways, a column cannot.",
    ),
    Measurement(
        "conductance", "conductance of 2 x 2 cm of skin", "W/K", 0.017, 0.050,
        CONDUCTANCE + "J Therm Anal Calorim 2022, 10.1007/s10973-022-11275-x",
        remark="The page was found, its figures were not.",
    ),
    Measurement(
        "inertia", "root of thermal inertia, forearm", "W s^0.5/m2K", 1449, 1674,
        "J Appl Physiol 1957;11:211, 10.1152/jappl.1957.11.2.211",
        "For the skin of the inner forearm of three subjects at a room temperature of 23–25°C,"  # noqa: RUF001
        " »ρc = 1.4 ± 0.2 x 10−3 cal2/cm4sec.°C2 has been found.",  # noqa: RUF001
        "root of (1.2 to 1.6)e-3, 1 cal = 4.184 J",
    ),
    Measurement(
        "flow_36", "flow at 36 C, of the most", "%", 31.1, 36.5, CHOI, CHOI_WORDS,
    ),
    Measurement(
        "flow_39", "flow at 39 C, of the most", "%", 52.4, 55.0, CHOI, CHOI_WORDS,
    ),
    Measurement(
        "flow_42", "flow at 42 C, of the most", "%", 92.1, 98.5, CHOI, CHOI_WORDS,
    ),
    Measurement(
        "flow_43", "flow at 43 C, over rest", "times", 15.0, 20.0,
        "Int J Radiat Oncol Biol Phys 1990;18:903 (PMID 2139018)",
        "the blood flow in human forearm skin could increase as much as 15-20 times during heating"
        " at 43 degrees C",
    ),
    Measurement(
        "hot_pack_15", "hot pack 20 min, calf, rise at 1.5 cm", "C", 0.8, 2.6,
        "Ostrowski et al., J Sport Rehabil 2019;28:459",
        "Muscle temperature increased an average of 1.7° (0.9°) for the MHP",
        deep=True, remark="Fat 7.1 mm, as measured there. The skin is assumed to go to 40-43 C.",
    ),
    Measurement(
        "hot_pack_10", "hot pack 30 min, calf, rise at 1 cm", "C", 1.92, 3.72,
        "J Athl Train 2013, PMC3718349 (ReBound and moist hot packs)",
        "ReBound diathermy and moist hot packs increased tissue temperatures 3.69°C ± 1.50°C and"
        " 2.82°C ± 0.90°C, respectively, from baseline.",
        deep=True, remark="Fat 7.2 mm, as measured there. The skin is assumed to go to 40-43 C.",
    ),
    Measurement(
        "hot_pack_3", "hot pack, triceps surae, rise at 3 cm", "C", 0.8, 0.8, "Draper 1998",
        deep=True, remark="The skin is assumed to go to 40-43 C for 20 min.",
    ),
    Measurement(
        "knee_wrap", "knee wrap 2 h, rise at 1.5 cm", "C", 1.92, 4.46,
        "Draper and Hopkins, Med Sci Monit 2008;14(6):PI7",
        "VMO: 3.19+/-1.27 degrees C; KJC: 2.62+/-0.93 degrees C; Surface: 7.48+/-1.35 degrees C.",
        deep=True, remark="Skin raised by 7.48 C as measured there; fat 3 to 10 mm.",
    ),
    Measurement(
        "ice_4", "ice 20 min, 1 cm below 4 mm of fat", "C", -14.43, -14.43, MYRER, MYRER_WORDS,
        deep=True, remark=FOLD,
    ),
    Measurement(
        "ice_7", "ice 20 min, 1 cm below 7 mm of fat", "C", -9.06, -9.06, MYRER, MYRER_WORDS,
        deep=True, remark=FOLD,
    ),
    Measurement(
        "ice_10", "ice 20 min, 1 cm below 10 mm of fat", "C", -5.0, -5.0, MYRER, MYRER_WORDS,
        deep=True, remark=FOLD,
    ),
    Measurement(
        "lamp", "wIRA lamp 20 min, rise at 2 cm", "C", 2.7, 2.7, GMS,
        "During irradiation with wIRA(+VIS), the tissue oxygen partial pressure rose markedly by"
        " more than 30% and the tissue temperature rose markedly by approximately 2.7C",
        deep=True, remark="Light that brings bare skin to 39 C: that figure is second-hand.",
    ),
    Measurement(
        "led_pad", "890 nm LED pad 30 min that ends at 40 C", "W/m2", float("nan"), float("nan"),
        "Mitchell et al., Am J Phys Med Rehabil 2012;91:789",
        "The skin temperature underneath the treatment diodes increased about 9.5°C from baseline"
        " to 40°C.",
        remark="What our pad must draw for the same. The watts of that pad are not published.",
    ),
)  # fmt: skip
