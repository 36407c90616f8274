"""The stack on AWS: the examples whole, what is found through the cluster, and what is refused when it is found."""

import json
from typing import Any

import grpc
import pulumi
import pytest

from plan.recorder import Echo, Run
from stacks import program
from stacks.platforms.aws.lookup import eks_kubeconfig
from stacks.safety import RefusedByGuard
from tests.unit.stacks.platforms.test_aws_settings import KEY, example, single

ACCOUNT = "111122223333"
NODES = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


class NotThere(grpc.RpcError):
    """What the engine answers when a function of the provider failed: in the words of terraform-provider-aws."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self.args[0])


class Account(Echo):
    """An account with a cluster in three zones."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.node_zones: list[str] = changes.get("node_zones", ["a", "b", "c"])
        self.auto_mode: bool = changes.get("auto_mode", False)
        self.image: str = changes.get("image", "AL2023_x86_64_STANDARD")
        self.associated: list[str] = changes.get("associated", list(self.node_zones))
        self.subnets = {f"subnet-{zone}": zone for zone in changes.get("subnet_zones", ["c", "a", "b"])}
        self.control_plane = list(self.subnets)
        root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        leaves_it_to_iam = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
        self.key_policy: Any = changes.get("key_policy", {"Statement": [leaves_it_to_iam]})
        self.outputs: dict[str, Any] = changes.get("outputs", {"kubeconfig": "kubeconfig of the other stack"})
        self.addons: dict[str, Any] = changes.get("addons", {})
        self.versions: dict[str, list[str]] = changes.get("versions", {})
        self.issuer_known: bool = changes.get("issuer_known", True)
        self.family: str = changes.get("family", "ipv4")
        self.without_ipv4: list[str] = changes.get("without_ipv4", [])

    def new_resource(self, args):
        id_, outputs = super().new_resource(args)
        if args.typ == "pulumi:pulumi:StackReference":
            return args.inputs["name"], {**args.inputs, "outputs": self.outputs, "secretOutputNames": []}
        for output in ("arn", "name", "dnsName", "mountName", "address"):
            if args.typ.startswith("aws:"):
                outputs.setdefault(output, f"{output}:{args.name}")
        return id_, outputs

    def call(self, args):
        self.asked.append(args.token.rsplit(":", 1)[1])
        return getattr(self, self.asked[-1])(args.args), []

    def getCallerIdentity(self, _):
        return {"accountId": ACCOUNT}

    def getCluster(self, given):
        assert given["name"] == "prod"
        return {
            "name": "prod",
            "version": "1.34",
            "endpoint": "https://prod.eks.example.com",
            "certificateAuthorities": [{"data": "Q0E="}],
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/cluster",
            "identities": [{"oidcs": [{"issuer": "https://oidc.example.com/id/1"}]}],
            "kubernetesNetworkConfigs": [{"ipFamily": self.family, "elasticLoadBalancings": []}],
            "computeConfigs": [{"enabled": self.auto_mode, "nodePools": [], "nodeRoleArn": ""}],
            "vpcConfig": {
                "vpcId": "vpc-found",
                "subnetIds": self.control_plane,
                "clusterSecurityGroupId": "sg-found",
            },
        }

    def getAddon(self, given):
        assert given["clusterName"] == "prod"
        if given["addonName"] not in self.addons:
            raise NotThere("reading EKS Add-On (prod:...): couldn't find resource")
        return {"addonName": given["addonName"], **self.addons[given["addonName"]]}

    def getAddonVersion(self, given):
        assert given["kubernetesVersion"] == "1.34"
        found = self.versions.get(given["addonName"], ["v1.0.0-eksbuild.1"])
        if not found:
            raise NotThere("reading EKS Add-On version info: empty result")
        return {"version": found[-1] if given.get("mostRecent") else found[0]}

    def getOpenIdConnectProvider(self, given):
        if not self.issuer_known:
            raise NotThere("finding IAM OIDC Provider by url: not found")
        return {"url": given["url"]}

    def getNodeGroups(self, _):
        return {"names": ["workers"] if self.node_zones else []}

    def getNodeGroup(self, given):
        assert given["nodeGroupName"] == "workers"
        return {"subnetIds": [f"subnet-{zone}" for zone in self.node_zones], "amiType": self.image}

    def getSubnet(self, given):
        zone = given["id"].removeprefix("subnet-")
        block = "" if zone in self.without_ipv4 else f"10.0.{ord(zone)}.0/24"
        return {"id": given["id"], "availabilityZone": f"eu-central-1{zone}", "cidrBlock": block}

    def getSubnets(self, given):
        ids, zones = (f["values"] for f in given["filters"])
        return {"ids": [i for i in ids if f"eu-central-1{self.subnets[i]}" in zones]}

    def getRouteTables(self, given):
        first = given["filters"][0]
        if first["name"] == "association.main":
            assert given["filters"][1]["name"] == "vpc-id"
            return {"ids": ["rtb-main"]}
        assert first["name"] == "association.subnet-id"
        (subnet,) = first["values"]
        return {"ids": ["rtb-found"] if subnet.removeprefix("subnet-") in self.associated else []}

    def getResource(self, given):
        assert (given["typeName"], given["identifier"]) == ("AWS::KMS::Key", KEY.rpartition("/")[2])
        return {"properties": json.dumps({"KeyPolicy": self.key_policy})}

    def getKey(self, given):
        return {
            "arn": given["keyId"],
            "keyState": "Enabled",
            "keyUsage": "ENCRYPT_DECRYPT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keyManager": "CUSTOMER",
        }


