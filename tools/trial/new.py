"""New trial: draws the allocation once and writes every file that follows from it.

Called by `waistband trial new`. Writes one folder, whole or not at all. No arm is in
clear anywhere but in memory.
"""

import hashlib
import json
import os
import random

from firmware.core.validate import Refused
from firmware.records import mac, signed_prescription
from firmware.records.keys import Keys
from firmware.trial import enrolment
from sim.common import validate
from sim.common.errors import BadInput
from sim.scenario.enrolment import make_enrolment as ticket_made
from tools.common.files import emit, new_folder
from tools.prescription import file
from tools.prescription.keyfile import Key
from tools.trial import age, allocation, log
from tools.trial import folder as trial_folder
from tools.trial.allocation import PLACEBO, Assignment
from tools.trial.folder import PRESCRIPTION
from tools.trial.plan import Plan

SEED_MAX = 2**63 - 1


def create_trial(folder: str, plan: Plan, seed: int | None) -> int:
    """Make the trial's folder. Raises BadInput, and then leaves nothing."""
    if seed is not None:
        validate.integer(seed, "--seed", 0, SEED_MAX)
    if os.path.lexists(folder):
        raise BadInput(f"{folder}: is there already: a trial is never written over")
    source = allocation.random_source(seed)
    keys = {str(key.unit): key for key in plan.keys}
    counts = list(plan.strata.values()) or [len(keys)]
    arms, blocks = allocation.draw_strata(counts, plan.sizes, plan.ratio, source)
    rows = allocation.assign_units(list(keys), arms, source)
    files = build_files(plan, rows, keys, blocks, seed is not None)
    files |= build_spares(plan, rows, source)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    fields = {"name": plan.name, "synthetic": seed is not None, "files": hashes}
    entry = log.render_entry(0, log.format_now(), "new", fields, log.FIRST)
    files[log.FILE] = entry + b"\n"
    with new_folder(folder) as part:
        for name, content in files.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            (part / name).write_bytes(content)
    if seed is not None:
        emit("SYNTHETIC: the allocation comes from --seed; never for a trial with people")
    verifier = "statistician" if plan.monitor in ("", plan.statistician) else "monitor"
    emit(
        f"Made the trial {plan.name} in {folder}: {len(rows)} units, tickets and prescriptions for "
        "each, the allocation for the statistician, envelopes for the officer, the journal keys "
        f"for the {verifier}. Log code {mac.receipt_code(json.loads(entry)['hash'])}"
    )
    return 0


def build_files(
    plan: Plan, rows: list[Assignment], keys: dict[str, Key], blocks: list[list[int]],
    synthetic: bool,
) -> dict[str, bytes]:  # fmt: skip
    """Every file but the log and those of spare units, by its name in the folder."""
    monitor = plan.monitor or plan.statistician
    every_key = {str(key.unit): key.journal.hex() for key in (*plan.keys, *plan.spares)}
    table: dict[str, object] = {
        "name": plan.name, "synthetic": synthetic, "statistician": plan.statistician,
        "officer": plan.officer, "monitor": monitor,
        "ratio": f"{plan.ratio[0]}:{plan.ratio[1]}", "spares": [str(k.unit) for k in plan.spares],
        "protocol": plan.protocol, "prescription": plan.prescription,
        "participants": {r.participant: r.unit for r in rows},
        "strata": strata_of_people(plan, rows),
    }  # fmt: skip
    arms = [{"participant": r.participant, "unit": r.unit, "arm": r.arm} for r in rows]
    whole = {
        "trial": plan.name, "block_sizes": list(plan.sizes), "blocks": blocks,
        "rows": [{**arm, "key": row.key.hex()} for arm, row in zip(arms, rows, strict=True)],
    }  # fmt: skip
    files = {
        trial_folder.TOML: trial_folder.render_toml(table),
        trial_folder.ALLOCATION: age.encrypt(canonical_json(whole), plan.statistician),
        trial_folder.VERIFY: age.encrypt(canonical_json(every_key), monitor, plan.statistician),
    }
    for row, arm in zip(rows, arms, strict=True):
        who, key = row.participant, keys[row.unit]
        envelope = age.encrypt(canonical_json({"trial": plan.name, **arm}), plan.officer)
        prescription = file.sign(plan.prescription, key, row.unit, 1, None)
        files[f"{trial_folder.ENVELOPES}/{who}.age"] = envelope
        files[f"{trial_folder.TICKETS}/{who}.json"] = build_ticket(plan, row, key)
        files[f"{trial_folder.PRESCRIPTIONS}/{who}.json"] = prescription
    return files


def strata_of_people(plan: Plan, rows: list[Assignment]) -> dict[str, str]:
    """The stratum of each participant; empty where the plan has no strata."""
    names = [name for name, count in plan.strata.items() for _ in range(count)]
    return {row.participant: name for row, name in zip(rows, names, strict=False)}


def build_spares(
    plan: Plan, rows: list[Assignment], source: random.Random
) -> dict[str, bytes]:  # fmt: skip
    """The files of the spare units: a prescription, and a ticket for each participant. A broken
    unit is then replaced with no key and no arm at hand."""
    files = {}
    for key in plan.spares:
        unit = str(key.unit)
        folder = f"{trial_folder.SPARES}/{unit}"
        files[f"{folder}/{PRESCRIPTION}"] = file.sign(plan.prescription, key, unit, 1, None)
        for row in rows:
            salt = source.randbytes(enrolment.SALT_HEX // 2).hex()
            ticket = build_ticket(plan, row._replace(unit=unit, salt=salt), key)
            files[f"{folder}/{row.participant}.json"] = ticket
    return files


def build_ticket(plan: Plan, row: Assignment, key: Key) -> bytes:
    """The unit's trial.json, checked with the firmware's own code. Raises BadInput."""
    ticket_key = mac.derive_key(key.prescription, enrolment.PURPOSE)
    fields: dict[str, object] = {
        "participant": row.participant, "protocol": plan.protocol, "salt": row.salt,
        "trial": plan.name, "unit": row.unit,
    }  # fmt: skip
    inner = canonical_json(ticket_made(fields, row.arm == PLACEBO, row.key, ticket_key))
    content = signed_prescription.sign(inner, ticket_key)
    keys = Keys(None)
    keys.prescription = key.prescription
    try:
        opened = enrolment.verify(content, keys, row.unit)
    except Refused as why:
        raise BadInput(f"the ticket of {row.participant}: {why}") from None
    assert (opened.masked, opened.key) == (row.arm == PLACEBO, row.key)
    return content


def canonical_json(table: object) -> bytes:
    """JSON whose bytes depend on the values alone."""
    return json.dumps(table, sort_keys=True, separators=(",", ":")).encode()
