"""The stack on Alibaba Cloud: both examples whole, where the cluster comes from, and who waits for whom."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import yaml

from components.alicloud import MANAGED_ROLES
from components.file.nas import mount_options
from components.file.nas_rules import NasProtocol
from plan.recorder import Echo, Registration, Run
from stacks import program
from stacks.safety import RefusedByGuard
from tests.unit.stacks.platforms.test_alicloud_settings import config, example, with_claim, with_section

Values = dict[str, Any]
KUBERNETES = "pulumi:providers:kubernetes"
HOLDS_DATA = {
    "alicloud:kms/key:Key",
    "alicloud:nas/fileSystem:FileSystem",
    "alicloud:nas/accessGroup:AccessGroup",
    "alicloud:nas/accessRule:AccessRule",
    "alicloud:nas/mountTarget:MountTarget",
    "alicloud:hbr/vault:Vault",
    "alicloud:ecs/ecsDisk:EcsDisk",
    "alicloud:rds/instance:Instance",
    "alicloud:rds/rdsAccount:RdsAccount",
    "alicloud:rds/database:Database",
    "kubernetes:storage.k8s.io/v1:StorageClass",
}


class Account(Echo):
    """An account with a cluster; it knows what only the cloud can tell."""

    def __init__(self, outputs: Values | None = None) -> None:
        super().__init__()
        self.outputs = {"kubeconfig": "kubeconfig of the other stack"} if outputs is None else outputs
        self.asked: list[Values] = []
        self.addons = {"csi-plugin": "v1.33.1", "managed-csiprovisioner": "v1.33.1", "csi-provisioner": ""}
        self.roles = list(MANAGED_ROLES)
        self.key = {"status": "Enabled", "keyUsage": "ENCRYPT/DECRYPT", "keySpec": "Aliyun_AES_256", "creator": "15126"}

    def new_resource(self, args: Any) -> Any:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.inputs["name"], {**args.inputs, "outputs": self.outputs, "secretOutputNames": []}
        resource_id, outputs = super().new_resource(args)
        known = {
            "alicloud:nas/mountTarget:MountTarget": {"mountTargetDomain": "fs.cn-hangzhou.nas.aliyuncs.com"},
            "alicloud:rds/instance:Instance": {"connectionString": "pgm-1.pg.rds.aliyuncs.com"},
            "alicloud:ecs/ecsNetworkInterface:EcsNetworkInterface": {"primaryIpAddress": "10.0.0.77"},
        }
        return resource_id, outputs | known.get(args.typ, {})

    def call(self, args: Any) -> Any:
        if args.token == "alicloud:index/getCallerIdentity:getCallerIdentity":
            return {"accountId": "1512666876910000"}, []
        if args.token == "alicloud:kms/getKeys:getKeys":
            return {"keys": [{"keyId": args.args["ids"][0], **self.key}]}, []
        if args.token == "alicloud:ecs/getImages:getImages":
            return {"ids": ["debian_12_9_x64_20G_alibase_20250314.vhd"], "images": []}, []
        if args.token == "alicloud:cs/getKubernetesAddons:getKubernetesAddons":
            return {"addons": [{"name": name, "currentVersion": now} for name, now in self.addons.items()]}, []
        if args.token == "alicloud:ram/getRoles:getRoles":
            found = [role for role in self.roles if re.search(args.args["nameRegex"], role)]
            return {"roles": [{"name": role} for role in found]}, []
        assert args.token == "alicloud:cs/getClusterCredential:getClusterCredential"
        self.asked.append(args.args)
        return {"kubeConfig": f"kubeconfig of {args.args['clusterId']}"}, []


def run(
    pulumi_run: Callable[..., Any],
    values: Values,
    account: Echo | None = None,
    *,
    preview: bool = False,
    earlier: Values | None = None,
) -> Run:
    return pulumi_run(
        program.main,
        resources=account or Account(),
        config=config(values),
        stack="prod",
        preview=preview,
        earlier=earlier,
    )


def custom(made: Run) -> list[Registration]:
    return [r for r in made.registrations if r.custom and not r.type.startswith("pulumi:")]


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_the_examples_ask_no_account(pulumi_run: Callable[..., Any], name: str) -> None:
    made = run(pulumi_run, example(name), Echo(), preview=True)
    assert made.outputs["storage"].known
    assert made.one(KUBERNETES).unknowns == {"kubeconfig"}


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_what_holds_data_is_kept(pulumi_run: Callable[..., Any], name: str) -> None:
    made = run(pulumi_run, example(name))
    kept = [r for r in custom(made) if r.type in HOLDS_DATA]
    assert kept
    assert all(r.protect and r.retain_on_delete for r in kept)


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_protection_is_lifted_by_one_key(pulumi_run: Callable[..., Any], name: str) -> None:
    made = run(pulumi_run, {**example(name), "protect": "false"})
    assert not any(r.protect for r in custom(made))
    assert all(r.retain_on_delete for r in custom(made) if r.type in HOLDS_DATA)


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_every_resource_has_the_provider_of_its_own(pulumi_run: Callable[..., Any], name: str) -> None:
    made = run(pulumi_run, example(name))
    for resource in custom(made):
        assert f"$pulumi:providers:{resource.type.partition(':')[0]}::" in resource.provider, resource.name


def test_storage_of_the_single_writer(pulumi_run: Callable[..., Any]) -> None:
    storage = run(pulumi_run, example("alicloud-single")).outputs["storage"].value
    on_disk = {role for role, mount in storage.items() if mount["medium"] == "block"}
    assert on_disk == {"indexes", "sessions"}
    assert storage["indexes"]["zones"] == ["cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-k"]
    assert {mount["encrypted_by"] for mount in storage.values()} == {"KMS alias/kotaemon-prod"}
    assert storage["uploads"]["locks"] == "shared"


def test_everything_is_encrypted_with_the_one_key(pulumi_run: Callable[..., Any]) -> None:
    made = run(pulumi_run, {**example("alicloud-scaled"), "storage": with_disks()["storage"]})
    key = "key-key-id"
    assert made.one("alicloud:nas/fileSystem:FileSystem").inputs["kmsKeyId"] == key
    assert made.one("alicloud:hbr/vault:Vault").inputs["kmsKeyId"] == key
    assert made.one("alicloud:rds/instance:Instance").inputs["encryptionKey"] == key
    assert made.one("alicloud:ecs/ecsDisk:EcsDisk").inputs["kmsKeyId"] == key
    assert made.one("kubernetes:storage.k8s.io/v1:StorageClass").inputs["parameters"]["kmsKeyId"] == key


def with_disks() -> Values:
    """The scaled example with an unused disk of each kind beside its files."""
    values = copy.deepcopy(example("alicloud-scaled"))
    values["storage"]["claims"] |= {
        "dynamic": {"kind": "essd"},
        "static": {"kind": "ecs-disk", "zone": "cn-hangzhou-k"},
    }
    values["storage"]["roles"] = {
        role: {"claim": "files"} for role in ("models", "indexes", "sessions", "uploads", "logs", "eval")
    }
    return values


def test_a_given_key_is_used_as_it_is(pulumi_run: Callable[..., Any]) -> None:
    made = run(pulumi_run, with_section(key=None, keyId="key-hzz6540example"))
    assert not made.of("alicloud:kms/key:Key")
    assert made.one("alicloud:nas/fileSystem:FileSystem").inputs["kmsKeyId"] == "key-hzz6540example"
    assert made.outputs["storage"].value["models"]["encrypted_by"] == "KMS key-hzz6540example"


def test_a_given_key_that_cannot_be_used_ends_a_preview(pulumi_run: Callable[..., Any]) -> None:
    account = Account()
    account.key["status"] = "Disabled"
    with pytest.raises(pulumi.RunError, match="KMS key key-hzz6540example: its state is Disabled; it must be Enabled"):
        run(pulumi_run, with_section(key=None, keyId="key-hzz6540example"), account, preview=True)


def test_the_services_encrypt_with_their_own_keys(pulumi_run: Callable[..., Any]) -> None:
    values = with_section(key=None, serviceKey=True)
    values["storage"]["claims"]["static"] = {"kind": "ecs-disk", "zone": "cn-hangzhou-k"}
    values["storage"]["roles"] = {"indexes": {"claim": "disk"}, "sessions": {"claim": "disk"}}
    made = run(pulumi_run, values)
    assert not made.of("alicloud:kms/key:Key")
    assert made.one("alicloud:nas/fileSystem:FileSystem").inputs["encryptType"] == 1
    assert made.one("alicloud:hbr/vault:Vault").inputs["encryptType"] == "HBR_PRIVATE"
    assert made.one("alicloud:ecs/ecsDisk:EcsDisk").inputs["encrypted"] is True
    parameters = made.one("kubernetes:storage.k8s.io/v1:StorageClass").inputs["parameters"]
    assert (parameters["encrypted"], "kmsKeyId" in parameters) == ("true", False)
    assert not any("kmsKeyId" in resource.inputs for resource in made.registrations)
    assert made.outputs["storage"].value["indexes"]["encrypted_by"] == "the service's own key"


def test_root_is_squashed_on_nas_once_the_folders_are_there(pulumi_run: Callable[..., Any]) -> None:
    values = copy.deepcopy(example("alicloud-single"))
    values["storage"]["claims"]["files"]["squash"] = "root_squash"
    rule, job = "alicloud:nas/accessRule:AccessRule", "kubernetes:batch/v1:Job"
    first = run(pulumi_run, values)
    left = {name: first.outputs[name].value for name in ("facts", "memory")}
    second = run(pulumi_run, values, earlier=left)
    assert first.one(rule).inputs["userAccessType"] == "no_squash"
    assert first.of(job)
    assert second.one(rule).inputs["userAccessType"] == "root_squash"
    assert not second.of(job)


def test_missing_roles_are_there_before_storage(pulumi_run: Callable[..., Any]) -> None:
    made = run(pulumi_run, with_section(serviceRoles=["disk", "nas", "nas-backup", "vault"]))
    roles = {r.urn for r in made.registrations if r.type.startswith(("alicloud:ram", "alicloud:resourcemanager"))}
    assert len(roles) == 5
    file_system = made.one("alicloud:nas/fileSystem:FileSystem")
    component = next(made.parents(file_system))
    assert roles <= {*file_system.depends_on, *component.depends_on}


def test_addons_are_adopted(pulumi_run: Callable[..., Any]) -> None:
    made = run(pulumi_run, with_section(addons={"csi-plugin": "v1.37.1"}))
    found = made.one("alicloud:cs/kubernetesAddon:KubernetesAddon")
    assert found.inputs["version"] == "v1.37.1"
    assert found.retain_on_delete


def test_the_cluster_by_its_id(pulumi_run: Callable[..., Any]) -> None:
    account = Account()
    provider = run(pulumi_run, example("alicloud-single"), account).one(KUBERNETES)
    cluster = "c0123456789abcdef0123456789abcdef"
    assert account.asked == [{"clusterId": cluster, "temporaryDurationMinutes": 120}]
    assert provider.inputs["kubeconfig"] == f"kubeconfig of {cluster}"
    assert provider.inputs["clusterIdentifier"] == cluster
    assert "kubeconfig" in provider.secret_keys


@pytest.mark.parametrize("preview", [True, False])
def test_the_cluster_by_its_id_and_its_private_endpoint(pulumi_run: Callable[..., Any], preview: bool) -> None:
    class Public(Account):
        def call(self, args: Any) -> Any:
            answer, failures = super().call(args)
            if "kubeConfig" in answer:
                cluster = {"server": "https://43.0.0.1:6443", "certificate-authority-data": "Q0E="}
                answer = {"kubeConfig": yaml.safe_dump({"clusters": [{"name": "ack", "cluster": cluster}]})}
            return answer, failures

    address = "https://192.168.0.251:6443"
    provider = run(pulumi_run, with_section(apiServer=address), Public(), preview=preview).one(KUBERNETES)
    (cluster,) = json.loads(provider.inputs["kubeconfig"])["clusters"]
    assert cluster["cluster"] == {"server": address, "certificate-authority-data": "Q0E="}
    assert provider.inputs["clusterIdentifier"] == "c0123456789abcdef0123456789abcdef"
    assert "kubeconfig" in provider.secret_keys


def test_the_cluster_from_another_stack(pulumi_run: Callable[..., Any]) -> None:
    values = with_section(clusterId=None, clusterStack="organization/cluster/prod")
    provider = run(pulumi_run, values).one(KUBERNETES)
    assert provider.inputs["kubeconfig"] == "kubeconfig of the other stack"
    assert "kubeconfig" in provider.secret_keys


def test_a_stack_without_a_kubeconfig_is_named(pulumi_run: Callable[..., Any]) -> None:
    values = with_section(clusterId=None, clusterStack="organization/cluster/prod")
    with pytest.raises(pulumi.RunError) as refused:
        run(pulumi_run, values, Account({"vpc": "vpc-1"}))
    assert str(refused.value) == (
        "kotaemon:alicloud.clusterStack: stack organization/cluster/prod has no output kubeconfig; it has: vpc"
    )


def test_the_cluster_by_kubeconfig_comes_first(pulumi_run: Callable[..., Any]) -> None:
    account = Account()
    values = {**example("alicloud-single"), "cluster": {"kubeconfig": "/home/me/ack.yaml", "context": "ack"}}
    provider = run(pulumi_run, values, account).one(KUBERNETES)
    assert (provider.inputs["kubeconfig"], provider.inputs["context"]) == ("/home/me/ack.yaml", "ack")
    assert account.asked == []


def test_folders_before_pods(pulumi_run: Callable[..., Any]) -> None:
    made = run(pulumi_run, example("alicloud-single"))
    job = made.one("kubernetes:batch/v1:Job")
    deployment = made.one("kubernetes:apps/v1:Deployment")
    application = next(made.parents(deployment))
    assert job.urn in {*deployment.depends_on, *application.depends_on}
    volume = made.one("kubernetes:core/v1:PersistentVolume", "kotaemon-files-folders-volume")
    assert volume.inputs["spec"]["nfs"]["server"] == "fs.cn-hangzhou.nas.aliyuncs.com"
    assert set(mount_options(NasProtocol.V4)) <= set(volume.inputs["spec"]["mountOptions"])


def test_state_of_the_scaled_profile(pulumi_run: Callable[..., Any]) -> None:
    made = run(pulumi_run, example("alicloud-scaled"))
    secrets = {r.inputs["metadata"]["name"]: r for r in made.of("kubernetes:core/v1:Secret")}
    assert "kotaemon-database" in secrets
    assert all("data" in secret.secret_keys for secret in secrets.values())
    pod = made.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]
    environment = {variable["name"]: variable for variable in pod["containers"][0]["env"]}
    assert environment["KH_DATABASE"]["valueFrom"]["secretKeyRef"] == {"name": "kotaemon-database", "key": "url"}
    assert {"name": "qdrant", "key": "api-key"} in [
        v.get("valueFrom", {}).get("secretKeyRef") for v in environment.values()
    ]
    assert made.outputs["storage"].value["indexes"]["locks"] == "shared"


def test_a_vector_server_in_the_cluster_beside_the_database_of_the_stack(pulumi_run: Callable[..., Any]) -> None:
    values = example("alicloud-scaled")
    values["stores"] = {"vectorStore": {"kind": "qdrant-bundled", "storageClass": "fast", "encryptedBy": "KMS"}}
    made = run(pulumi_run, values)
    assert made.one("kubernetes:apps/v1:StatefulSet")
    assert made.one("alicloud:rds/instance:Instance")
    job = made.one("kubernetes:batch/v1:Job", "kotaemon-files-folders-job")
    assert "backup-vectors" in str(job.inputs)  # its nightly copies go to NAS, whose root belongs to root


def test_databases_on_nas_without_locks_are_refused(pulumi_run: Callable[..., Any]) -> None:
    with pytest.raises(RefusedByGuard, match="sqlite-on-node-local-locks, role sessions, claim c"):
        run(pulumi_run, with_claim(kind="nas", protocol="3"))
    assert run(pulumi_run, with_claim(kind="nas", protocol="4.0")).outputs["storage"].known


@pytest.mark.parametrize("name", ["alicloud-single", "alicloud-scaled"])
def test_no_plain_secret_leaves_the_program(pulumi_run: Callable[..., Any], name: str) -> None:
    made = run(pulumi_run, example(name))
    for resource in made.registrations:
        shown = {k: v for k, v in resource.inputs.items() if k not in resource.secret_keys}
        assert "decrypted" not in str(shown), resource.name
        assert "kubeconfig of" not in str(shown), resource.name


def test_pulumis_own_configuration_reaches_the_provider(pulumi_run: Callable[..., Any]) -> None:
    endpoints = [{"nas": "nas-vpc.cn-hangzhou.aliyuncs.com"}]
    own = {
        "alicloud:profile": "prod",
        "alicloud:endpoints": json.dumps(endpoints),
        "alicloud:accountType": "International",
    }
    made = run(pulumi_run, {**example("alicloud-single"), **own}).one("pulumi:providers:alicloud").inputs
    assert (made["profile"], made["accountType"]) == ("prod", "International")
    assert json.loads(made["endpoints"]) == endpoints


def test_credentials_of_another_account_end_a_preview(pulumi_run: Callable[..., Any]) -> None:
    assert run(pulumi_run, with_section(account="1512666876910000"), preview=True).outputs
    with pytest.raises(pulumi.RunError) as refused:
        run(pulumi_run, with_section(account="1000000000000001"), preview=True)
    assert str(refused.value) == (
        "kotaemon:alicloud.account: '1000000000000001', but the credentials are of account '1512666876910000'; use "
        "credentials of the account, or leave account out"
    )
