"""Names, numbers and defaults that the components of protection agree on, and what is wrong with their arguments."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..contract import AccessMode, Claim, Medium
from ..pod import imposed
from ..pod.args import ClusterImposes
from ..pod.files import api_call, runtime_files
from ..pod.folders import SCRIPT as PREPARE
from ..quantity import refused_size
from ..refusal import because, refused_folder, refused_label
from .args import BackupsArgs, VolumeSnapshotsArgs

RESTIC_IMAGE = "docker.io/restic/restic:0.18.1"
"""Its program is one static file, which is copied: it has no Python. Flags are those that restic 0.14 has as well."""
POSTGRES_IMAGE = "docker.io/library/postgres:18.6-trixie"
"""As components/state/postgres.py; a test compares them."""
QDRANT_IMAGE = "docker.io/qdrant/qdrant:v1.18.3-unprivileged"
"""As components/state/qdrant.py; a test compares them."""
BACKUP_AT, SNAPSHOT_AT, DRILL_AT = "45 2 * * *", "0 2 * * *", "30 4 * * 0"
"""Snapshots first, so that the backup finds the copies that were made of them."""
KEEP = {"daily": 14, "weekly": 8, "monthly": 12}
KEEP_SNAPSHOTS = 14
READ = "5%"
SCRATCH_SIZE = "100Gi"
FOLDER = "kotaemon-backup"
DATA, STAGE, SCRATCH, FOUND, TOOLS, KEYS, REPOSITORY = (
    "/data",
    "/stage",
    "/scratch",
    "/scratch/found",
    "/tools",
    "/keys",
    "/repository",
)
PASSWORD = "password"  # noqa: S105 a key
HOURS = 12
"""Limit of one run; a run that hangs must not keep the next one from starting."""
COPY = "-copy"
"""End of the name of the claim that VolumeSnapshots makes of a claim's newest snapshot."""
_RUNTIME = Path(__file__).parent / "runtime"
_STATE = Path(__file__).parents[1] / "state" / "runtime"


def scripts() -> dict[str, str]:
    """File name -> text of what runs in the pods; the copy of Qdrant is the one that bundled stores have."""
    own = {path.name: path.read_text() for path in sorted(_RUNTIME.iterdir()) if path.suffix in (".py", ".sh")}
    return {
        **own,
        **api_call(),
        **runtime_files(PREPARE),
        "qdrant_backup.py": (_STATE / "qdrant_backup.py").read_text(),
    }


def labels(name: str) -> dict[str, str]:
    """Labels of the pods of protection. They are no pods of the application."""
    return {"app.kubernetes.io/name": "kotaemon-protection", "app.kubernetes.io/instance": name}


def copy_of(claim: Claim) -> Claim:
    """The claim that VolumeSnapshots makes of the newest snapshot of a disk: another disk, which one node mounts."""
    made = claim.copy()
    made["name"], made["access_mode"] = f"{claim['name']}{COPY}", AccessMode.RWO
    return made


_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_NAMES = [
    *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    *("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
]


def refused_cron(schedule: object) -> str:
    """Why a text is no cron line of five fields as Kubernetes reads it; empty: it is one, or is not known yet.

    https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
    """
    if not isinstance(schedule, str):
        return ""
    fields = schedule.split()
    wanted = "it must be a cron line of five fields in UTC, for example 45 2 * * *"
    if len(fields) != len(_FIELDS):
        return f"{schedule!r} is not allowed; {wanted}"
    wrong = [field for field, limits in zip(fields, _FIELDS, strict=True) if not _field(field, *limits)]
    if wrong:
        return f"{schedule!r} is not allowed because of {wrong[0]!r}; {wanted}"
    return f"{schedule!r} is not allowed: no month has that day, so it never runs; {wanted}" if _never(fields) else ""


def _never(fields: list[str]) -> bool:
    """Whether a line of plain numbers names days only that its months do not have, such as 31 February. With a day of
    the week as well, cron takes either."""
    days, months = (field.split(",") for field in (fields[2], fields[3]))
    if fields[4] not in ("*", "?") or not all(part.isdigit() for part in (*days, *months)):
        return False
    longest = {2: 29, **dict.fromkeys((4, 6, 9, 11), 30)}
    return all(int(day) > longest.get(int(month), 31) for day in days for month in months)


def _field(field: str, low: int, high: int) -> bool:
    return all(_part(part, low, high) for part in field.lower().split(","))


def _part(part: str, low: int, high: int) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isdigit() and int(step) >= 1):
        return False
    ends = span.split("-")
    if span == "*" or (span == "?" and not slash):
        return True
    if len(ends) > 2 or not all(end in _NAMES or (end.isdigit() and low <= int(end) <= high) for end in ends):
        return False
    return not (len(ends) == 2 and all(end.isdigit() for end in ends) and int(ends[0]) > int(ends[1]))


