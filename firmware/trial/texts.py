"""Texts that only a unit in a trial shows: `firmware.ui.texts` has all others, and their rules."""

ENDED = b"Ended"  # for a reason that could give the arm away
TELL_THE_CLINIC = b"Tell the clinic"
VISIT = b"Visit    of"
FROM = b"From     -  -"
OVERALL = b"Overall"
ILL_EFFECTS = b"Ill effects"
GUESS = b"Which treatment"
PAIN = b"Pain 0-10:"
SEVERITIES = (b"none", b"mild", b"moderate", b"severe")
GUESSES = (b"therapy", b"placebo", b"unsure")
BLANK = b"-"
STAGES = (b"Before therapy", b"Start therapy", b"After therapy", b"")
