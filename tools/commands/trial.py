"""`waistband trial`: a blinded trial, from allocation to report."""

from typing import Annotated, Literal

from typer import Argument, Option

from tools.commands.options import (
    DeviceName,
    SimulatedFolder,
    command_group,
    name_unit,
    output_option,
)
from tools.common.files import emit

app = command_group("Run a blinded trial, from its allocation to its report.")
Severity = Literal["mild", "moderate", "severe"]
Related = Literal["not related", "possible", "probable", "causal"]
Folder = Annotated[str, Argument(metavar="TRIAL", help="The trial's folder.")]
Who = Annotated[str, Option(metavar="P-07", help="By the trial's number.")]
Reason = Annotated[str, Option(metavar="TEXT", help="One line, for the log.")]
IdentityFile = Annotated[str, Option(metavar="FILE", help="Their age identity.")]

ReceiptsFile = Annotated[
    str | None, Option(metavar="FILE.csv", help="Receipts noted at visits, codes of the log.")
]


@app.command()
def identity(
    output: Annotated[str, output_option("FILE", "Where it is to be kept.")],
) -> int:
    """Make an age identity, for the statistician or the officer, and say its recipient.

    As `age-keygen` does. Whoever has the file can open what is encrypted to the recipient.
    """
    from tools.trial import age

    public = age.write_identity(output)
    emit(f"Wrote an identity to {output}; keep a copy. Its recipient, to be given away:\n{public}")
    return 0


@app.command()
def new(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Annotated[str, Argument(metavar="TRIAL", help="A new folder.")],
    plan: Annotated[
        str | None, Option(metavar="PLAN.toml", help="All that the options name.")
    ] = None,
    name: Annotated[str | None, Option(help="Of the trial.")] = None,
    key: Annotated[
        list[str] | None, Option(metavar="KEYFILE", help="A unit's; repeat for each unit.")
    ] = None,
    statistician: Annotated[str | None, Option(metavar="age1...", help="Who may unseal.")] = None,
    officer: Annotated[
        str | None, Option(metavar="age1...", help="Who may break one code.")
    ] = None,
    monitor: Annotated[
        str | None, Option(metavar="age1...", help="Who verifies journals; else the statistician.")
    ] = None,
    spare: Annotated[
        list[str] | None, Option(metavar="KEYFILE", help="A spare unit's; repeat for each.")
    ] = None,
    board: Annotated[
        str | None, Option(metavar="NAME", help="Of every unit; else RPI_PICO.")
    ] = None,
    prescription: Annotated[
        str | None, Option(metavar="FILE", help="For every unit; else the default one.")
    ] = None,
    block: Annotated[
        list[int] | None, Option(metavar="N", help="A size of blocks; two at least. Else 4, 6.")
    ] = None,
    ratio: Annotated[str | None, Option(metavar="1:1", help="Therapy to placebo.")] = None,
    seed: Annotated[
        int | None, Option(metavar="N", help="Synthetic trials only: never with people.")
    ] = None,
) -> int:
    """Make a trial: allot the arms once, in permuted blocks, and conceal them.

    Writes a ticket and a signed prescription for each unit, the allocation encrypted to the
    statistician, an envelope a participant to the officer, the journal keys encrypted to the
    monitor, and the log. From then on, keep the key files away from the clinic: a key file and a
    ticket together open an arm, and a key file makes journals.
    """
    from tools.trial import new as trial_new
    from tools.trial import plan as trial_plan

    options = {
        "monitor": monitor, "spares": spare,
        "name": name, "keys": key, "statistician": statistician, "officer": officer,
        "board": board, "prescription": prescription, "block_sizes": block, "ratio": ratio,
    }  # fmt: skip
    return trial_new.create_trial(folder, trial_plan.read_plan(plan, options), seed)


@app.command()
def enrol(
    folder: Folder,
    participant: Who,
    unit: Annotated[str, Option(metavar="SERIAL", help="Of the belt that they get.")],
    ticket: Annotated[
        str | None,
        Option(metavar="FILE", help="The unit's trial.json; else the one made for them."),
    ] = None,
) -> int:
    """Write into the log who gets which unit, with its ticket checked to be theirs.

    In sequence: the next number, or the next of the participant's stratum.
    """
    from tools.trial.people import enrol as run

    return run(folder, participant, unit, ticket)


@app.command("undo-enrolment")
def undo_enrolment(folder: Folder, participant: Who, reason: Reason) -> int:
    """Write into the log that a participant was enrolled in error; the number is not given again.

    Only before the first session: after it, `withdraw`.
    """
    from tools.trial.people import undo_enrolment as run

    return run(folder, participant, reason)


