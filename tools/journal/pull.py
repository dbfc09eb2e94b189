"""One pull of a journal, the files of one folder: each line in its place, none missing.

What is wrong with it is a `Finding`, and so is what is only to be said: `wrong` tells which.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from firmware.records.journal import SEGMENTS
from tools.journal.reader import Bad, Place, Reader, Record, Segment, could_begin


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a journal: `what` in a word, of which record and where, and `said`."""

    what: str
    said: str
    wrong: bool
    n: int = -1
    place: Place | None = None

    def __str__(self) -> str:
        """A line for people."""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.what}: {self.said}"


@dataclass(slots=True)
class File:
    """A segment, read."""

    segment: Segment
    lines: list[Record | Bad]

    @property
    def first(self) -> int:
        """The number of its first record; beyond all where there is none."""
        return next((line.n for line in self.lines if isinstance(line, Record)), 1 << 31)


@dataclass(slots=True)
class Pull:
    """A folder's files, in the order of their records, and what was found in them."""

    files: list[File]
    findings: list[Finding] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)  # each once, by number

    @property
    def whole(self) -> bool:
        """Whether all segments are there, so that what was before them was written over."""
        names = {file.segment.index for file in self.files if file.first < 1 << 31}
        return len(names) == SEGMENTS and -1 not in names


def read(segments: list[Segment], reader: Reader) -> Pull:
    """Read a folder's files and look for what is wrong with their lines."""
    files = [File(segment, list(reader.lines(segment))) for segment in segments]
    pull = Pull(sorted(files, key=lambda file: file.first))
    pull.findings += order_of_files(pull.files)
    seen: dict[str, Place] = {}
    for file in pull.files:
        pull.findings += lines_of(file, seen, pull.records)
    pull.records.sort(key=lambda record: record.n)
    pull.findings += gaps(pull)
    return pull


def order_of_files(files: list[File]) -> Iterator[Finding]:
    """Segments are begun in the order of their names, and after the last the first again."""
    named = [file for file in files if file.first < 1 << 31 and file.segment.index >= 0]
    for before, after in pairwise(named):
        if after.segment.index != (before.segment.index + 1) % SEGMENTS:
            said = f"goes on with record {after.first}, and should be the file after "
            place = Place(after.segment.pull, after.segment.path, 1)
            yield Finding("reordered", said + before.segment.path, True, after.first, place)


def lines_of(file: File, seen: dict[str, Place], records: list[Record]) -> Iterator[Finding]:
    """What is wrong with the lines of a file; `records` takes those that are not there yet."""
    highest = -1
    for at, line in enumerate(file.lines):
        place = Place(file.segment.pull, file.segment.path, at + 1)
        if isinstance(line, Bad):
            yield from bad_line(file.lines, at)
            continue
        if line.seal in seen:
            said = f"record {line.n} stands at {seen[line.seal]} already"
            yield Finding("inserted", said, True, line.n, place)
            continue
        seen[line.seal] = place
        records.append(line)
        if line.n < highest:
            said = f"record {line.n} stands after record {highest}"
            yield Finding("reordered", said, True, line.n, place)
        begins = line.kind == "segment" or line.n == 0
        if begins and highest >= 0:
            said = f"record {line.n} begins a file, and stands in the middle of one"
            yield Finding("reordered", said, True, line.n, place)
        elif not begins and at == 0:
            said = f"record {line.n} cannot be the first of a file"
            yield Finding("reordered", said, True, line.n, place)
        highest = max(highest, line.n)


def bad_line(lines: list[Record | Bad], at: int) -> Iterator[Finding]:
    """A line that is no record: what a torn write left, or what somebody did."""
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


def gaps(pull: Pull) -> Iterator[Finding]:
    """Records that are missing, and such as do not go on with the one before."""
    claimed = {line.n for file in pull.files for line in file.lines if isinstance(line, Bad)}
    for before, after in pairwise(pull.records):
        place = after.places[-1]
        if after.n == before.n:
            said = f"record {after.n} is there in two versions; the other is at "
            yield Finding("inserted", said + str(before.places[-1]), True, after.n, place)
        elif after.n == before.n + 1 and after.prev != before.seal:
            said = f"record {after.n} does not go on with record {before.n}"
            yield Finding("altered", said, True, after.n, place)
        else:
            yield from missing(before.n + 1, after.n - 1, claimed, place)


def missing(first: int, last: int, claimed: set[int], place: Place) -> Iterator[Finding]:
    """Records from `first` to `last` are not there, but for those that stand there altered."""
    lost = [n for n in claimed if first <= n <= last]
    if last - first + 1 > len(set(lost)):
        named = f"record {first} is" if first == last else f"records {first} to {last} are"
        yield Finding("dropped", f"{named} missing before this line", True, first, place)
