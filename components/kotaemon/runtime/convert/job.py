r"""Makes a Job that runs converters where the application runs: same image, user, claims, variables and network.

    kubectl get deployment kotaemon -o json | python3 job.py --source-claim kotaemon-import -- \
        from_docker.py --source /source | kubectl create -f -

The Deployment is read from the standard input and the Job written to the standard output, as JSON; nothing else is
touched. The converters come from a ConfigMap (--map), the folder to convert from a claim that is mounted read-only at
/source (--source-claim, optional). Runs anywhere with Python; see docs/runbooks/from-docker-run.md.
"""

import argparse
import json
import sys
from typing import Any

from console import EX_CONFIG, Refused, run

CONVERT_DIR = "/etc/kotaemon-convert"
SOURCE_DIR = "/source"
TARGET_DIR = "/target"
NEVER_READY = {"exec": {"command": ["false"]}, "periodSeconds": 3600}
"""The pod has the labels that the stores admit, and the application's Service would send people to it."""
OF_THE_APPLICATION = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports")


def command(container: dict[str, Any], words: list[str]) -> list[str]:
    """The converter, by the interpreter that starts the application."""
    script, *options = words
    folder = "" if script.startswith("/") else f"{CONVERT_DIR}/"
    return [container["command"][0], f"{folder}{script}", *options]


def waiting(container: dict[str, Any]) -> list[str]:
    """A day in which `kubectl exec` can bring the folder in: in this very pod, so the claim gets a zone that fits."""
    return [container["command"][0], "-c", "import time; time.sleep(86400)"]


def with_scratch(volume: dict[str, Any], size: str | None) -> dict[str, Any]:
    """The volume of /tmp with another limit."""
    return {**volume, "emptyDir": {"sizeLimit": size}} if size and volume["name"] == "tmp" else volume


def pod_spec(spec: dict[str, Any], args: argparse.Namespace) -> dict[str, Any]:
    """The application's pod with another command, without what serves it."""
    (container,) = (found for found in spec["containers"] if found["name"] == "kotaemon")
    volumes = [with_scratch(volume, args.scratch) for volume in spec["volumes"]]
    mounts = [*container["volumeMounts"]]
    if not args.bring:
        volumes.append({"name": "convert", "configMap": {"name": args.map}})
        mounts.append({"name": "convert", "mountPath": CONVERT_DIR, "readOnly": True})
    if args.source_claim:
        claim = {"claimName": args.source_claim, "readOnly": not args.bring}
        volumes.append({"name": "source", "persistentVolumeClaim": claim})
        mounts.append({"name": "source", "mountPath": SOURCE_DIR, "readOnly": not args.bring})
    if args.target_claim:
        volumes.append({"name": "target", "persistentVolumeClaim": {"claimName": args.target_claim}})
        mounts.append({"name": "target", "mountPath": TARGET_DIR})
    security = spec.get("securityContext", {})
    if args.fs_group:
        security = {**security, "fsGroup": security["runAsGroup"], "fsGroupChangePolicy": "OnRootMismatch"}
    kept = {name: value for name, value in container.items() if name not in OF_THE_APPLICATION}
    kept |= {"name": "convert", "volumeMounts": mounts, "terminationMessagePolicy": "FallbackToLogsOnError"}
    kept["readinessProbe"] = NEVER_READY
    kept["command"] = waiting(container) if args.bring else command(container, args.words)
    if args.image:
        kept["image"] = args.image
    # Sidecars never end, and a Job waits for its pod's end.
    before = [found for found in spec.get("initContainers", []) if found.get("restartPolicy") != "Always"]
    return {
        **spec,
        "securityContext": security,
        "containers": [kept],
        "initContainers": before,
        "volumes": volumes,
        "restartPolicy": "Never",
    }


def job(deployment: dict[str, Any], args: argparse.Namespace) -> dict[str, Any]:
    """The Job. Exit code 78 ends it at once, others are tried again three times."""
    template = deployment["spec"]["template"]
    on_refusal = {"containerName": "convert", "operator": "In", "values": [EX_CONFIG]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"{args.name}-", "namespace": deployment["metadata"]["namespace"]},
        "spec": {
            "backoffLimit": 3,
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": on_refusal}]},
            "template": {
                # The same labels: the stores' network policies admit them.
                "metadata": {"labels": template["metadata"]["labels"]},
                "spec": pod_spec(template["spec"], args),
            },
        },
    }


def check_scale(deployment: dict[str, Any], running: bool) -> None:
    replicas = deployment["spec"].get("replicas", 1)
    if replicas and not running:
        raise Refused(
            f"the Deployment {deployment['metadata']['name']} has {replicas} replicas: the application must not write "
            "meanwhile; scale it to 0 first, or give --while-running for what only reads"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--name", default="kotaemon-convert", help="how the Job's name begins")
    parser.add_argument("--map", default="kotaemon-convert", help="the ConfigMap with the converters")
    parser.add_argument("--source-claim", help="the claim with the folder, mounted read-only at /source")
    parser.add_argument("--target-claim", help="the claim that a server's data goes back to, writable at /target")
    parser.add_argument("--fs-group", action="store_true", help="for a new disk, which belongs to root until then")
    parser.add_argument("--image", help="another image than the Deployment's: a new version, before the roll")
    parser.add_argument("--while-running", action="store_true", help="for what only reads")
    parser.add_argument("--scratch", metavar="SIZE", help="limit of /tmp, 8Gi else: Chroma and SQLite are copied there")
    parser.add_argument("--bring", action="store_true", help="wait a day with /source writable, to bring the folder in")
    parser.add_argument("words", nargs="*", help="the converter and its options, after --")
    args = parser.parse_args()
    if bool(args.words) == args.bring or (args.bring and not args.source_claim):
        parser.error("give a converter after --, or --bring with --source-claim")
    deployment = json.load(sys.stdin)
    check_scale(deployment, args.while_running)
    print(json.dumps(job(deployment, args), indent=2))


if __name__ == "__main__":
    run(main)
