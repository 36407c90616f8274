"""The message of a refused change: the commands that move the data can be typed in the order in which they are printed."""

import re
import shlex
import subprocess
from dataclasses import replace

import pytest

from deploy import cli
from guard.changes import Data, Known, Memory, Place, changes
from guard.moves import BACK, CONVERTERS, refusal
from plan.stack_file import ROOT
from tests.unit.tools import needed

OLD = Place("storage.claims.old", {"kind": "efs", "name": "old"}, folder="models", claim="kotaemon-old")
NEW = Place("storage.claims.new", {"kind": "efs", "name": "new"}, folder="models", claim="kotaemon-new")


def lines(*there: Place) -> list[str]:
    """The message when `there` is what earlier runs made."""
    before = Memory({place.key: Known(place, fixed=True) for place in there}, {"models": Data(OLD)})
    now = Memory({place.key: Known(place, fixed=True) for place in (OLD, NEW)}, {"models": Data(NEW)})
    return refusal("Pulumi.x.yaml", "kotaemon", changes(before, now, {})).splitlines()


def test_a_claim_that_is_not_there_is_made_before_anything_is_copied() -> None:
    found = lines(OLD)
    first = found.index(
        "  kotaemon-new is not there yet: first add kotaemon:storage.claims.new beside kotaemon:storage.claims.old, "
        "leave every role where it is, and run `up`"
    )
    assert found[first + 1].startswith("  models: put Pulumi.x.yaml back as it was, and one command moves it")
    assert found[first + 1].endswith(": make move STACK=x ROLE=models TO=new WRITE=1")
    assert found[first + 2].startswith("  models: or by hand, copy them")


def test_to_a_claim_that_is_there_the_data_is_copied_at_once() -> None:
    found = lines(OLD, NEW)
    assert not any("is not there yet" in line for line in found)
    assert any(line.startswith("  models: or by hand, copy them") for line in found)


def test_another_folder_is_named_in_the_command() -> None:
    now = Memory({}, {"models": Data(replace(NEW, folder="later"))})
    text = refusal("Pulumi.x.yaml", "kotaemon", changes(Memory({}, {"models": Data(OLD)}), now, {}))
    assert "make move STACK=x ROLE=models TO=new FOLDER=later WRITE=1" in text


FILES = Place("storage.roles.indexes", {"in": "files of the role indexes"})
SQLITE = Place("storage.claims.disk", {"claim": "rag/kotaemon-disk"}, folder="sessions", claim="kotaemon-disk")
POSTGRES = Place("stores.database", {"class": "fast", "claim": "rag/kotaemon-database-disk"})
RDS = Place("aws.database", {"identifier": "rag"})
QDRANT = Place("stores.vectorStore", {"kind": "qdrant", "url": "http://qdrant:6333"})
MILVUS = Place("stores.vectorStore", {"kind": "milvus", "url": "http://milvus:19530"})
SEARCH = Place("stores.documentStore", {"url": "http://search:9200"})


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("sessions", SQLITE, POSTGRES, "the converter sqlite_to_postgres.py moves it"),
        ("vectors", FILES, QDRANT, "the converter chroma_to_vectors.py moves it"),
        (
            "sessions",
            POSTGRES,
            RDS,
            "if it is the same server under another name, nothing has to be moved; else the servers' own dump and restore",
        ),
        (
            "vectors",
            QDRANT,
            replace(QDRANT, words={**QDRANT.words, "url": "http://b:6333"}),
            "if it is the same server under another name",
        ),
        (
            "sessions",
            POSTGRES,
            SQLITE,
            "the converter postgres_to_sqlite.py moves it, by `make convert STACK=x CLAIM=ko",
        ),
        ("vectors", QDRANT, FILES, "the converter vectors_to_chroma.py moves it"),
        ("vectors", MILVUS, FILES, "nothing turns a server's data back into files. Keep `profile: scaled`: with"),
        ("documents", SEARCH, FILES, "nothing turns a server's data back into files. Keep `profile: scaled`"),
        (
            "vectors",
            QDRANT,
            MILVUS,
            "nothing turns the data of the one into that of the other. Keep the old one (kind q",
        ),
        (
            "documents",
            FILES,
            SEARCH,
            "nothing turns the data of the one into that of the other. Keep the old one (in fil",
        ),
    ],
)
def test_each_pair_of_places_has_a_way_or_says_what_can_be_done(name: str, old: Place, new: Place, says: str) -> None:
    before, now = Memory({}, {name: Data(old)}), Memory({}, {name: Data(new)})
    text = refusal("Pulumi.x.yaml", "kotaemon", changes(before, now, {}))
    (way,) = (line for line in text.splitlines() if line.startswith(f"  {name}: "))
    assert way.startswith(f"  {name}: {says}")
    assert "docs/runbooks/move-data.md" in way
    assert f'      {name}: {{from: "{old.text}", to: "{new.text}"}}' in text


PAIRS = [
    ("models", OLD, NEW),
    ("models", OLD, replace(NEW, folder="later")),
    ("sessions", SQLITE, POSTGRES),
    ("sessions", POSTGRES, SQLITE),
    ("vectors", FILES, QDRANT),
    ("vectors", QDRANT, FILES),
    ("vectors", QDRANT, MILVUS),
    ("sessions", POSTGRES, RDS),
]


def text(name: str, old: Place, new: Place) -> str:
    before, now = Memory({}, {name: Data(old)}), Memory({}, {name: Data(new)})
    return refusal("Pulumi.none.yaml", "kotaemon", changes(before, now, {}))


@pytest.mark.parametrize(("name", "old", "new"), PAIRS)
def test_what_a_refusal_names_is_there(name: str, old: Place, new: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands are taken by `make` and by the program behind it, up to the stack file, which is not there."""
    needed("make", "make")
    said = text(name, old, new)
    commands = re.findall(r"make (?:move|convert) [^`\n]*", said)
    assert len(commands) == said.count("make "), said
    for command in commands:
        typed = shlex.split(command.replace("<the claim with the files>", "old"))
        line = subprocess.run([typed[0], "-n", "INSTALLED=", *typed[1:]], cwd=ROOT, capture_output=True, text=True)
        program = shlex.split(line.stdout)
        assert program[1:3] == ["-m", "deploy"], line
        assert cli.main(program[3:]) == 1
        assert "Pulumi.none.yaml" in capsys.readouterr().err
        assert {word.partition("=")[2] for word in typed if "=" in word and not word.endswith("=1")} <= set(program)
    for page, chapter in re.findall(r"\((docs/[^ )]+), chapter '([^']+)'\)", said):
        assert f"## {chapter}\n" in (ROOT / page).read_text()
    for page in re.findall(r"\((docs/[^ ,)]+)", said):
        assert (ROOT / page).is_file()


@pytest.mark.parametrize("name", [*CONVERTERS.values(), *BACK.values()])
def test_the_converters_are_there(name: str) -> None:
    assert (ROOT / "components/kotaemon/runtime/convert" / name).is_file()
