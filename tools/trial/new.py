"""`waistband trial new`: the allocation, made once, and everything that follows from it.

The folder is written whole beside its place and then renamed; no arm is in clear anywhere but
in memory.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from firmware.records import mac, signed_prescription
from firmware.records.keys import Keys
from firmware.therapy.prescription import Refused
from firmware.trial import enrolment
from sim.common import validate
from sim.common.errors import BadInput
from sim.scenario.enrolment import made as ticket_made
from tools.common.files import emit
from tools.prescription import file, keyfile
from tools.prescription.keyfile import Key
from tools.trial import age, allocation, log
from tools.trial import folder as trial_folder
from tools.trial.allocation import PLACEBO, Assignment
from tools.trial.plan import Plan

SEED_MAX = 2**63 - 1


def create_trial(folder: str, plan: Plan, seed: int | None) -> int:
    """Make the trial's folder. Raises BadInput, and then leaves nothing."""
    if seed is not None:
        validate.integer(seed, "--seed", 0, SEED_MAX)
    target = Path(os.path.realpath(folder))
    if os.path.lexists(folder):
        raise BadInput(f"{folder}: is there already: a trial is never written over")
    source = allocation.random_source(seed)
    keys = {str(key.unit): key for key in plan.keys}
    arms, blocks = allocation.draw_arms(len(keys), plan.sizes, plan.ratio, source)
    rows = allocation.assign_units(list(keys), arms, source)
    files = build_files(plan, rows, keys, blocks, seed is not None)
    private = {trial_folder.VERIFY: verifying(keys)}
    said = {"name": plan.name, "synthetic": seed is not None, "files": digests(files)}
    entry = log.render_entry(0, log.format_now(), "new", said, log.FIRST)
    files[log.FILE] = entry + b"\n"
    write_folder(target, folder, files, private)
    code = mac.receipt(json.loads(entry)["hash"])
    if seed is not None:
        emit("SYNTHETIC: the allocation comes from --seed; never for a trial with people")
    emit(
        f"Made the trial {plan.name} in {folder}: {len(rows)} units, tickets and prescriptions for "
        f"each, the allocation for the statistician, envelopes for the officer. Log code {code}"
    )
    return 0


def build_files(
    plan: Plan, rows: list[Assignment], keys: dict[str, Key], blocks: list[int], synthetic: bool
) -> dict[str, bytes]:
    """Every file but the log and the private one, by its name in the folder."""
    table: dict[str, object] = {
        "name": plan.name, "synthetic": synthetic, "statistician": plan.statistician,
        "officer": plan.officer, "block_sizes": list(plan.sizes),
        "ratio": f"{plan.ratio[0]}:{plan.ratio[1]}", "protocol": plan.protocol,
        "prescription": plan.prescription, "participants": {r.participant: r.unit for r in rows},
    }  # fmt: skip
    files = {trial_folder.TOML: trial_folder.render_toml(table)}
    whole = {
        "trial": plan.name, "blocks": blocks,
        "rows": [
            {"participant": r.participant, "unit": r.unit, "arm": r.arm, "key": r.key.hex()}
            for r in rows
        ],
    }  # fmt: skip
    files[trial_folder.ALLOCATION] = age.encrypt(canonical_json(whole), plan.statistician)
    for row in rows:
        key = keys[row.unit]
        envelope = {"trial": plan.name, "participant": row.participant, "unit": row.unit,
                    "arm": row.arm}  # fmt: skip
        name = row.participant
        files[f"{trial_folder.ENVELOPES}/{name}.age"] = age.encrypt(
            canonical_json(envelope), plan.officer
        )
        files[f"{trial_folder.TICKETS}/{name}.json"] = build_ticket(plan, row, key)
        files[f"{trial_folder.PRESCRIPTIONS}/{name}.json"] = file.sign(
            plan.prescription, key, row.unit, 1, None
        )
    return files


def build_ticket(plan: Plan, row: Assignment, key: Key) -> bytes:
    """The unit's trial.json, as the unit itself takes it. Raises BadInput."""
    sealing = mac.derived(key.prescription, enrolment.PURPOSE)
    said: dict[str, object] = {
        "participant": row.participant, "protocol": plan.protocol, "salt": row.salt,
        "trial": plan.name, "unit": row.unit,
    }  # fmt: skip
    inner = canonical_json(ticket_made(said, row.arm == PLACEBO, row.key, sealing))
    content = signed_prescription.sealed(inner, sealing)
    keys = Keys(None)
    keys.prescription = key.prescription
    try:
        taken = enrolment.opened(content, keys, row.unit)
    except Refused as why:
        raise BadInput(f"the ticket of {row.participant}: {why}") from None
    assert (taken.masked, taken.key) == (row.arm == PLACEBO, row.key)
    return content


def canonical_json(table: object) -> bytes:
    """JSON that is the same wherever it is written."""
    return json.dumps(table, sort_keys=True, separators=(",", ":")).encode()


def verifying(keys: dict[str, Key]) -> bytes:
    """What proves the units' journals and no more: from a journal's key, no other key comes."""
    return canonical_json({unit: key.journal.hex() for unit, key in keys.items()}) + b"\n"


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def write_folder(
    target: Path, named: str, files: dict[str, bytes], private: dict[str, bytes]
) -> None:
    """Write a folder whole or not at all. Raises BadInput."""
    part = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        part.mkdir()
        for name, content in files.items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_bytes(content)
        for name, content in private.items():
            keyfile.write_private(str(part / name), content)
        os.rename(part, target)
    except (OSError, ValueError) as why:
        raise BadInput(f"{named}: cannot be made: {keyfile.reason(why)}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