def run(
    pulumi_run, values: dict[str, Any], account: Echo | None = None, *, preview: bool = False, earlier: Any = None
) -> Run:
    names = {key: key if ":" in key else f"kotaemon:{key}" for key in values}
    config = {names[k]: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    return pulumi_run(
        program.main, resources=account, config=config, stack="aws-test", preview=preview, earlier=earlier
    )


def left(made: Run) -> dict[str, Any]:
    """The outputs that a run leaves to the next one."""
    return {name: made.outputs[name].value for name in ("facts", "memory")}


def found(**changes: Any) -> dict[str, Any]:
    """The single-writer example with everything left to be found, but its zones."""
    nothing = dict.fromkeys(("account", "vpc", "subnets", "securityGroups", "networks"))
    return single(cluster="prod", **{"zones": ["eu-central-1a", "eu-central-1b"], **nothing, **changes})


@pytest.mark.parametrize("name", ["aws-single", "aws-scaled"])
def test_the_examples_ask_no_account(pulumi_run, name):
    """Echo knows no provider function: a look-up would fail the run."""
    made = run(pulumi_run, example(name), preview=True)
    assert made.outputs["contract_version"].known
    assert made.outputs["storage"].known


@pytest.mark.parametrize("name", ["aws-single", "aws-scaled"])
def test_everything_that_holds_data_is_kept(pulumi_run, name):
    made = run(pulumi_run, example(name), Account())
    holders = {
        "aws:kms/key:Key",
        "aws:efs/fileSystem:FileSystem",
        "aws:efs/accessPoint:AccessPoint",
        "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        "aws:rds/instance:Instance",
        "kubernetes:storage.k8s.io/v1:StorageClass",
    }
    data = [r for r in made.registrations if r.type in holders]
    assert len(data) >= 3
    assert {(r.protect, r.retain_on_delete) for r in data} == {(True, True)}
    # Volumes and claims of the preparation Jobs are second ways to the same data, and may go.
    volumes = [r for r in made.registrations if "PersistentVolume" in r.type and "folders" not in r.name]
    assert {(r.protect, r.retain_on_delete) for r in volumes} == {(True, True)}


@pytest.mark.parametrize("name", ["aws-single", "aws-scaled"])
def test_everything_is_encrypted_with_the_stacks_key(pulumi_run, name):
    made = run(pulumi_run, example(name), Account())
    for registration in made.registrations:
        if "kmsKeyId" in registration.inputs:
            assert registration.inputs["kmsKeyId"] == "arn:key-key"
    encrypted = [r.type for r in made.registrations if "kmsKeyId" in r.inputs]
    expected = {
        "aws-single": ["aws:efs/fileSystem:FileSystem"],
        "aws-scaled": [
            "aws:fsx/lustreFileSystem:LustreFileSystem",
            "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
            "aws:rds/instance:Instance",
        ],
    }
    assert sorted(encrypted) == expected[name]
    for storage_class in made.of("kubernetes:storage.k8s.io/v1:StorageClass"):
        assert storage_class.inputs["parameters"]["kmsKeyId"] == "arn:key-key"
        assert storage_class.inputs["parameters"]["encrypted"] == "true"


@pytest.mark.parametrize("name", ["aws-single", "aws-scaled"])
def test_everything_that_takes_tags_has_them(pulumi_run, name):
    made = run(pulumi_run, example(name), Account())
    tagged = [r for r in made.registrations if "tags" in r.inputs]
    assert len(tagged) >= 4
    for registration in tagged:
        assert registration.inputs["tags"].items() >= {"app": "kotaemon", "stack": "aws-test", "team": "search"}.items()


def dynamic() -> dict[str, Any]:
    """The single-writer example with EFS served by the driver."""
    values = single()
    values["storage"]["claims"]["files"]["provisioning"] = "dynamic"
    return values


def test_efs_served_by_the_driver(pulumi_run):
    """Same claim, same storage table; the class takes the place of volume and access point."""
    made, static = run(pulumi_run, dynamic(), Account()), run(pulumi_run, single(), Account())
    assert made.outputs["storage"].value == static.outputs["storage"].value
    assert made.of("aws:efs/accessPoint:AccessPoint") == []
    (files,) = [c for c in made.of("kubernetes:storage.k8s.io/v1:StorageClass") if "efs" in c.inputs["provisioner"]]
    assert files.inputs["parameters"].items() >= {"uid": "1001", "gid": "1001"}.items()
    assert (files.protect, files.retain_on_delete) == (True, True)
    key = made.one("aws:kms/key:Key").inputs["policy"]
    assert key == static.one("aws:kms/key:Key").inputs["policy"]
    jobs = [r.name for r in made.of("kubernetes:batch/v1:Job")]
    assert jobs == [r.name for r in static.of("kubernetes:batch/v1:Job")]


def test_efs_served_by_the_driver_in_a_preview_without_an_account(pulumi_run):
    made = run(pulumi_run, dynamic(), preview=True)
    assert made.outputs["storage"].known


def test_kubernetes_and_aws_each_get_their_provider(pulumi_run):
    made = run(pulumi_run, example("aws-scaled"), Account())
    for registration in made.registrations:
        if registration.custom and not registration.type.startswith("pulumi:"):
            wanted = "pulumi:providers:aws" if registration.type.startswith("aws:") else "pulumi:providers:kubernetes"
            assert wanted in registration.provider, registration.urn


def test_roles_go_where_they_suit(pulumi_run):
    storage = run(pulumi_run, example("aws-scaled"), Account()).outputs["storage"].value
    assert {role: mount["claim"] for role, mount in storage.items()} == {
        "models": "kotaemon-weights",
        "indexes": "kotaemon-shared",
        "uploads": "kotaemon-shared",
        "logs": "kotaemon-shared",
        "eval": "kotaemon-shared",
    }


def test_the_application_waits_for_its_folders(pulumi_run):
    made = run(pulumi_run, example("aws-scaled"), Account())
    deployment = made.one("kubernetes:apps/v1:Deployment")
    jobs = {urn.rsplit("::", 1)[1] for urn in deployment.depends_on} | {
        urn.rsplit("::", 1)[1] for parent in made.parents(deployment) for urn in parent.depends_on
    }
    assert {"kotaemon-shared-folders-job", "kotaemon-weights-folders-job"} <= jobs


def test_the_guard_is_asked_before_the_first_resource(pulumi_run):
    values = example("aws-scaled") | {"profile": "single-writer", "replicas": 3}
    del values["aws"]["database"], values["stores"]
    values["storage"]["roles"] |= {
        role: {"claim": "shared"} for role in ("indexes", "sessions", "uploads", "logs", "eval")
    }
    registered: list[str] = []

    class Watch(Account):
        def new_resource(self, args):
            registered.append(args.typ)
            return super().new_resource(args)

    with pytest.raises(RefusedByGuard):
        run(pulumi_run, values, Watch())
    assert [kind for kind in registered if kind != "pulumi:pulumi:Stack"] == []


def test_what_is_left_out_is_found_through_the_cluster(pulumi_run):
    made = run(pulumi_run, found(), Account())
    assert json.loads(made.one("aws:kms/key:Key").inputs["policy"])["Statement"][0]["Principal"] == {
        "AWS": f"arn:aws:iam::{ACCOUNT}:root"
    }
    targets = {t.name: t.inputs["subnetId"] for t in made.of("aws:efs/mountTarget:MountTarget")}
    assert targets == {
        "kotaemon-files-eu-central-1a": "subnet-a",
        "kotaemon-files-eu-central-1b": "subnet-b",
    }
    assert made.one("aws:ec2/securityGroup:SecurityGroup").inputs["vpcId"] == "vpc-found"
    assert made.one(NODES).inputs["referencedSecurityGroupId"] == "sg-found"


def test_without_an_account_what_is_found_is_known_at_up(pulumi_run):
    made = run(pulumi_run, found(keyArn=KEY), preview=True)
    unknown = {r.name: set(r.unknowns) for r in made.registrations if r.unknowns}
    assert unknown["kotaemon-files-group"] == {"vpcId"}
    assert unknown["kotaemon-files-eu-central-1a"] == {"subnetId"}
    # The zones are given, so the class and the storage table are complete.
    assert unknown["kotaemon-disk-class"] == {"parameters"}
    assert made.outputs["storage"].value["sessions"]["zones"] == ["eu-central-1a", "eu-central-1b"]


def test_without_an_account_zones_to_be_found_are_known_at_up(pulumi_run):
    values = found(zones=None)
    values["storage"]["claims"] = {"disk": {"kind": "ebs"}}
    made = run(pulumi_run, values, preview=True)
    assert "allowedTopologies" in made.one("kubernetes:storage.k8s.io/v1:StorageClass").unknowns
    assert made.outputs["storage"].value["sessions"]["zones"] == []


def test_networks_and_route_tables_are_found(pulumi_run):
    values = found()
    values["storage"]["claims"]["files"] = {"kind": "openzfs"}
    files = run(pulumi_run, values, Account()).one("aws:fsx/openZfsFileSystem:OpenZfsFileSystem").inputs
    clients = files["rootVolumeConfiguration"]["nfsExports"]["clientConfigurations"]
    assert [client["clients"] for client in clients] == ["10.0.97.0/24", "10.0.98.0/24", "10.0.99.0/24"]
    assert files["routeTableIds"] == ["rtb-found"]


@pytest.mark.parametrize("preview", [True, False])
def test_a_cluster_with_ipv6_pods_is_refused_before_anything_is_made(pulumi_run, preview):
    with pytest.raises(pulumi.RunError, match="prod gives its pods IPv6 addresses only"):
        run(pulumi_run, found(), Account(family="ipv6"), preview=preview)


def test_subnets_without_ipv4_hold_no_nodes_that_mount(pulumi_run):
    values = found()
    values["storage"]["claims"]["files"] = {"kind": "openzfs"}
    with pytest.raises(pulumi.RunError, match=r"kotaemon:aws\.subnets: subnet-b has no IPv4 network"):
        run(pulumi_run, values, Account(without_ipv4=["b"]), preview=True)


def test_only_subnets_of_nodes_count_and_one_without_a_table_of_its_own_has_the_main_table(pulumi_run):
    """The control plane is in a, b and c, the nodes are in a and d; d is associated with no table."""
    values = found(zones=["eu-central-1a", "eu-central-1d"])
    values["storage"]["claims"]["files"] = {"kind": "openzfs"}
    account = Account(node_zones=["a", "d"], subnet_zones=["a", "b", "c"], associated=["a", "b", "c"])
    account.subnets["subnet-d"] = "d"
    account.control_plane = ["subnet-a", "subnet-b", "subnet-c"]
    files = run(pulumi_run, values, account).one("aws:fsx/openZfsFileSystem:OpenZfsFileSystem").inputs
    clients = files["rootVolumeConfiguration"]["nfsExports"]["clientConfigurations"]
    assert files["routeTableIds"] == ["rtb-found", "rtb-main"]
    assert [client["clients"] for client in clients] == ["10.0.97.0/24", "10.0.100.0/24"]
    assert files["subnetIds"] == ["subnet-a", "subnet-d"]


def test_a_new_file_system_is_handed_over_first_and_squashed_by_the_next_run(pulumi_run):
    def options(made: Run) -> list[str]:
        files = made.one("aws:fsx/openZfsFileSystem:OpenZfsFileSystem").inputs["rootVolumeConfiguration"]
        return files["nfsExports"]["clientConfigurations"][0]["options"]

    def tasks(made: Run) -> list[Any]:
        jobs = [r.inputs["spec"]["template"]["spec"]["containers"][0] for r in made.of("kubernetes:batch/v1:Job")]
        said = [json.loads(job["env"][0]["value"])["claims"][0] for job in jobs]
        return [task for task in said if task["root"].endswith("kotaemon-shared")]

    values = example("aws-scaled")
    values["storage"]["claims"]["shared"]["squash"] = True
    first = run(pulumi_run, values, Account())
    assert "no_root_squash" in options(first)
    assert [task["give_root"] for task in tasks(first)] == [True]
    assert sum("shared.squash: not in this run" in line for line in first.warnings) == 1
    second = run(pulumi_run, values, Account(), earlier=left(first))
    assert options(second)[-3:] == ["all_squash", "anonuid=1001", "anongid=1001"]
    assert tasks(second) == []
    assert not any("squash" in line for line in second.warnings)
    del values["storage"]["claims"]["shared"]["squash"]
    plain = run(pulumi_run, values, Account())
    assert "give_root" not in tasks(plain)[0]


def nfs(**changes: Any) -> dict[str, Any]:
    """A claim on an NFS server."""
    return {"kind": "nfs", "server": "nfs.example.com", "path": "/srv", **changes}


@pytest.mark.parametrize("section", [{"autoMode": True, "drivers": None}, {"bottlerocket": True}])
@pytest.mark.parametrize("claim", [nfs(driver="csi"), {"kind": "openzfs", "driver": "csi"}])
def test_nfs_on_bottlerocket_is_mounted_by_the_driver_as_4_1(pulumi_run, section, claim):
    values = found(**section)
    values["storage"]["claims"]["files"] = claim
    made = run(pulumi_run, values, Account(auto_mode="autoMode" in section))
    volumes = [r.inputs["spec"] for r in made.of("kubernetes:core/v1:PersistentVolume")]
    assert volumes
    assert {volume["csi"]["driver"] for volume in volumes} == {"nfs.csi.k8s.io"}
    assert all("vers=4.1" in volume["mountOptions"] for volume in volumes)
    assert not any("vers=4" in volume["mountOptions"] for volume in volumes)


def test_bottlerocket_nodes_have_to_be_said(pulumi_run):
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, found(), Account(image="BOTTLEROCKET_x86_64"))
    assert str(error.value) == (
        "kotaemon:aws.bottlerocket: false, but node group workers of cluster prod runs Bottlerocket, which cannot mount "
        "NFS by itself; set it to true"
    )
    assert run(pulumi_run, found(bottlerocket=True), Account(image="BOTTLEROCKET_x86_64")).outputs


