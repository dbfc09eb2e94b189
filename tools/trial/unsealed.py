"""Content of the unsealed report, to which each part of the report adds its blocks.

Filled by `tools.trial.results`; read by the report's parts and by the export.
"""

from dataclasses import dataclass, field

from tools.trial.data import Data
from tools.trial.given import Arm, LatchedFault, SessionDose
from tools.trial.page import Block
from tools.trial.sources import Sources
from tools.trial.stats import Difference


@dataclass
class Results:
    """The content of the unsealed report."""

    data: Data
    arms: dict[str, Arm]
    given: list[SessionDose]
    wrong: list[str]
    faults: list[LatchedFault]
    sources: Sources
    primary: Difference | str = ""
    blocks: list[Block] = field(default_factory=list)

    def people_of_arm(self, arm: str) -> list[str]:
        """Participants of an arm with a usable journal."""
        return [who for who in self.data.people if self.arms[who].arm == arm]
