"""The archiver: a CronJob that moves finished reports and rotated logs from the file claim to the cold tier."""

import json
from pathlib import Path
from typing import TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.batch.v1 import CronJobSpecArgs
from pulumi_kubernetes.core.v1 import (
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from typing_extensions import NotRequired

from ..contract import AccessMode, Claim, Medium, RoleMount
from ..pod import imposed
from ..pod.args import ClusterImposes
from ..pod.files import content_hash
from ..pod.names import GID, IMAGE, PYTHON, RUNTIME_DIR, UID
from ..pod.network import network_policy
from ..pod.schedule import one_at_a_time
from ..pod.spec import TMP, Pod, pod_security, pod_template, resources, tmp_volume
from ..pod.variables import plain
from ..refusal import because, refuse, refused_folder, refused_label
from .rules import ARCHIVE_DAYS, ARCHIVE_SCHEDULE

SCRIPT = "ks_archive.py"
PARTS = ("ks_archive_due.py", "ks_archive_numbers.py")
COLD, SOURCE, WHOLE = "/cold", "/from", "/whole"
LOGS = "logs/archive"
"""Folder of the cold tier with the log files of each pod: `logs/archive/<pod>/`."""
HOURS = 12
"""Limit of one run; the next one goes on where it was stopped."""
NEVER = ("indexes", "sessions", "uploads", "models")
"""Folders that are never a source: the application opens what is there by its path."""


class ArchiverArgs(TypedDict):
    """Arguments of Archiver."""

    namespace: Input[str]
    """Namespace of the application."""
    cold: RoleMount
    """The cold tier, and the folder in it for reports: where the role `eval` is."""
    reports: NotRequired[RoleMount]
    """Folder in which jobs write reports; those in which nothing was written for `days` are moved. Default: none."""
    logs: NotRequired[RoleMount]
    """Where the role `logs` is; the rotated files of each pod that are older than `days` are moved. Default: none."""
    days: NotRequired[int]
    """Days for which nothing was written to what is moved; default 30."""
    schedule: NotRequired[str]
    """Cron line in UTC; default 03:40 every night."""
    renames: NotRequired[bool]
    """Whether a file of the cold tier can be renamed; default true. Mountpoint for S3 cannot: a file appears there
    when it is whole."""
    saved_per_gib: NotRequired[str]
    """What a GiB costs less in a month on the cold tier, as a decimal number; default: not known."""
    currency: NotRequired[str]
    """Currency of `saved_per_gib`; default none."""
    image: NotRequired[Input[str]]
    """Image with Python; default: the application's."""
    uid: NotRequired[int]
    """User of the CronJob and owner of the files; default 1001."""
    gid: NotRequired[int]
    """Group of the CronJob; default 1001."""
    cluster_imposes: NotRequired[ClusterImposes]
    """What the cluster asks of every pod: pull secrets, node labels, tolerations, a proxy. Default: nothing."""


def sources(args: ArchiverArgs) -> dict[str, RoleMount]:
    """What is moved, by its name in the script: reports, logs."""
    found = {"reports": args.get("reports"), "logs": args.get("logs")}
    return {what: mount for what, mount in found.items() if mount is not None}


def check(name: str, args: ArchiverArgs) -> list[str]:
    """Mistakes in the arguments of Archiver(name, args); none: it can be made."""
    days, given = int(args.get("days", ARCHIVE_DAYS)), sources(args)
    nothing = "" if given else "nothing to move; give reports or logs"
    return [
        *because("name", refused_label(name)),
        *because("reports", nothing),
        *because("days", "" if days >= 1 else f"{days} is not allowed; it must be 1 or more"),
        *because("cold", "the role is mounted read-only" if args["cold"]["read_only"] else ""),
        *(line for what, mount in given.items() for line in because(what, _refused(mount, args["cold"]["claim"]))),
        *(f"cluster_imposes.{mistake}" for mistake in imposed.mistakes(args.get("cluster_imposes", ClusterImposes()))),
    ]


def _refused(mount: RoleMount, cold: Claim) -> str:
    """Why a folder is not moved; empty when it is."""
    claim, folder = mount["claim"], mount["sub_path"]
    if claim["name"] == cold["name"]:
        return f"it is on the claim {claim['name']}, where the role eval is as well; give eval a claim of the cold tier"
    if claim["medium"] == Medium.BLOCK or claim["access_mode"] in (AccessMode.RWOP, AccessMode.RWO):
        return (
            f"the claim {claim['name']} is {claim['access_mode'].value}, and the CronJob runs beside the application; "
            "what it moves has to be on a file claim"
        )
    if found := set(NEVER) & set(folder.split("/")):
        return f"{folder!r} is of the role {', '.join(sorted(found))}, whose files are never moved"
    return refused_folder(folder)


def labels(name: str) -> dict[str, str]:
    """Labels of the archiver's pods. They are no pods of the application."""
    return {"app.kubernetes.io/name": "kotaemon-archive", "app.kubernetes.io/instance": name}


def script() -> dict[str, str]:
    """File name -> text of what runs in the pod."""
    folder = Path(__file__).parent / "runtime"
    return {name: (folder / name).read_text() for name in (SCRIPT, *PARTS)}


def asked(args: ArchiverArgs) -> dict[str, object]:
    """The value of KS_ARCHIVE: what the script does."""
    targets = {"reports": args["cold"]["sub_path"], "logs": LOGS}
    moves = [{"what": what, "from": f"{SOURCE}/{what}", "to": f"{COLD}/{targets[what]}"} for what in sources(args)]
    found: dict[str, object] = {
        "days": int(args.get("days", ARCHIVE_DAYS)),
        "renames": args.get("renames", True),
        "currency": args.get("currency", ""),
        "moves": moves,
    }
    if "saved_per_gib" in args:
        found["saved_per_gib"] = args["saved_per_gib"]
    return found


def cron_job_spec(name: str, args: ArchiverArgs, scripts: Input[str], account: Input[str] | None) -> CronJobSpecArgs:
    """The CronJob. Two runs at once would copy the same files."""
    given = sources(args)
    claims = [args["cold"]["claim"], *(mount["claim"] for mount in given.values())]
    volumes = {claim["name"]: f"claim-{number}" for number, claim in enumerate({c["name"]: c for c in claims}.values())}
    whole = {mount["claim"]["name"]: f"{WHOLE}/{volumes[mount['claim']['name']]}" for mount in given.values()}
    folders = [f"{whole[mount['claim']['name']]}/{mount['sub_path']}" for mount in given.values()]
    move = ContainerArgs(
        name="archive",
        image=args.get("image", IMAGE),
        command=[PYTHON, f"{RUNTIME_DIR}/{SCRIPT}"],
        env=plain({"KS_ARCHIVE": json.dumps(asked(args), sort_keys=True)}),
        resources=resources("100m", "128Mi", "512Mi"),
        volume_mounts=[
            VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True),
            TMP,
            VolumeMountArgs(name=volumes[args["cold"]["claim"]["name"]], mount_path=COLD),
            # By sub-path: no other role of the claim can be reached.
            *(
                VolumeMountArgs(
                    name=volumes[mount["claim"]["name"]], mount_path=f"{SOURCE}/{what}", sub_path=mount["sub_path"]
                )
                for what, mount in given.items()
            ),
        ],
        termination_message_policy="FallbackToLogsOnError",
    )
    prepare = ContainerArgs(
        name="folders",
        image=args.get("image", IMAGE),
        command=[PYTHON, f"{RUNTIME_DIR}/{SCRIPT}", "folders"],
        env=plain({"KS_FOLDERS": json.dumps(folders)}),
        resources=resources("100m", "64Mi", "128Mi"),
        volume_mounts=[
            VolumeMountArgs(name="runtime", mount_path=RUNTIME_DIR, read_only=True),
            TMP,
            *(VolumeMountArgs(name=volumes[claim], mount_path=path) for claim, path in whole.items()),
        ],
        termination_message_policy="FallbackToLogsOnError",
    )
    pod = Pod(
        restart_policy="Never",
        service_account=account,
        security=pod_security(int(args.get("uid", UID)), int(args.get("gid", GID)), fs_group=False),
        init_containers=[prepare],
        containers=[move],
        volumes=[
            VolumeArgs(name="runtime", config_map=ConfigMapVolumeSourceArgs(name=scripts)),
            *(
                VolumeArgs(name=volume, persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim))
                for claim, volume in volumes.items()
            ),
            tmp_volume("1Gi"),
        ],
    )
    template = pod_template(labels(name), pod, args.get("cluster_imposes"))
    return one_at_a_time(args.get("schedule", ARCHIVE_SCHEDULE), template, hours=HOURS)