def test_zones_are_found(pulumi_run):
    values = found(zones=None)
    values["storage"]["claims"] = {"disk": {"kind": "ebs"}}
    made = run(pulumi_run, values, Account())
    terms = made.one("kubernetes:storage.k8s.io/v1:StorageClass").inputs["allowedTopologies"]
    assert terms[0]["matchLabelExpressions"][0]["values"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert made.outputs["storage"].value["sessions"]["zones"] == []


def test_no_subnets_in_a_zone(pulumi_run):
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, found(zones=["eu-central-1d"]), Account(node_zones=[]))
    assert str(error.value) == (
        "kotaemon:aws.zones: cluster prod has no subnets in eu-central-1d; leave the zone out, or give kotaemon:aws.subnets"
    )


def test_nodes_in_none_of_the_zones(pulumi_run):
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, found(), Account(node_zones=["c"]))
    assert str(error.value) == (
        "kotaemon:aws.zones: eu-central-1a, eu-central-1b, but the nodes of cluster prod are in eu-central-1c, "
        "where no pod could use a disk; give zones that have nodes"
    )


def test_a_cluster_without_node_groups_is_not_refused(pulumi_run):
    assert run(pulumi_run, found(), Account(node_zones=[])).outputs["namespace"].value == "kotaemon"


