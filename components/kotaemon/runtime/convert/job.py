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
OF_THE_APPLICATION = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "ports")


def command(container: dict[str, Any], words: list[str]) -> list[str]:
    """The converter, by the interpreter that starts the application."""
    script, *options = words
    folder = "" if "/" in script else f"{CONVERT_DIR}/"
    return [container["command"][0], f"{folder}{script}", *options]


def pod_spec(spec: dict[str, Any], convert_map: str, source: str | None, words: list[str], image: str | None) -> Any:
    """The application's pod with another command, without what serves it."""
    (container,) = (found for found in spec["containers"] if found["name"] == "kotaemon")
    volumes = [*spec["volumes"], {"name": "convert", "configMap": {"name": convert_map}}]
    mounts = [*container["volumeMounts"], {"name": "convert", "mountPath": CONVERT_DIR, "readOnly": True}]
    if source:
        volumes.append({"name": "source", "persistentVolumeClaim": {"claimName": source, "readOnly": True}})
        mounts.append({"name": "source", "mountPath": SOURCE_DIR, "readOnly": True})
    kept = {name: value for name, value in container.items() if name not in OF_THE_APPLICATION}
    kept |= {"name": "convert", "command": command(container, words), "volumeMounts": mounts}
    kept |= {"terminationMessagePolicy": "FallbackToLogsOnError"}
    if image:
        kept["image"] = image
    # Sidecars never end, and a Job waits for its pod's end.
    before = [found for found in spec.get("initContainers", []) if found.get("restartPolicy") != "Always"]
    return {
        **spec,
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
                "spec": pod_spec(template["spec"], args.map, args.source_claim, args.words, args.image),
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
    parser.add_argument("--image", help="another image than the Deployment's: a new version, before the roll")
    parser.add_argument("--while-running", action="store_true", help="for what only reads")
    parser.add_argument("words", nargs="+", help="the converter and its options, after --")
    args = parser.parse_args()
    deployment = json.load(sys.stdin)
    check_scale(deployment, args.while_running)
    print(json.dumps(job(deployment, args), indent=2))


if __name__ == "__main__":
    run(main)
