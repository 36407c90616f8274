"""The refusal of a change that would leave data behind: the old place, the new one, and the way between them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from guard.changes import Changes, Gone, Left, Place, Swapped

PAGE = "docs/runbooks/move-data.md"
MOVING = "docs/moving.md"
CONVERTERS = {"sessions": "sqlite_to_postgres.py", "vectors": "chroma_to_vectors.py"}
"""Data that a converter moves out of files into a server."""
BACK = {"sessions": "postgres_to_sqlite.py", "vectors": "vectors_to_chroma.py"}
"""Data that a converter moves out of a server into files."""


def refusal(file: str, namespace: str, changes: Changes) -> str:
    """The message of a refused run. `file`: the stack file's name."""
    lines = [f"{file}: refused by the guard, because data would be left behind; nothing was changed:"]
    for swapped in changes.swapped:
        lines += _swapped(swapped)
    for gone in changes.gone:
        lines += _gone(gone)
    for left in changes.left:
        lines += [f"  - {_moves(left)}"]
    lines += _ways(file, namespace, changes.left)
    if changes.left:
        lines += [f"  When the data is there, add this to {file}, and run again:", "    kotaemon:moved:"]
        lines += [
            f"      {left.name}: {{from: {_quoted(left.old.text)}, to: {_quoted(left.new.text)}}}"
            for left in changes.left
        ]
    return "\n".join(lines)


def released(gone_or_released: Gone) -> str:
    """What a claim or store was, for the day when it is taken up again."""
    place = gone_or_released.place
    claim = f"; PersistentVolumeClaim {place.claim}" if place.claim else ""
    return f"kotaemon:{gone_or_released.key} leaves the stack, and its data stays where it is: {place.text}{claim}"


def _swapped(change: Swapped) -> list[str]:
    if change.respelled:
        return [
            f"  - kotaemon:{change.key}: is {change.old.text}, and would be {change.new.text}: the same place, spelled "
            "in another way, and what a living volume stands on is never written anew",
            "    keep it as it was spelled",
        ]
    return [
        f"  - kotaemon:{change.key}: is {change.old.text}, and would be {change.new.text}: other storage under the "
        "same name, which the cluster and the engine refuse as well, but only after they have begun",
        f"    keep it as it is, add the new storage under a name of its own, and move the data ({PAGE})",
    ]


def _gone(change: Gone) -> list[str]:
    claim = change.key.startswith("storage.claims.")
    first = "with no role on it, and " if claim else ""
    return [
        f"  - kotaemon:{change.key}: left the stack file, and is {change.place.text}; the engine protects it, and "
        "would refuse only after it has begun",
        f"    put it back, {first}with `kotaemon:released: [{change.key}]`, and run `up`: that ends the "
        "protection. Then take both out. Its data stays where it is",
    ]


def _moves(left: Left) -> str:
    seen = "is on" if left.certain else "may be on, since a run that did not end well,"
    return (
        f"{left.name}: {seen} kotaemon:{left.old.key} ({left.old.text}), and would be on kotaemon:{left.new.key} "
        f"({left.new.text}), without its data"
    )