def test_the_standard_driver_on_an_auto_mode_cluster(pulumi_run):
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, found(), Account(auto_mode=True))
    assert str(error.value) == (
        "kotaemon:aws.autoMode: false, but cluster prod runs EKS Auto Mode, which has an EBS driver of its own; set it "
        "to true, or install the standard driver (drivers.ebs.mode: install)"
    )


def test_auto_mode_on_a_standard_cluster(pulumi_run):
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, found(autoMode=True, drivers=None), Account())
    assert str(error.value) == (
        "kotaemon:aws.autoMode: true, but cluster prod does not run EKS Auto Mode; leave it out"
    )


def test_auto_mode(pulumi_run):
    made = run(pulumi_run, found(autoMode=True, drivers=None), Account(auto_mode=True))
    assert made.one("kubernetes:storage.k8s.io/v1:StorageClass").inputs["provisioner"] == "ebs.csi.eks.amazonaws.com"
    policy = json.loads(made.one("aws:kms/key:Key").inputs["policy"])
    nodes = next(s for s in policy["Statement"] if s["Sid"] == "NodesUseTheKey")
    assert nodes["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/cluster"]}


@pytest.mark.parametrize("allowed", [False, True])
def test_disks_of_auto_mode_have_tags_only_where_the_role_allows_it(pulumi_run, allowed):
    made = run(pulumi_run, found(autoMode=True, autoModeTags=allowed, drivers=None), Account(auto_mode=True))
    parameters = made.one("kubernetes:storage.k8s.io/v1:StorageClass").inputs["parameters"]
    assert any("tagSpecification" in name for name in parameters) == allowed
    assert made.one("aws:efs/fileSystem:FileSystem").inputs["tags"]["team"] == "search"
    said = [line for line in made.warnings if '"ec2:CreateVolume", "ec2:CreateSnapshot"' in line]
    assert len(said) == 1
    assert said[0].startswith("kotaemon:aws.autoModeTags: " if allowed else "kotaemon:aws.tags: ")


