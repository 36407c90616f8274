"""Kind `nfs-on-disk`: the volume is on the address, the machine can go, mistakes name their keys."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from plan import collect, stack_file
from stacks import changes
from stacks.effects import Effect
from stacks.settings.load import SettingsError

CLAIM: dict[str, Any] = {"kind": "nfs-on-disk", "clients": ["10.0.0.0/16"]}
MACHINE, ATTACHED = "aws:ec2/instance:Instance", "aws:ec2/volumeAttachment:VolumeAttachment"
ECS, HELD = "alicloud:ecs/instance:Instance", "alicloud:ecs/ecsDiskAttachment:EcsDiskAttachment"
VOLUME = "kubernetes:core/v1:PersistentVolume"


def read(
    folder: Path, section: dict[str, Any] | None = None, cloud: str = "aws", **changes: Any
) -> stack_file.StackFile:
    document = yaml.safe_load((stack_file.ROOT / f"Pulumi.{cloud}-single.yaml").read_text())
    document["config"][f"kotaemon:{cloud}"] |= section or {}
    document["config"]["kotaemon:storage"]["claims"]["files"] = {**CLAIM, **changes}
    (folder / "Pulumi.x.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return stack_file.read("x", folder)


@pytest.mark.parametrize(("cloud", "machine", "attached"), [("aws", MACHINE, ATTACHED), ("alicloud", ECS, HELD)])
def test_the_volume_waits_for_the_address_and_not_for_the_machine(
    tmp_path: Path, cloud: str, machine: str, attached: str
) -> None:
    run = collect.preview(read(tmp_path, cloud=cloud))
    volume = next(r for r in run.of(VOLUME) if r.name.startswith("kotaemon-files"))
    assert volume.inputs["spec"]["nfs"]["path"] == "/srv/nfs/kotaemon"
    machines = {run.one(machine).urn, run.one(attached).urn}
    assert not machines & set(volume.depends_on)
    deployment = run.one("kubernetes:apps/v1:Deployment")
    assert machines <= set(deployment.depends_on), "the application waits for the server"


@pytest.mark.parametrize("cloud", ["aws", "alicloud"])
def test_the_claim_is_shared_and_encrypted(tmp_path: Path, cloud: str) -> None:
    role = collect.make(read(tmp_path, cloud=cloud)).storage["models"]
    assert (role.access_mode, role.zones) == ("ReadWriteMany", [])
    assert role.encrypted_by.startswith("KMS ")


def test_every_run_says_that_it_is_one_machine(tmp_path: Path) -> None:
    assert any(
        "claims.files: one machine serves these files" in line for line in collect.preview(read(tmp_path)).warnings
    )


def test_on_alibaba_cloud_the_service_encrypts_where_the_stack_file_says_so(tmp_path: Path) -> None:
    file = read(tmp_path, {"key": None, "serviceKey": True}, "alicloud")
    assert collect.make(file).storage["models"].encrypted_by == "the service's own key"
    run = collect.preview(file)
    assert run.one("alicloud:ecs/ecsDisk:EcsDisk").inputs["encrypted"] is True
    assert "kmsKeyId" not in run.one("alicloud:ecs/ecsDisk:EcsDisk").inputs


def test_iops_on_alibaba_cloud_are_those_of_the_whole_disk(tmp_path: Path) -> None:
    disk = collect.preview(read(tmp_path, cloud="alicloud", iops=9000)).one("alicloud:ecs/ecsDisk:EcsDisk")
    assert disk.inputs["provisionedIops"] == 9000 - (1800 + 50 * 100)


def test_the_plan_does_not_call_a_disk_at_a_machine_kept(tmp_path: Path) -> None:
    found = {one.name: one.holds_data for one in collect.make(read(tmp_path, cloud="alicloud")).resources}
    assert (found["kotaemon-files-disk"], found["kotaemon-files-disk-at-server"]) == (True, False)


def test_the_key_lets_ec2_use_it(tmp_path: Path) -> None:
    key = collect.preview(read(tmp_path)).one("aws:kms/key:Key")
    assert "ec2.eu-central-1.amazonaws.com" in key.inputs["policy"]


@pytest.mark.parametrize(
    ("aws", "said", "message"),
    [
        ({}, {"security": "krb5p"}, "security: krb5p needs a keytab"),
        ({}, {"instanceType": "m4.large"}, "instanceType: 'm4.large' is not built on Nitro"),
        ({}, {"image": "debian"}, "image: 'debian' must be the id of an image"),
        ({}, {"diskType": "st1"}, "diskType: 'st1' is not allowed; it must be gp3 or io2"),
        ({}, {"iops": 100}, "diskType: "),
        ({}, {"zone": "eu-central-1f"}, "zone: 'eu-central-1f'"),
        ({}, {"clients": ["0.0.0.0/0"]}, "claims.files.clients: '0.0.0.0/0' is too wide"),
        ({}, {"alertPercent": 100}, "claims.files.alertPercent: 100 is not allowed"),
        ({}, {"snapshotDays": 0}, "claims.files.snapshotDays: 0 is not allowed; it must be 1 to 1000"),
        ({"bottlerocket": True}, {}, "kind: it is mounted by mount.nfs of the node"),
    ],
)
def test_mistakes_name_their_keys(tmp_path: Path, aws: dict[str, Any], said: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        collect.make(read(tmp_path, aws, **said))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"security": "krb5p"}, "security: krb5p needs a keytab"),
        ({"instanceType": "m7g.large"}, "instanceType: 'm7g.large' must be a type of ECS"),
        ({"image": "debian 12"}, "image: 'debian 12' must be the id of an image"),
        ({"diskType": "gp3"}, "diskType: 'gp3' is not allowed; it must be cloud_auto or cloud_essd"),
        ({"iops": 3000}, "iops: 3000 is not above the 6800 that 100 GiB have anyway"),
        ({"iops": 9000, "diskType": "cloud_essd"}, "iops: cloud_essd has what its size gives"),
        ({"throughput": 250}, "throughput: an ESSD disk has no throughput of its own"),
        ({"zone": "cn-hangzhou-z"}, "zone: 'cn-hangzhou-z' has no vSwitch"),
        ({"clients": ["0.0.0.0/0"]}, "claims.files.clients: '0.0.0.0/0' is too wide"),
        ({"clients": ["fd00::/48"]}, "claims.files.clients: 'fd00::/48' must be IPv4"),
        ({"snapshotDays": 0}, "claims.files.snapshotDays: snapshots are kept 0 days"),
    ],
)
def test_mistakes_on_alibaba_cloud_name_their_keys(tmp_path: Path, said: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        collect.make(read(tmp_path, cloud="alicloud", **said))


@pytest.mark.parametrize(("cloud", "disk"), [("aws", "vol-0a1b2c3d4e5f60718"), ("alicloud", "d-bp1exampleexample")])
def test_a_disk_that_is_there_is_taken_up_by_the_id_of_its_cloud(tmp_path: Path, cloud: str, disk: str) -> None:
    assert read(tmp_path, cloud=cloud, existing=disk).settings.storage.claims["files"].held_id == disk
    with pytest.raises(SettingsError, match=r"looks like vol-0a1b2c3d4e5f60718 or d-bp1exampleexample"):
        read(tmp_path, cloud=cloud, existing="disk-1")


@pytest.mark.parametrize(
    ("after", "effect"),
    [
        ({"instanceType": "ecs.g8i.xlarge"}, Effect.IN_PLACE),
        ({"instanceType": "ecs.g8y.large"}, Effect.LOSES_DATA),
        ({"instanceType": "ecs.g8y.large", "image": "m-bp1example"}, Effect.IN_PLACE),
        ({"image": "m-bp1example"}, Effect.IN_PLACE),
        ({"address": "10.0.0.9"}, Effect.LOSES_DATA),
    ],
)
def test_what_a_change_does_on_alibaba_cloud(tmp_path: Path, after: dict[str, Any], effect: Effect) -> None:
    plans = []
    for name, said in (("before", {}), ("after", after)):
        (tmp_path / name).mkdir()
        plans.append(collect.make(read(tmp_path / name, cloud="alicloud", **said)))
    found = changes.between(plans[0].facts, plans[1].facts)
    assert max((change.row.effect for change in found), key=list(Effect).index) == effect


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ({}, {"instanceType": "m7g.xlarge"}, Effect.IN_PLACE),
        ({}, {"instanceType": "m7i.large"}, Effect.LOSES_DATA),
        ({}, {"instanceType": "m7i.large", "image": "ami-0a1b2c3d4e5f60718"}, Effect.IN_PLACE),
        ({}, {"clients": ["10.0.0.0/16", "10.1.0.0/16"]}, Effect.IN_PLACE),
        ({}, {"size": "200Gi"}, Effect.IN_PLACE),
        ({"size": "200Gi"}, {"size": "100Gi"}, Effect.LOSES_DATA),
        ({}, {"address": "10.0.0.9"}, Effect.LOSES_DATA),
        ({}, {"fileSystem": "ext4"}, Effect.LOSES_DATA),
    ],
)
def test_what_a_change_does(tmp_path: Path, before: dict[str, Any], after: dict[str, Any], effect: Effect) -> None:
    plans = []
    for name, said in (("before", before), ("after", after)):
        (tmp_path / name).mkdir()
        plans.append(collect.make(read(tmp_path / name, **said)))
    found = changes.between(plans[0].facts, plans[1].facts)
    worst = max((change.row.effect for change in found), key=list(Effect).index)
    assert worst == effect
