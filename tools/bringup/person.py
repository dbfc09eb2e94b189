"""Person at the bench: is told what to do, and asked what was seen, heard or felt.

Called by the checks of `waistband bringup`. `tools.bringup.terminal` is a real one, and
so is `tools.bringup.in_page`; the simulated unit has its own (`tools.bringup.simulated`).

| act                       | what the person does                                         |
|---------------------------|--------------------------------------------------------------|
| START, UP, DOWN           | presses and lets go                                          |
| buckle, buckle_off        | closes the buckle, opens it                                  |
| charger, charger_off      | plugs the charger in, takes it out                           |
| off, hand_A, hand_B       | takes the hands off the pads, lays one on a pad              |
| cover                     | lays both pads down so that no light reaches an eye          |
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Person(Protocol):
        """Somebody at the bench."""

        def do(self, act: str) -> None:
            """Ask for an act; return once it is done, or at once where the unit will see it."""

        def saw(self, what: str) -> bool:
            """Ask whether something was seen, heard or felt."""


DO = {
    "START": "Press START and let go.",
    "UP": "Press UP and let go.",
    "DOWN": "Press DOWN and let go.",
    "buckle": "Close the buckle.",
    "buckle_off": "Open the buckle.",
    "charger": "Plug the charger in.",
    "charger_off": "Take the charger out.",
    "off": "Take your hands off both pads, and move away a little.",
    "hand_A": "Lay one hand flat on the window of pad A, the other on the back of its LED board.",
    "hand_B": "Lay one hand flat on the window of pad B, the other on the back of its LED board.",
    "cover": "Now emitters are lit, 20 ms each. Lay both pads face down on something dark. Do not"
    " look into them: this light is not visible.",
}
# Acts after which the person says when it is done; the others are seen by the unit.
CONFIRMED = ("off", "hand_A", "hand_B", "cover")
ASK = {
    "light": "Was the status light on for a second?",
    "buzzer": "Did the buzzer sound for a second?",
    "motor": "Did the motor vibrate for a second?",
    "screen": "Does the screen show eight rows, numbered 1 to 8?",
}
