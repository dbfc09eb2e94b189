"""One pull of a journal (the files of one folder): checks the order and completeness of lines.

Called by `chain.verify`; reads no file. Each result is a `Finding`: an alteration where `wrong`
is set, else information.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from firmware.records.journal import SEGMENTS
from tools.journal.reader import Bad, Place, Reader, Record, Segment, could_begin


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact about a journal: `what` in a word, `text` in words, record `n` and its place."""

    what: str
    text: str
    wrong: bool
    n: int = -1
    place: Place | None = None

    def __str__(self) -> str:
        """Place, word and text in a line."""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.what}: {self.text}"


@dataclass(slots=True)
class File:
    """A segment and its lines."""

    segment: Segment
    lines: list[Record | Bad]

    @property
    def first(self) -> int:
        """The number of its first record; 2^31 where there is none."""
        return next((line.n for line in self.lines if isinstance(line, Record)), 1 << 31)


@dataclass(slots=True)
class Pull:
    """A folder's files, in the order of their records, and their findings."""

    files: list[File]
    findings: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)  # each once, by number

    @property
    def whole(self) -> bool:
        """Whether all segments are there: earlier records were then written over."""
        names = {file.segment.index for file in self.files if file.first < 1 << 31}
        return len(names) == SEGMENTS and -1 not in names


def read_pull(segments: list[Segment], reader: Reader) -> Pull:
    """Read a folder's files and check their lines."""
    files = [File(segment, list(reader.lines(segment))) for segment in segments]
    pull = Pull(sorted(files, key=lambda file: file.first))
    pull.findings += check_file_order(pull.files)
    seen: dict[str, Place] = {}
    for file in pull.files:
        pull.findings += check_lines(file, seen, pull.records)
    pull.records.sort(key=lambda record: record.n)
    pull.findings += find_gaps(pull)
    return pull


def check_file_order(files: list[File]) -> Iterator[Finding]:
    """Findings where files do not follow each other by name; after the last comes the first."""
    named = [file for file in files if file.first < 1 << 31 and file.segment.index >= 0]
    for before, after in pairwise(named):
        if after.segment.index != (before.segment.index + 1) % SEGMENTS:
            text = f"goes on with record {after.first}, and should be the file after "
            place = Place(after.segment.pull, after.segment.path, 1)
            yield Finding("reordered", text + before.segment.path, True, after.first, place)


def check_lines(file: File, seen: dict[str, Place], records: list[Record]) -> Iterator[Finding]:
    """Findings about the lines of a file; adds its new records to `records`."""
    highest = -1
    for at, line in enumerate(file.lines):
        place = Place(file.segment.pull, file.segment.path, at + 1)
        if isinstance(line, Bad):
            yield from classify_bad_line(file.lines, at)
            continue
        if line.seal in seen:
            text = f"record {line.n} stands at {seen[line.seal]} already"
            yield Finding("inserted", text, True, line.n, place)
            continue
        seen[line.seal] = place
        records.append(line)
        if line.n < highest:
            text = f"record {line.n} stands after record {highest}"
            yield Finding("reordered", text, True, line.n, place)
        begins = line.kind == "segment" or line.n == 0
        if begins and highest >= 0:
            text = f"record {line.n} begins a file, and stands in the middle of one"
            yield Finding("reordered", text, True, line.n, place)
        elif not begins and at == 0:
            text = f"record {line.n} cannot be the first of a file"
            yield Finding("reordered", text, True, line.n, place)
        highest = max(highest, line.n)


def classify_bad_line(lines: list[Record | Bad], at: int) -> Iterator[Finding]:
    """The finding for a line that is no record: a torn write, or an alteration."""
    line = lines[at]
    assert isinstance(line, Bad)
    before = next((r.n for r in reversed(lines[:at]) if isinstance(r, Record)), None)
    after = next((r.n for r in lines[at + 1 :] if isinstance(r, Record)), None)
    due = before + 1 if before is not None else after or 0
    last = lines[-1]
    goes_on = after == due if after is not None else isinstance(last, Bad) and not last.whole
    if line.content and could_begin(line.content, due) and goes_on:
        yield Finding("torn", f"{len(line.content)} bytes of record {due}", False, due, line.place)
        return
    named = f"record {line.n}" if line.n >= 0 else "a line"
    cut_short = line.n >= 0 and b'"}' not in line.content
    what = "truncated" if cut_short else "altered" if line.n >= 0 else "inserted"
    yield Finding(what, f"{named} {line.why}", True, line.n, line.place)


def find_gaps(pull: Pull) -> Iterator[Finding]:
    """Findings where records are missing or do not follow the record before."""
    claimed = {line.n for file in pull.files for line in file.lines if isinstance(line, Bad)}
    for before, after in pairwise(pull.records):
        place = after.places[-1]
        if after.n == before.n:
            text = f"record {after.n} is there in two versions; the other is at "
            yield Finding("inserted", text + str(before.places[-1]), True, after.n, place)
        elif after.n == before.n + 1 and after.prev != before.seal:
            text = f"record {after.n} does not go on with record {before.n}"
            yield Finding("altered", text, True, after.n, place)
        else:
            yield from missing_records(before.n + 1, after.n - 1, claimed, place)


def missing_records(first: int, last: int, claimed: set[int], place: Place) -> Iterator[Finding]:
    """The finding that records `first` to `last` are missing, unless all stand there altered."""
    lost = [n for n in claimed if first <= n <= last]
    if last - first + 1 > len(set(lost)):
        named = f"record {first} is" if first == last else f"records {first} to {last} are"
        yield Finding("dropped", f"{named} missing before this line", True, first, place)