def _ways(file: str, namespace: str, found: Sequence[Left]) -> Iterator[str]:
    """The way of each move; those between the same two claims share one Job."""
    stack = file.removeprefix("Pulumi.").removesuffix(".yaml")
    copies: dict[tuple[str, str], list[Left]] = {}
    for left in found:
        if taken := next((other for other in found if other is not left and other.old.same(left.new)), None):
            yield f"  {left.name}: {_in_the_way(stack, left, taken)}"
        elif left.old.claim and left.new.claim:
            copies.setdefault((left.old.claim, left.new.claim), []).append(left)
        else:
            yield f"  {left.name}: {_other(stack, left)}"
    for (old, new), moves in copies.items():
        if not moves[0].made:
            yield (
                f"  {new} is not there yet: first add kotaemon:{moves[0].new.key} beside kotaemon:{moves[0].old.key}, "
                "leave every role where it is, and run `up`"
            )
        for left in moves:
            yield (
                f"  {left.name}: put {file} back as it was, and one command moves it and writes the lines "
                f"({MOVING}): {_command(stack, left)}"
            )
        names = ", ".join(left.name for left in moves)
        yield f"  {names}: or by hand, copy them while the application is stopped ({PAGE}):"
        yield f"    kubectl -n {namespace} scale deployment kotaemon --replicas=0"
        folders = " ".join(f"{left.old.folder}:{left.new.folder}" for left in moves)
        yield (
            f"    kubectl -n {namespace} get deployment kotaemon -o json | python -m stacks.moving --from {old} "
            f"--to {new} {folders} | kubectl create -f -"
        )
        yield (
            f"    kubectl -n {namespace} wait --for=condition=complete job -l app.kubernetes.io/name=kotaemon-move "
            "--timeout=24h"
        )


def _in_the_way(stack: str, left: Left, other: Left) -> str:
    """The way of data whose new place is where other data is."""
    between = _command(stack, replace(left, new=replace(left.new, folder=f"{left.new.folder}-new")))
    return (
        f"its new place is where {other.name} is. Move {other.name} first, in a run of its own; where each is to have "
        f"the other's place, {left.name} goes by a folder in between ({MOVING}): {between}"
    )


def _command(stack: str, left: Left) -> str:
    """The command that moves a role from claim to claim."""
    folder = f" FOLDER={left.new.folder}" if left.new.folder != left.old.folder else ""
    to = left.new.key.removeprefix("storage.claims.")
    return f"make move STACK={stack} ROLE={left.name} TO={to}{folder} WRITE=1"


def _convert(stack: str, claim: str, more: str) -> str:
    """The command that converts. `claim`: the one with the files; empty: it is not known by this role alone."""
    return f"`make convert STACK={stack} CLAIM={claim or '<the claim with the files>'} {more}`"


def _other(stack: str, left: Left) -> str:
    """The way of a move that is not between two claims."""
    from_server, to_server = _is_server(left.old), _is_server(left.new)
    if not from_server and to_server and left.name in CONVERTERS:
        return (
            f"the converter {CONVERTERS[left.name]} moves it, by {_convert(stack, left.old.claim, 'ASIDE=1')} once the "
            f"server is in use ({PAGE}, chapter 'From files to a server')"
        )
    if from_server and to_server and not _of_two_makers(left):
        return (
            "if it is the same server under another name, nothing has to be moved; else the servers' own dump and "
            f"restore moves it ({PAGE}, chapter 'From one server to another')"
        )
    if from_server and not to_server and left.name in BACK and "milvus" not in left.old.words.get("kind", ""):
        return (
            f"the converter {BACK[left.name]} moves it, by {_convert(stack, left.new.claim, 'TO=single-writer')} while "
            f"the server is still in use ({PAGE}, chapter 'From a server back to files')"
        )
    if from_server and not to_server:
        return (
            "nothing turns a server's data back into files. Keep `profile: scaled`: with `replicas: 1` it is one pod, "
            f"too, and {left.old.key} can move to a server that the stack runs itself. Or begin without the data and "
            f"say so below; the server keeps it ({PAGE}, chapter 'No way')"
        )
    return (
        f"nothing turns the data of the one into that of the other. Keep the old one ({left.old.text}); or begin "
        f"without the data, say so below, and upload the files again ({PAGE}, chapter 'No way')"
    )


def _is_server(place: Place) -> bool:
    return place.key.startswith(("stores.", "aws.", "alicloud."))


def _of_two_makers(left: Left) -> bool:
    """Whether the servers cannot read each other's dumps: Milvus and Qdrant. Databases are all PostgreSQL."""
    kinds = {left.old.words.get("kind", ""), left.new.words.get("kind", "")}
    return left.name == "vectors" and "milvus" in kinds and len(kinds) > 1


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
