"""Texts of the unit in French: takes the place of `firmware/ui/texts.py` in a unit that is built.

The screen's font is ASCII: letters stand without their accents. Rows, columns and order are those
of the English file.
"""

STATES = (
    b"Autotest", b"Pret", b"Attend la peau", b"Test des lampes", b"Lumiere monte", b"Seance",
    b"Pause", b"Termine", b"En charge", b"DEFAUT: eteint", b"BLOQUE: eteint", b"Service: START",
    b"Arret", b"UP DOWN, START",
)  # fmt: skip
REASONS = (
    b"Fin: defaut", b"Fini par vous", b"Chargeur mis", b"Batterie vide", b"Fini par l'hote",
    b"Pas sur la peau", b"Pas sur la peau", b"Fini par vous", b"Chaleur atteinte",
    b"Dose atteinte", b"Temps ecoule", b"Attente longue",
) + (b"",) * 17 + (b"Assez ce jour",)  # fmt: skip
REFUSALS = (
    b"", b"Bouton coince", b"A recharger", b"Assez ce jour", b"Chaud: attendre",
    b"Mettez ceinture", b"Cause presente", b"Journal bloque", b"Service requis",
    b"Ordonn. perimee", b"Reglez l'horloge", b"Trop tot", b"Etude terminee", b"D'abord UP, DOWN",
    b"Otez la ceinture",
    b"Tenir START 1.5s", b"Cure terminee",
    b"    -  -   OK?",
)  # fmt: skip
FAULTS = (
    b"Capteur ouvert", b"Capteur court", b"Peau chaude", b"Capt. differe",
    b"Capteur muet", b"Capteur fou", b"Plaque chaude", b"Plaque muette",
    b"Plaque folle", b"Lampe eteinte", b"Lampe allumee", b"Inter. coince", b"Lampes a vide",
    b"Courant muet", b"Batterie vide", b"Coussin ote", b"Capteur fige",
    b"Capteur saute", b"Capteur lache", b"Pas sur peau", b"Lampes inegal.", b"Journal fou",
    b"Capt.peau muet",
    b"Courant lampe",
    b"Piece instable",
)  # fmt: skip
LOCKS = (b"", b"Non etalonne", b"Ordonn. refusee", b"Trop de reprises", b"Fichier carte",
         b"Service requis", b"Etude refusee")  # fmt: skip
PADS = (b"A", b"B", b"")

RECEIPT = b"R"
LEFT = b"Reste   :"
CONTACT = b"A  .   B  .  C"
DOSE = b"A  .  B  . J/cm2"
SET_POINT = b"Chaleur   .  C"
BATTERY = b"    %      fois"
OFFER = b"START A  . B  . "
REST_OF_DAY = b"Reste jour   :"
RESET = b"Repr."
PARTS = (b"contact A", b"contact B", b"plaque A", b"plaque B", b"courant", b"jauge", b"peau")
LET_GO = b"Lachez 1 minute"
UNSURE = b"?"
NO_CLOCK = b"Horloge a regler"
TELL_THE_CLINIC = b"Appelez clinique"

# Shown only by a unit in a trial.
ENDED = b"Termine"
VISIT = b"Visite   sur"
FROM = b"Des      -  -"
OVERALL = b"En general"
ILL_EFFECTS = b"Effets indesir."
GUESS = b"Quel traitement"
PAIN = b"Douleur:"
SEVERITIES = (b"aucun", b"leger", b"modere", b"severe")
GUESSES = (b"therapie", b"placebo", b"incertain")
BLANK = b"-"
STAGES = (b"Avant therapie", b"Debut therapie", b"Apres therapie", b"")
