"""The contract with other repositories."""

from collections.abc import Callable

from runner import stack
from runner.record import Run
from stacks.outputs import CONTRACT_VERSION

VERSION_1 = {
    "contract_version": int,
    "namespace": str,
    "service": str,
    "url": str,
    "storage": dict,
}
MOUNT_1 = {
    "claim": str,
    "sub_path": str,
    "access_mode": str,
    "medium": str,
    "read_only": bool,
    "size_gib": int,
    "zones": list,
    "encrypted_by": str,
    "locks": str,
}


def test_outputs_only_grow(pulumi_run: Callable[..., Run]) -> None:
    file = stack.read("dev")
    outputs = {k: o.value for k, o in pulumi_run(file.program, config=file.config).outputs.items()}
    assert {k: type(v) for k, v in outputs.items() if k in VERSION_1} == VERSION_1
    assert outputs["contract_version"] == CONTRACT_VERSION
    for mount in outputs["storage"].values():
        assert {k: type(v) for k, v in mount.items() if k in MOUNT_1} == MOUNT_1
    assert outputs["storage"]["sessions"]["access_mode"] == "ReadWriteOncePod"
    assert outputs["storage"]["models"]["medium"] == "file"
