"""Person at the terminal of `waistband bringup`. Called by its checks; prints, and reads lines."""

from tools.bringup.person import ASK, CONFIRMED, DO
from tools.common.files import emit


class AtTerminal:
    """A person at the terminal that this command runs in."""

    def do(self, act: str) -> None:
        """Print what to do; wait for Enter where the unit cannot see it done."""
        if act in CONFIRMED:
            input(f"  {DO[act]} Then press Enter. ")
        else:
            emit(f"  {DO[act]}")

    def saw(self, what: str) -> bool:
        """Ask until the answer is yes or no."""
        while True:
            said = input(f"  {ASK[what]} (y or n) ").strip().lower()
            if said in ("y", "yes", "n", "no"):
                return said.startswith("y")
