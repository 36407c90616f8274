"""What holds data and stays: in the cluster without the engine's knowledge, or released by a claim that is gone."""

from pathlib import Path

from deploy.kube import Kube, Manifest, ref
from plan.exits import UserError

HOLDS = {
    "PersistentVolume": "the volume's data (reclaim policy Retain)",
    "PersistentVolumeClaim": "the tie between the application and its volume",
    "Secret": "a password or key that was generated once",
    "Namespace": "the objects above",
}
"""What each kept kind is kept for."""


class Unknown(UserError):
    """There are objects of the stack in the cluster that the engine's state knows nothing of."""


def refuse_unknown(kube: Kube, stack: str, namespace: str, lines: Path, *, said: bool) -> None:
    """Raise Unknown where the namespace of a stack without any state is there already.

    `said`: whether the stack file says what is there, in `existing`. `lines`: file with the lines that say it, written
    when the stack was taken down.
    """
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    if said or not kube.get(body):
        return
    claims = [ref(c) for c in kube.list("v1", "PersistentVolumeClaim", namespace)]
    raise Unknown(
        f"namespace {namespace} is in the devcluster, and the engine's state of stack {stack} knows nothing of it: the "
        "state was removed, or an earlier release brought it up without the engine. Nothing was changed.\n"
        f"  - `make purge STACK={stack}` deletes the devcluster with all that is in it "
        f"({', '.join(claims) or 'no claims'}); then `make up STACK={stack}` makes everything anew\n"
        f"  - or keep it: put the lines of {lines} into Pulumi.{stack}.yaml"
        f"{'' if lines.exists() else ' (the file is not there; write them yourself)'}, see docs/runbooks/take-down.md"
    )


def free_released(kube: Kube, namespace: str) -> list[str]:
    """Free kept volumes for the claims that `up` makes anew: after a claim is gone its volume stays Released for ever.

    One line for each. Raises UserError when several belonged to one claim: which is right is the user's to say.
    """
    claims = {c["metadata"]["name"] for c in kube.list("v1", "PersistentVolumeClaim", namespace)}
    found: dict[str, list[Manifest]] = {}
    for volume in kube.list("v1", "PersistentVolume"):
        reference = volume["spec"].get("claimRef") or {}
        released = (volume.get("status") or {}).get("phase") == "Released"
        if released and reference.get("namespace") == namespace and reference["name"] not in claims:
            found.setdefault(reference["name"], []).append(volume)
    for claim, volumes in found.items():
        if len(volumes) > 1:
            names = ", ".join(v["metadata"]["name"] for v in volumes)
            raise UserError(
                f"nothing was changed: PersistentVolumeClaim {namespace}/{claim} had several volumes, and all are "
                f"kept: {names}. Remove the claimRef of those that shall not be used and run again: "
                'kubectl patch pv NAME --type=json -p \'[{"op":"remove","path":"/spec/claimRef"}]\''
            )
    return [_free(kube, claim, volume) for claim, (volume,) in found.items()]


def _free(kube: Kube, claim: str, volume: Manifest) -> str:
    reference = volume["spec"]["claimRef"]
    present = [f"/spec/claimRef/{key}" for key in ("uid", "resourceVersion") if key in reference]
    kube.patch(volume, [{"op": "remove", "path": path} for path in present])
    return f"{ref(volume)}: kept from before, free again for PersistentVolumeClaim {reference['namespace']}/{claim}"


def volumes_of(kube: Kube, namespace: str) -> list[str]:
    """Volumes of the namespace's claims, also those that a StorageClass has made: the program does not know them."""
    found = kube.list("v1", "PersistentVolume")
    return [ref(v) for v in found if (v["spec"].get("claimRef") or {}).get("namespace") == namespace]
