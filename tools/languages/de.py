"""Texts of the unit in German: takes the place of `firmware/ui/texts.py` in a unit that is built.

The screen's font is ASCII: ae, oe, ue and ss stand for the letters that it lacks. Rows, columns and
order are those of the English file.
"""

STATES = (
    b"Selbsttest", b"Bereit", b"Wartet auf Haut", b"Lampenpruefung", b"Licht steigt", b"Therapie",
    b"Pause", b"Fertig", b"Laedt", b"FEHLER: dunkel", b"GESPERRT: dunkel", b"Service: START",
    b"Aus", b"UP DOWN, START",
)  # fmt: skip
REASONS = (
    b"Ende: Fehler", b"Von Ihnen beend.", b"Lader steckt", b"Akku leer", b"Ende: Rechner",
    b"Nicht auf Haut", b"Nicht auf Haut", b"Von Ihnen beend.", b"Waerme: genug",
    b"Dosis erreicht", b"Zeit abgelaufen", b"Zu lang gewartet",
) + (b"",) * 17 + (b"Genug fuer heute",)  # fmt: skip
REFUSALS = (
    b"", b"Taste klemmt", b"Bitte aufladen", b"Genug fuer heute", b"Zu warm: warten",
    b"Gurt anlegen", b"Ursache bleibt", b"Speicher klemmt", b"Muss zum Service",
    b"Rezept abgelauf.", b"Uhr stellen", b"Zu frueh", b"Studie beendet", b"Erst UP / DOWN",
    b"Erst ablegen",
    b"START 1.5 s lang", b"Kur ist beendet",
    b"    -  -   OK?",
)  # fmt: skip
FAULTS = (
    b"Fuehler offen", b"Fuehler kurz", b"Haut zu heiss", b"Fuehler uneins",
    b"Fuehler stumm", b"Fuehler wirr", b"Platte heiss", b"Platte stumm",
    b"Platte wirr", b"Lampe ist aus", b"Lampe stets an", b"Schalter fest", b"Ohne Strom",
    b"Strom stumm", b"Akku leer", b"Pad abgezogen", b"Fuehler starr",
    b"Fuehlersprung", b"Fuehler lose", b"Nicht auf Haut", b"Lampen uneins", b"Logbuch wirr",
    b"Hautf. stumm",
    b"Lampenstrom",
    b"Teil unstet",
)  # fmt: skip
LOCKS = (b"", b"Nicht kalibriert", b"Rezept ungueltig", b"Oft neu begonnen", b"Board-Datei",
         b"Muss zum Service", b"Studie ungueltig")  # fmt: skip
PADS = (b"A", b"B", b"")

RECEIPT = b"R"
LEFT = b"Noch    :"
CONTACT = b"A  .   B  .  C"
DOSE = b"A  .  B  . J/cm2"
SET_POINT = b"Waerme    .  C"
BATTERY = b"    %      mal"
OFFER = b"START A  . B  . "
REST_OF_DAY = b"Heute noch   :"
RESET = b"Neu"
PARTS = (b"Kontakt A", b"Kontakt B", b"Platte A", b"Platte B", b"Strom", b"Akkuuhr", b"Haut")
LET_GO = b"1 min loslassen"
UNSURE = b"?"
NO_CLOCK = b"Uhrzeit fehlt"
TELL_THE_CLINIC = b"Praxis anrufen"

# Shown only by a unit in a trial.
ENDED = b"Beendet"
VISIT = b"Besuch   von"
FROM = b"Ab       -  -"
OVERALL = b"Insgesamt"
ILL_EFFECTS = b"Nebenwirkungen"
GUESS = b"Welche Therapie"
PAIN = b"Schmerz:"
SEVERITIES = (b"keine", b"leicht", b"mittel", b"schwer")
GUESSES = (b"Therapie", b"Placebo", b"unsicher")
BLANK = b"-"
STAGES = (b"Vor Therapie", b"Therapie starten", b"Nach Therapie", b"")
