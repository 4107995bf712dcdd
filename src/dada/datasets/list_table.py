"""List the pictures of a table of (path, label): CSV, TSV or Parquet."""

from dataclasses import dataclass, field
from pathlib import Path

from dada.datasets.decode import Samples
from dada.datasets.find_files import Finder
from dada.datasets.listing import Listing, check_known
from dada.datasets.parts import TRAIN, kind_of, parts_of, roles_in_words, roles_of
from dada.datasets.table import Table, read_table
from dada.datasets.table_columns import Meaning, find_meaning, parts_named
from dada.datasets.table_rows import Rows, not_listed, read_rows
from dada.errors import UserError, listed, printable


def list_table(path: Path, tested: bool = False) -> Listing:
    """List the pictures of a table; none is opened.

    One column names the files, one the labels (or several of 0 and 1 do), and one may say which
    part of the data each picture belongs to (`dada.datasets.table_columns`). Without such a column,
    a table called ``train`` is of the training images, and those called ``val`` or ``test`` beside
    it are of the other parts.

    Args:
        path: the table.
        tested: whether only test images count: there need be no training images, nor of all
            classes. All rows of a table called like ``test`` are test images.

    Raises:
        UserError: as in `read_table`, `find_meaning` and `read_rows`; there are no training images
            or only one class, or a class of another part is not among the training classes.

    Examples:
        >>> from pathlib import Path
        >>> for name in ("1.jpg", "2.jpg", "3.jpg"):
        ...     Path(name).touch()
        >>> rows = ["path,label", "1.jpg,dog", "2.jpg,cat", "3.jpg,dog"]
        >>> Path("pets.csv").write_text("\\n".join(rows))
        40
        >>> listing = list_table(Path("pets.csv"))
        >>> listing.classes, listing.train
        (('cat', 'dog'), Samples(files=('1.jpg', '2.jpg', '3.jpg'), labels=(1, 0, 1)))
    """
    table = read_table(path)
    meaning = find_meaning(table)
    by = _by_tables if meaning.split is None else _by_split
    found = by(table, meaning, Finder(path.parent), tested)
    usable = {name: found.parts[name] for name, rows in found.rows.items() if len(rows)}
    roles = roles_of(usable)
    if "train" not in roles.values() and not (tested and "test" in roles.values()):
        if any(part in TRAIN for part in found.parts.values()):
            raise UserError(f"{path}: no training image has a label in {listed(meaning.labels)}")
        raise UserError(f"{path}: has parts {listed([*found.rows])}: train is needed")
    if tested:
        roles = {name: role for name, role in roles.items() if role != "validation"}
    parts = {role: found.rows[name] for name, role in roles.items()}
    names = _classes(path, parts, meaning.labels, tested)
    several = any(len(labels) != 1 for rows in parts.values() for labels in rows.files.values())
    notes = [_columns_in_words(meaning, several)]
    counts = {name: len(found.rows[name]) for name in usable}
    notes += roles_in_words(roles, usable, counts, found.mark) if len(usable) > 1 else []
    for name, rows in found.rows.items():
        said = [*rows.notes, *([] if len(rows) else ["not used: no picture has a label"])]
        notes += [f"{name}{found.mark}: {note}" for note in said] if len(found.rows) > 1 else said
    if left := not_listed(found.rows.values()):
        many = "1 picture" if left == 1 else f"{left:,} pictures"
        notes.append(f"{many} beside those of {path.name} left out: it does not name them")
    samples = {role: _samples(rows, names, several) for role, rows in parts.items()}
    return Listing(
        root=path.parent,
        train=samples["train"] if "train" in samples else samples["test"],
        test=samples.get("test"),
        classes=tuple(map(printable, names)),
        notes=(*notes, *found.notes),
        validation=samples.get("validation"),
        tested=tested,
    )


@dataclass
class _Found:
    """The rows of the parts by what they are called, and what part each is."""

    mark: str
    rows: dict[str, Rows] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _by_tables(table: Table, meaning: Meaning, finder: Finder, tested: bool) -> _Found:
    """The parts by the tables' names; or all rows to train on, if the name says nothing."""
    path = table.path
    found = _Found(mark=path.suffix)
    beside = {p.stem: p for p in sorted(path.parent.glob(f"*{path.suffix}")) if p.is_file()}
    parts = parts_of([path.stem, *beside])
    if parts[path.stem] not in TRAIN:
        part = parts[path.stem] if tested else None
        found.rows[path.stem], found.parts[path.stem] = (
            read_rows(table, meaning, finder, part and kind_of(part)),
            part or "train",
        )
        return found
    for name, part in parts.items():
        if part is None or (part in TRAIN and name != path.stem):
            continue
        other = table if name == path.stem else read_table(beside[name])
        needed = (meaning.picture, *meaning.labels)
        if missing := [column for column in needed if column not in other.columns]:
            found.notes.append(f"{name}{path.suffix} is not used: no column {listed(missing)}")
            continue
        found.rows[name] = read_rows(other, meaning, finder, kind_of(part))
        found.parts[name] = part
    return found


def _by_split(table: Table, meaning: Meaning, finder: Finder, _: bool) -> _Found:
    """The parts by a column that names them."""
    found = _Found(mark="")
    cells = parts_named(table, str(meaning.split))
    rows: dict[str, list[int]] = {}
    for row, cell in enumerate(cells):
        rows.setdefault(cell, []).append(row)
    for name, part in parts_of(rows).items():
        if part is None:
            many = "1 row is" if len(rows[name]) == 1 else f"{len(rows[name]):,} rows are"
            found.notes.append(f"{many} not used: column {meaning.split!r} has {listed([name])}")
            continue
        found.rows[name] = read_rows(table, meaning, finder, kind_of(part), rows[name])
        found.parts[name] = part
    return found


def _columns_in_words(meaning: Meaning, several: bool) -> str:
    """The note on what the columns are."""
    said = f"pictures are the column {listed([meaning.picture])}, labels {listed(meaning.labels)}"
    if several:
        said += " (several per picture)"
    elif len(meaning.labels) > 1:
        said += " (one-hot: read as one class per picture)"
    said += f", parts {listed([meaning.split])}" if meaning.split else ""
    return said + (f"; not used: {listed(meaning.others)}" if meaning.others else "")


def _classes(
    path: Path, parts: dict[str, Rows], columns: tuple[str, ...], tested: bool
) -> tuple[str, ...]:
    """The names of the classes: those of the columns, or the values in order."""
    found = {
        part: {name for labels in rows.files.values() for name in labels}
        for part, rows in parts.items()
    }
    there = found.get("train", set()) | (found.get("test", set()) if tested else set())
    numbers = all(name.isdecimal() for name in there)
    names = tuple(sorted(there, key=(lambda n: (int(n), n)) if numbers else None))
    names = columns if len(columns) > 1 else names
    for part in parts:
        check_known(path, part, found[part], names)
    if len(names) < 2:
        raise UserError(f"{path}: one class only ({listed(names)}): at least two are needed")
    return names


def _samples(rows: Rows, classes: tuple[str, ...], several: bool) -> Samples:
    place = {name: i for i, name in enumerate(classes)}
    if not several:
        return Samples(tuple(rows.files), tuple(place[name] for (name,) in rows.files.values()))
    targets = []
    for labels in rows.files.values():
        there = {place[name] for name in labels}
        targets.append(tuple(float(i in there) for i in range(len(classes))))
    return Samples(tuple(rows.files), tuple(targets))