def test_node_disks_under_the_key(pulumi_run):
    made = run(pulumi_run, single(keyForNodes=True), Account())
    policy = json.loads(made.one("aws:kms/key:Key").inputs["policy"])
    nodes = next(s for s in policy["Statement"] if s["Sid"] == "NodesUseTheKey")
    assert nodes["Principal"]["AWS"] == [
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    ]


@pytest.mark.parametrize("permission", ["pod-identity", "irsa"])
def test_installed_drivers(pulumi_run, permission):
    install = {"mode": "install"}
    drivers = {"ebs": install, "efs": install, "fsx": install, "permission": permission, "installAgent": True}
    made = run(pulumi_run, found(drivers=drivers), Account())
    addons = {a.inputs["addonName"]: a for a in made.of("aws:eks/addon:Addon")}
    assert set(addons) == {
        "eks-pod-identity-agent",
        "aws-ebs-csi-driver",
        "aws-efs-csi-driver",
        "aws-fsx-csi-driver",
    }
    ebs = addons["aws-ebs-csi-driver"]
    if permission == "irsa":
        assert ebs.inputs["serviceAccountRoleArn"] == "arn:aws-ebs-csi-driver-role"
    else:
        assert ebs.inputs["podIdentityAssociations"][0]["roleArn"] == "arn:aws-ebs-csi-driver-role"
    assert {a.inputs["preserve"] for a in addons.values()} == {True}
    # The key names the role, and the role may use the key.
    policy = json.loads(made.one("aws:kms/key:Key").inputs["policy"])
    volumes = next(s for s in policy["Statement"] if s["Sid"] == "VolumesUseTheKey")
    assert volumes["Principal"] == {"AWS": ["arn:aws-ebs-csi-driver-role"]}
    inline = json.loads(made.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert {s["Resource"] for s in inline["Statement"]} == {"arn:key-key"}
    # The driver comes after its role and the agent, and claims after the driver.
    addon = made.one("kotaemon:index:DriverAddon", "aws-ebs-csi-driver-addon")
    waits = {urn.rsplit("::", 1)[1] for urn in addon.depends_on}
    assert {"aws-ebs-csi-driver-role", "aws-ebs-csi-driver-policy", "pod-identity-addon"} <= waits
    disk = made.one("kotaemon:index:EbsStorage")
    assert any(urn.endswith("aws-ebs-csi-driver-addon-addon") for urn in disk.depends_on)


def test_everything_of_aws_belongs_to_a_component(pulumi_run):
    install = {"mode": "install"}
    drivers = {"ebs": install, "efs": install, "fsx": install, "installAgent": True}
    for values in (found(drivers=drivers), example("aws-scaled")):
        made = run(pulumi_run, values, Account())
        assert [r.name for r in made.registrations if r.type.startswith("aws:") and not list(made.parents(r))] == []


def test_adopted_drivers_are_left_alone(pulumi_run):
    made = run(pulumi_run, found(), Account())
    assert made.of("aws:eks/addon:Addon") == []
    assert made.of("aws:iam/role:Role") == []


def test_a_key_of_your_own(pulumi_run):
    made = run(pulumi_run, single(keyArn=KEY), Account())
    assert made.of("aws:kms/key:Key") == []
    assert made.one("aws:efs/fileSystem:FileSystem").inputs["kmsKeyId"] == KEY
    assert made.outputs["storage"].value["sessions"]["encrypted_by"] == f"KMS {KEY}"


def test_a_disk_in_a_given_zone(pulumi_run):
    values = single()
    values["storage"]["claims"]["disk"] = {"kind": "ebs", "zone": "eu-central-1b", "snapshot": "snap-1"}
    made = run(pulumi_run, values, Account())
    assert made.one("aws:ebs/volume:Volume").inputs["availabilityZone"] == "eu-central-1b"
    assert made.outputs["storage"].value["sessions"]["zones"] == ["eu-central-1b"]


def test_claims_of_other_kinds_beside_ours(pulumi_run):
    values = single()
    values["storage"]["claims"]["files"] = {"kind": "nfs", "server": "nfs.example.com", "path": "/srv"}
    made = run(pulumi_run, values, Account())
    assert made.one("kubernetes:core/v1:PersistentVolume").inputs["spec"]["nfs"]["path"] == "/srv"


def provider(made: Run) -> dict[str, Any]:
    return made.one("pulumi:providers:kubernetes").inputs


def test_the_cluster_by_its_name(pulumi_run):
    values = found()
    del values["cluster"]
    kubeconfig = json.loads(provider(run(pulumi_run, values, Account()))["kubeconfig"])
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://prod.eks.example.com"


def test_a_kubeconfig_holds_no_token():
    config = json.loads(eks_kubeconfig("prod", "https://e", "Q0E=", "eu-central-1"))
    assert config["users"] == [
        {
            "name": "prod",
            "user": {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1beta1",
                    "command": "aws",
                    "args": [
                        "--region",
                        "eu-central-1",
                        "eks",
                        "get-token",
                        "--cluster-name",
                        "prod",
                        "--output",
                        "json",
                    ],
                }
            },
        }
    ]