@app.command()
def replace(
    folder: Folder,
    participant: Who,
    unit: Annotated[str, Option(metavar="SERIAL", help="Of the spare unit.")],
    reason: Reason,
) -> int:
    """Write into the log that a spare unit replaces a broken one; no arm is opened.

    The spare has a ticket for each participant since the trial was made.
    """
    from tools.trial.people import replace_unit as run

    return run(folder, participant, unit, reason)


@app.command()
def push(
    folder: Folder,
    participant: Who,
    device: DeviceName = None,
    simulated: SimulatedFolder = None,
    replace: Annotated[
        bool, Option("--replace", help="Remove the visits of somebody else from the unit.")
    ] = False,
) -> int:
    """Put a participant's ticket and prescription onto their unit, which has its keys already.

    What the unit itself would refuse is not brought.
    """
    from tools.trial.push import push as run

    return run(folder, participant, name_unit(device, simulated), replace)


@app.command()
def withdraw(folder: Folder, participant: Who, reason: Reason) -> int:
    """Write into the log that a participant goes no further; what they gave stays."""
    from tools.trial.people import withdraw as run

    return run(folder, participant, reason)


@app.command("adverse-event")
def adverse_event(
    folder: Folder,
    participant: Who,
    text: Annotated[str, Option(metavar="TEXT", help="What happened, in one line.")],
    severity: Annotated[Severity, Option(help="How bad it was.")],
    date: Annotated[str, Option(metavar="YYYY-MM-DD", help="When it began.")],
    serious: Annotated[
        bool, Option("--serious", help="Death, danger to life, hospital, lasting harm.")
    ] = False,
    related: Annotated[Related, Option(help="To the unit, as judged blinded.")] = "possible",
) -> int:
    """Write an adverse event into the log; what is marked at the belt is collected by itself."""
    from tools.trial.events import adverse_event as run

    return run(folder, participant, text, severity, date, serious, related)


@app.command()
def deficiency(
    folder: Folder,
    participant: Who,
    text: Annotated[str, Option(metavar="TEXT", help="What the unit did, in one line.")],
    date: Annotated[str, Option(metavar="YYYY-MM-DD", help="When it was seen.")],
    could_harm: Annotated[
        bool, Option("--could-harm", help="It could have led to a serious event.")
    ] = False,
) -> int:
    """Write a device deficiency into the log: a unit that broke, wore out, or misled."""
    from tools.trial.events import deficiency as run

    return run(folder, participant, text, date, could_harm)


@app.command("break-code")
def break_code(folder: Folder, participant: Who, reason: Reason, identity: IdentityFile) -> int:
    """Open one participant's arm, with the officer's identity. The log has it before it is said."""
    from tools.trial.people import break_code as run

    return run(folder, participant, reason, identity)


@app.command()
def collect(
    folder: Folder,
    journals: Annotated[
        list[str] | None,
        Argument(metavar="FOLDERS...", help="Pulled journals, and folders of such."),
    ] = None,
    identity: Annotated[
        str | None, Option(metavar="FILE", help="The monitor's age identity: verifies every tag.")
    ] = None,
    receipts: ReceiptsFile = None,
) -> int:
    """Read journals into the trial's SQLite file; what fails is kept apart, with its reason.
    Reading the same again changes nothing.

    With the monitor's (or the statistician's) identity every record is verified; without it the
    form alone is checked. Without folders, what was collected before is checked again.

    A folder named for a participant (P-07) or a unit must hold that one's journal.

    Exits 1 if anything is kept apart, or contradicts a noted code.
    """
    from tools.trial.collect import collect as run

    return run(folder, journals or [], identity, receipts)


@app.command()
def report(
    folder: Folder,
    output: Annotated[str | None, output_option("FILE.html", "One HTML file.")] = None,
) -> int:
    """Tell how the trial stands, without arms: flow, adherence, ratings, adverse effects, and
    what was left out."""
    from tools.trial.report import report as run

    return run(folder, output)


@app.command()
def unseal(
    folder: Folder,
    identity: IdentityFile,
    output: Annotated[str, output_option("FOLDER", "A new one.")],
    receipts: ReceiptsFile = None,
) -> int:
    """Open the arms, with the statistician's identity, and write the results: report.html,
    data.csv with REDCap's dictionary.csv, and sources.csv, which traces every number to records.

    Every record is verified again first. The log has it before anything is told.
    """
    from tools.trial.unseal import unseal as run

    return run(folder, identity, output, receipts)