class Archiver(pulumi.ComponentResource):
    """Moves finished reports and rotated logs to the cold tier: copied, read back, and only then deleted."""

    cron_job: Output[str]
    """Name of the CronJob; `kubectl create job --from=cronjob/<name>` runs it at once."""

    def __init__(self, name: str, args: ArchiverArgs, opts: ResourceOptions | None = None) -> None:
        refuse("Archiver", name, check(name, args))
        super().__init__("kotaemon:index:Archiver", name, None, opts)
        child = ResourceOptions(parent=self)
        files = script()

        def meta(called: str) -> ObjectMetaArgs:
            return ObjectMetaArgs(name=called, namespace=args["namespace"], labels=labels(name))

        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=meta(name), automount_service_account_token=False, opts=child
        )
        # It talks with nobody: the nodes mount the claims.
        closed = network_policy(labels(name), clients=[], servers=[])
        k8s.networking.v1.NetworkPolicy(f"{name}-policy", metadata=meta(name), spec=closed, opts=child)
        scripts = k8s.core.v1.ConfigMap(
            f"{name}-scripts",
            metadata=meta(f"{name}-scripts-{content_hash(files)}"),
            data=files,
            immutable=True,
            opts=child,
        )
        job = k8s.batch.v1.CronJob(
            f"{name}-job",
            metadata=meta(name),
            spec=cron_job_spec(
                name,
                args,
                scripts.metadata.apply(lambda m: m.name or ""),
                account.metadata.apply(lambda m: m.name or ""),
            ),
            opts=child,
        )
        self.cron_job = job.metadata.apply(lambda m: m.name or "")
        self.register_outputs({"cronJob": self.cron_job})