def test_the_cluster_from_another_stack(pulumi_run):
    values = single(clusterStack="organization/platform/prod")
    del values["cluster"]
    made = run(pulumi_run, values, Account())
    assert provider(made)["kubeconfig"] == "kubeconfig of the other stack"
    assert "kubeconfig" in made.one("pulumi:providers:kubernetes").secret_keys


def test_another_stack_without_a_kubeconfig(pulumi_run):
    values = single(clusterStack="organization/platform/prod")
    del values["cluster"]
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, values, Account(outputs={"vpc_id": "vpc-1"}))
    assert str(error.value) == (
        "kotaemon:aws.clusterStack: stack organization/platform/prod has no output kubeconfig; it has: vpc_id"
    )


def test_a_given_kubeconfig_wins(pulumi_run):
    made = run(pulumi_run, single(clusterStack="organization/platform/prod", cluster="prod"), Account())
    assert (provider(made)["kubeconfig"], provider(made)["context"]) == ("kubeconfig.yaml", "kotaemon")


OWN = {
    "aws:profile": "prod",
    "aws:assumeRoles": [{"roleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"}],
    "aws:defaultTags": {"tags": {"owner": "me"}},
    "aws:endpoints": [{"sts": "https://sts.internal.example.com"}],
    "aws:skipMetadataApiCheck": "true",
    "aws:maxRetries": "5",
    "aws:region": "eu-central-1",
}