def mistakes(name: str, args: BackupsArgs) -> list[str]:
    """Mistakes in the arguments of Backups(name, args); none: it can be made."""
    drill = args.get("drill", {})
    return [
        *because("name", refused_label(name)),
        *because("schedule", refused_cron(args.get("schedule", BACKUP_AT))),
        *because("drill.schedule", refused_cron(drill.get("schedule", DRILL_AT))),
        *because("drill.read", refused_share(drill.get("read", READ))),
        *_keep(args),
        *_repository(args),
        *(line for role, mount in args["roles"].items() for line in _mountable(role, mount["claim"], args)),
        *because("roles", "" if args["roles"] else "nothing is backed up; give at least one role"),
        *_size(args),
        *_imposed(args.get("cluster_imposes")),
    ]


def snapshot_mistakes(name: str, args: VolumeSnapshotsArgs) -> list[str]:
    """Mistakes in the arguments of VolumeSnapshots(name, args); none: it can be made."""
    keep = int(args.get("keep", KEEP_SNAPSHOTS))
    return [
        *because("name", refused_label(name)),
        *because("schedule", refused_cron(args.get("schedule", SNAPSHOT_AT))),
        *because("keep", "" if keep >= 1 else f"{keep} is not allowed; it must be 1 or more"),
        *because("claims", "" if args["claims"] else "nothing is taken; give at least one claim"),
        *_imposed(args.get("cluster_imposes")),
    ]


def refused_share(read: str) -> str:
    """Why a text is no share of the data for `restic check --read-data-subset`; empty when it is one."""
    found = re.fullmatch(r"([0-9]{1,3})%|([0-9]{1,3})/([0-9]{1,3})", read)
    if found and (1 <= int(found[1]) <= 100 if found[1] else 1 <= int(found[2]) <= int(found[3]) <= 256):
        return ""
    return f"{read!r} is not allowed; it must be a share like 5% or 1/10, and 100% for everything"


def keep_of(args: BackupsArgs) -> dict[str, int]:
    """The numbers of the retention, with the defaults filled in."""
    chosen: Mapping[str, object] = args.get("keep", {})  # pyright: ignore # a TypedDict of numbers
    return {key: int(str(chosen.get(key, default)).split(".")[0]) for key, default in KEEP.items()}


def _keep(args: BackupsArgs) -> Iterator[str]:
    for key, number in keep_of(args).items():
        least = 1 if key == "daily" else 0
        if number < least:
            yield f"keep.{key}: {number} is not allowed; it must be {least} or more"


def _repository(args: BackupsArgs) -> Iterator[str]:
    repository = args["repository"]
    url, claim = repository.get("url"), repository.get("claim")
    if (url is None) == (claim is None):
        yield "repository: give either url or claim"
    if isinstance(url, str) and not re.fullmatch(r"(s3:https?://[^\s/@]+/[^\s/]+|rest:https://[^\s@]+)(/\S*)?", url):
        yield (
            f"repository.url: {url!r} is not allowed; it must look like s3:https://s3.example.com/bucket/folder, "
            "without a password"
        )
    if claim is None:
        return
    if claim["medium"] != Medium.FILE:
        yield f"repository.claim: {claim['name']} is no file claim, which every node can mount"
    yield from because("repository.folder", refused_folder(folder := repository.get("folder", FOLDER)))
    if "/" in folder:
        yield f"repository.folder: {folder!r} is not allowed; one level: the kubelet would have to pass the others"
    for role, mount in args["roles"].items():
        if mount["claim"]["name"] == claim["name"]:
            yield f"repository.claim: {claim['name']} holds the role {role}, and would be lost with it; use another"


def _mountable(role: str, claim: Claim, args: BackupsArgs) -> Iterator[str]:
    if claim["access_mode"] == AccessMode.RWOP:
        yield (
            f"roles.{role}: the claim {claim['name']} is ReadWriteOncePod, which no second pod mounts; back up the "
            "copy that VolumeSnapshots makes"
        )
    elif claim["access_mode"] == AccessMode.RWO and not args.get("still", False) and "neighbour" not in args:
        yield f"roles.{role}: the claim {claim['name']} is ReadWriteOnce; give `neighbour`, or back up a copy"


def _size(args: BackupsArgs) -> Iterator[str]:
    yield from because("scratch_size", refused_size(args.get("scratch_size", SCRATCH_SIZE)))


def _imposed(given: ClusterImposes | None) -> list[str]:
    return [f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(given or ClusterImposes())]
