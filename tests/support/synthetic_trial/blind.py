"""Blinding check: a classifier tries to tell the arms from all that a blinded person can see.

Called by `run` with simulated units. Observed at a visit: each line of telemetry, each row of the
screen, each cue of light, sound and vibration, and its time; afterwards the open fields and sizes
of the pulled journal. Warmth and the emitters' glow are left out: docs/trialist/trial.md.
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from firmware.records import json_codec
from tools.trial.stats import GET

if TYPE_CHECKING:
    from sim.run import Run

PERMUTATIONS = 999
ALPHA = 0.01  # unblinded below this p
RIDGE = 1.0
SECRET = ("seal", "prev", "sealed")  # looks random: only its length is a feature


# A receipt's letters are those of a seal, which is over a nonce: noise.
RECEIPT = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}")


@dataclass
class Observations:
    """What a blinded person saw so far: sums and highest values, by name."""

    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    highest: dict[str, float] = field(default_factory=dict)
    visits: int = 0

    def observe(self, run: "Run") -> None:
        """Record the screen, cues and telemetry of a unit from now on."""
        hal: Any = run.hal
        show, signal = hal.show, hal.signal

        def shown(row: int, cells: bytearray) -> None:
            text = bytes(cells).decode("ascii", "replace")
            self.sums[f"screen rows, {row}"] += 1
            self.sums["screen time, s"] += run.t_s
            for letter in RECEIPT.sub("receipt", text):
                self.sums[f"screen letter {letter!r}"] += 1
            show(row, cells)

        def signalled(cue: int) -> None:
            self.sums[f"cue {cue}"] += 1
            self.sums[f"cue {cue} time, s"] += run.t_s
            signal(cue)

        hal.show, hal.signal, hal.on_line = shown, signalled, self.add_line

    def add_line(self, line: bytes) -> None:
        """Record a line of telemetry."""
        self.sums["telemetry lines"] += 1
        self.sums["telemetry bytes"] += len(line)  # a receipt's are as many in both arms
        for name, value in json.loads(line).items():
            self.add(f"telemetry {name}", bool(value) if name == "receipt" else value)

    def add(self, name: str, value: object) -> None:
        """Record a value, or each value of a list, under its name."""
        if isinstance(value, list):
            for at, one in enumerate(value):
                self.add(f"{name} {at}", one)
        elif isinstance(value, str):
            self.sums[f"{name} is {value}"] += 1
        elif isinstance(value, (int, float)):
            self.sums[name] += value
            self.highest[name] = max(self.highest.get(name, value), value)

    def end_visit(self, run: "Run") -> None:
        """Record the length of a visit."""
        self.visits += 1
        self.sums["visit, s"] += run.t_s
        self.sums["visit, ticks"] += run.ticks


def extract_features(seen: Observations, journal: dict[str, bytes]) -> dict[str, float]:
    """Features of one participant, averaged over visits, with the journal's. The names of unit and
    participant are no features."""
    whole = Observations(defaultdict(float, seen.sums), dict(seen.highest))
    for name, content in journal.items():
        whole.sums[f"size of {name}"] += len(content)
        for line in content.splitlines():
            row = json_codec.parse(line)
            kind = row.pop("kind", "")
            whole.sums[f"{kind} records"] += 1
            whole.sums[f"{kind} bytes"] += len(line)
            for key, value in row.items():
                if key in SECRET:
                    whole.sums[f"{kind} {key}, digits"] += len(str(value))
                elif key not in ("serial", "participant", "trial"):
                    whole.add(f"{kind} {key}", value)
    each = {name: value / max(seen.visits, 1) for name, value in whole.sums.items()}
    return each | {f"{name}, highest": value for name, value in whole.highest.items()}


@dataclass(frozen=True)
class Verdict:
    """How well the arms were told, with permutation p values."""

    people: int
    features: int
    accuracy: float  # leave-one-out
    accuracy_p: float
    best: str  # the single feature that tells the arms best
    best_auc: float
    best_p: float

    @property
    def unblinded(self) -> bool:
        """Whether the arms were told better than chance does."""
        return min(self.accuracy_p, self.best_p) < ALPHA

    def __str__(self) -> str:
        """The verdict in a line."""
        return (
            f"{self.features} things that a blinded person sees, of {self.people} people: the arm "
            f"was told for {100 * self.accuracy:.0f} % (chance does as well with p = "
            f"{self.accuracy_p:.3f}); the best single one, {self.best}: AUC {self.best_auc:.2f}, "
            f"p = {self.best_p:.3f}"
        )


def classify_arms(rows: Sequence[dict[str, float]], therapy: Sequence[bool], seed: int) -> Verdict:
    """Try to tell the arms with a ridge classifier (leave-one-out) and with each feature alone
    (rank AUC). Both p values come from permuted arms; the best feature is compared with the best
    feature of each permutation. Raises BadInput where NumPy or SciPy is missing."""
    try:
        import numpy as np
        from scipy.stats import rankdata
    except ImportError:
        from sim.common.errors import BadInput

        raise BadInput(f"the classifier needs PyPI's numpy: {GET}") from None
    names = sorted({name for row in rows for name in row})
    table = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    moving = np.ptp(table, axis=0) > 1e-9 * np.maximum(1.0, np.abs(table).max(axis=0))
    names = [name for name, moves in zip(names, moving, strict=True) if moves]
    table = table[:, moving]
    scaled = (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-12)
    ranks = rankdata(np.round(scaled, 9), axis=0)
    hat = ridge_hat_matrix(scaled)
    truth = np.asarray(therapy, bool)
    accuracy, auc = score_arms(hat, ranks, truth)
    source = np.random.default_rng(seed)
    better = [0, 0]
    for _ in range(PERMUTATIONS):
        chance, chances = score_arms(hat, ranks, source.permutation(truth))
        better[0] += chance >= accuracy - 1e-12
        better[1] += abs(chances - 0.5).max(initial=0) >= abs(auc - 0.5).max(initial=0) - 1e-12
    best = int(abs(auc - 0.5).argmax()) if names else 0
    return Verdict(
        len(truth), len(names), float(accuracy), (1 + better[0]) / (1 + PERMUTATIONS),
        names[best] if names else "nothing", float(auc[best]) if names else 0.5,
        (1 + better[1]) / (1 + PERMUTATIONS),
    )  # fmt: skip


def ridge_hat_matrix(scaled: Any) -> Any:
    """The hat matrix of ridge regression in its dual form: it turns centred arms into scores. The
    leave-one-out identity is e_i = (y_i - f_i)/(1 - H_ii)."""
    import numpy as np

    count, width = scaled.shape
    gram = scaled @ scaled.T / max(width, 1)
    return gram @ np.linalg.inv(gram + RIDGE * np.eye(count))


def score_arms(hat: Any, ranks: Any, truth: Any) -> tuple[float, Any]:
    """The classifier's balanced leave-one-out accuracy, and the AUC of each feature alone."""
    import numpy as np

    treated = int(truth.sum())
    others = len(truth) - treated
    # equal weight for each arm: guessing the larger arm must not help
    signs = np.where(truth, 1.0 / treated, -1.0 / others)
    fitted = hat @ signs
    own = np.diag(hat)
    score = (fitted - own * signs) / (1.0 - own)
    right = np.where(truth, score > 0, score < 0)
    accuracy = (right[truth].mean() + right[~truth].mean()) / 2
    auc = (ranks[truth].sum(axis=0) - treated * (treated + 1) / 2) / (treated * others)
    return float(accuracy), auc