def test_pulumis_own_configuration_reaches_the_provider(pulumi_run):
    made = run(pulumi_run, {**single(), **OWN}, Account()).one("pulumi:providers:aws").inputs
    assert (made["profile"], made["region"]) == ("prod", "eu-central-1")
    assert json.loads(made["assumeRoles"]) == OWN["aws:assumeRoles"]
    assert json.loads(made["defaultTags"]) == OWN["aws:defaultTags"]
    assert json.loads(made["endpoints"]) == OWN["aws:endpoints"]
    assert (json.loads(made["skipMetadataApiCheck"]), json.loads(made["maxRetries"])) == (True, 5)


def test_the_account_of_the_section_is_enforced(pulumi_run):
    made = run(pulumi_run, single(), Account()).one("pulumi:providers:aws").inputs
    assert json.loads(made["allowedAccountIds"]) == [ACCOUNT]
    assert "allowedAccountIds" not in run(pulumi_run, found(), Account()).one("pulumi:providers:aws").inputs


def test_the_cluster_is_asked_with_the_same_credentials(pulumi_run):
    values = {**found(), **OWN}
    del values["cluster"]
    kubeconfig = run(pulumi_run, values, Account()).one("pulumi:providers:kubernetes").inputs["kubeconfig"]
    arguments = json.loads(kubeconfig)["users"][0]["user"]["exec"]["args"]
    assert arguments[-4:] == ["--profile", "prod", "--role-arn", f"arn:aws:iam::{ACCOUNT}:role/deploy"]


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"aws:profil": "prod"}, "aws:profil: unknown key; did you mean profile?"),
        (
            {"aws:region": "us-east-1"},
            "aws:region: 'us-east-1', but kotaemon:aws.region is 'eu-central-1'; leave aws:region out",
        ),
        ({"aws:assumeRoles": "role"}, "aws:assumeRoles: must be a list or mapping"),
        ({"aws:maxRetries": "many"}, "aws:maxRetries: 'many' is not allowed; it must be a number"),
        (
            {"aws:allowedAccountIds": ["999999999999"]},
            f"aws:allowedAccountIds: 999999999999, but kotaemon:aws.account is {ACCOUNT}; make them the same",
        ),
    ],
)
def test_mistakes_in_it_end_the_run_before_anything_is_registered(pulumi_run, own, message):
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, {**single(), **own}, Account())
    assert message in str(error.value)


ROLE = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"}


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ([ROLE, ROLE], "aws:assumeRoles: 2 roles, and `aws eks get-token` takes one; give kotaemon:cluster.kubeconfig"),
        (
            [{**ROLE, "externalId": "x"}],
            "aws:assumeRoles: externalId, and `aws eks get-token` takes none; give kotaemon",
        ),
        ([{"sessionName": "x"}], "aws:assumeRoles: roleArn is missing in it"),
    ],
)
def test_roles_that_the_log_in_to_a_cluster_by_name_cannot_take(pulumi_run, roles, message):
    values = {**found(), "aws:assumeRoles": roles}
    with_a_file = run(pulumi_run, values, Account()).one("pulumi:providers:aws").inputs
    assert json.loads(with_a_file["assumeRoles"]) == roles
    del values["cluster"]
    with pytest.raises(pulumi.RunError) as error:
        run(pulumi_run, values, Account())
    assert message in str(error.value)


def test_a_key_of_another_account_is_taken_and_the_statements_of_its_policy_are_printed(pulumi_run):
    other = KEY.replace(ACCOUNT, "999999999999")
    made = run(pulumi_run, single(keyArn=other), Account())
    (said,) = [line for line in made.warnings if line.startswith("kotaemon:aws.keyArn: ")]
    statements = json.loads(said[said.index("[") :])
    assert [statement["Sid"] for statement in statements] == [
        "VolumesUseTheKey",
        "VolumesGrantTheKeyToAwsServices",
        "ServicesUseTheKeyForTheAccount",
    ]
    assert statements[0]["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/ebs-csi-driver"]}
    assert statements[2]["Condition"]["StringEquals"]["kms:CallerAccount"] == ACCOUNT
    assert made.one("aws:efs/fileSystem:FileSystem").inputs["kmsKeyId"] == other
    assert not any("keyArn" in line for line in run(pulumi_run, single(keyArn=KEY), Account()).warnings)


@pytest.mark.parametrize("account", [ACCOUNT, "999999999999"])
def test_a_key_of_your_own_and_a_driver_that_is_not_named(pulumi_run, account):
    made = run(pulumi_run, found(keyArn=KEY.replace(ACCOUNT, account), drivers={}), Account())
    said = [line for line in made.warnings if "drivers.ebs.role does not name" in line]
    assert len(said) == 1
    named = single(keyArn=KEY.replace(ACCOUNT, account))
    assert not any("does not name" in line for line in run(pulumi_run, named, Account()).warnings)
