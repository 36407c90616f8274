"""Each assumption about an AWS account, in an account that is so and in one that is not."""

from typing import Any

import pytest

from deploy.first_up import aws
from deploy.first_up.findings import Verdict, ask
from deploy.first_up.reading import Absent, NotRead
from tests.unit.deploy.first_up.accounts import (
    ACCOUNT,
    AWS_TYPES,
    BUYS,
    ROLE,
    SUBNETS,
    Cloud,
    asked,
    aws_account,
    aws_settings,
    simulated,
)

AUTO = {"autoMode": True, "autoModeTags": True, "keyForNodes": False, "drivers": {}}


def found(cloud: Cloud, **section: Any) -> dict[str, tuple[Verdict, str]]:
    """Point and assumption -> verdict and what is said."""
    findings = ask(aws.checks(asked(aws_settings(**section), AWS_TYPES, BUYS), cloud))
    return {f"{f.point}; {f.assumed}": (f.verdict, f"{f.seen} -> {f.then}") for f in findings}


def differing(cloud: Cloud, **section: Any) -> dict[str, str]:
    return {key: said for key, (verdict, said) in found(cloud, **section).items() if verdict is Verdict.DIFFERS}


def test_an_account_that_is_as_assumed() -> None:
    verdicts = found(aws_account())
    assert {verdict for verdict, _ in verdicts.values()} == {Verdict.HOLDS}, verdicts
    assert len(verdicts) == 25, list(verdicts)


def test_the_tags_of_auto_mode_are_simulated_for_the_clusters_role() -> None:
    cloud = aws_account()
    cluster = cloud.answers["eks", "DescribeCluster"]["cluster"]
    cluster["computeConfig"] = {"enabled": True}
    assert differing(cloud, **AUTO) == {}
    simulation = next(p for _, o, p in cloud.calls if o == "SimulatePrincipalPolicy" and "ContextEntries" in p)
    assert simulation["PolicySourceArn"] == cluster["roleArn"]
    assert simulation["ResourceArns"] == [f"arn:aws:ec2:eu-central-1:{ACCOUNT}:volume/*"]
    cloud.answers["iam", "SimulatePrincipalPolicy"] = lambda p: simulated(p, {"ec2:CreateVolume": "implicitDeny"})
    ((key, said),) = differing(cloud, **AUTO).items()
    assert key.startswith("Auto Mode: tags")
    assert "implicitDeny" in said


def changed(answer: tuple[str, str], change: Any) -> Cloud:
    cloud = aws_account()
    cloud.answers[answer] = change(cloud.answers[answer]) if callable(change) else change
    return cloud


def put(path: list[Any], value: Any) -> Any:
    def change(answer: Any) -> Any:
        at = answer
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        return answer

    return change


def with_addon(status: str, role: str, name: str = "") -> Any:
    def answered(parameters: dict[str, Any]) -> Any:
        if name and parameters["addonName"] != name and parameters["addonName"] != "aws-ebs-csi-driver":
            return Absent("ResourceNotFoundException")
        if not name and parameters["addonName"] != "aws-ebs-csi-driver":
            return Absent("ResourceNotFoundException")
        return {"addon": {"addonVersion": "v1", "status": status, "serviceAccountRoleArn": role}}

    return lambda _: answered


@pytest.mark.parametrize(
    ("answer", "change", "point", "said"),
    [
        (("sts", "GetCallerIdentity"), put(["Account"], "999988887777"), "account", "correct kotaemon:aws.account"),
        (("sts", "GetCallerIdentity"), put(["Arn"], f"arn:aws-cn:iam::{ACCOUNT}:user/x"), "partitions", "aws-cn"),
        (
            ("eks", "DescribeCluster"),
            put(["cluster", "computeConfig"], {"enabled": True}),
            "Auto Mode",
            "autoMode: true",
        ),
        (
            ("eks", "DescribeCluster"),
            put(["cluster", "resourcesVpcConfig", "vpcId"], "vpc-0other000000"),
            "cluster's network",
            "vpc: vpc-0other",
        ),
        (
            ("eks", "DescribeCluster"),
            put(["cluster", "kubernetesNetworkConfig"], {"ipFamily": "ipv6"}),
            "IPv6",
            "the IP family ipv4",
        ),
        (
            ("eks", "DescribeNodegroup"),
            put(["nodegroup", "amiType"], "BOTTLEROCKET_x86_64"),
            "Bottlerocket: NFS",
            "bottlerocket: true",
        ),
        (
            ("ec2", "DescribeSubnets"),
            put(["Subnets"], [{"AvailabilityZone": "eu-central-1a"}]),
            "zones of nodes",
            "no nodes in eu-central-1b",
        ),
        (
            ("ec2", "DescribeRouteTables"),
            put(["RouteTables", 0, "RouteTableId"], "rtb-0ffffffffffffffff"),
            "OpenZFS: route tables",
            "routeTables: [rtb-0ffffffffffffffff]",
        ),
        (("eks", "DescribeAddon"), with_addon("DEGRADED", ROLE), "drivers", "DEGRADED"),
        (("eks", "DescribeAddon"), with_addon("ACTIVE", f"{ROLE}-2"), "drivers", f"role: {ROLE}-2"),
        (("eks", "DescribeAddon"), with_addon("ACTIVE", ROLE, "aws-efs-csi-driver"), "drivers", "mode: adopt"),
        (
            ("eks", "DescribeAddon"),
            with_addon("ACTIVE", ROLE, "eks-pod-identity-agent"),
            "drivers: Pod Identity",
            "installAgent: false",
        ),
        (("eks", "DescribeAddonVersions"), {"addons": []}, "drivers: version", "by its chart"),
        (
            ("kms", "DescribeKey"),
            put(["KeyMetadata", "KeyState"], "PendingDeletion"),
            "keys: existing",
            "PendingDeletion",
        ),
        (
            ("kms", "GetKeyPolicy"),
            {"Policy": '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/x"}}]}'},
            "keys: policy",
            "role/x",
        ),
        (
            ("rds", "DescribeOrderableDBInstanceOptions"),
            put(["OrderableDBInstanceOptions", 0, "AvailabilityZones"], [{"Name": "eu-central-1a"}]),
            "databases: class",
            "not in eu-central-1b",
        ),
        (
            ("rds", "DescribeOrderableDBInstanceOptions"),
            put(["OrderableDBInstanceOptions", 0, "EngineVersion"], "16.9"),
            "databases: class",
            "no zone",
        ),
    ],
)
def test_an_account_that_is_not(answer: tuple[str, str], change: Any, point: str, said: str) -> None:
    ((key, words),) = differing(changed(answer, change)).items()
    assert key.startswith(f"{point};")
    assert said in words


@pytest.mark.parametrize(
    ("code", "limit", "point", "said"),
    [
        ("L-848C634D", 0, "File systems per account", "0 of 0 are used -> 1 are missing"),
        ("L-7B6409FD", 1, "DB instances", "1 of 1 are used -> 1 are missing"),
        ("L-59D0763F", 1, "OpenZFS file systems", "1 of 1 are used -> 1 are missing"),
        ("L-88479C21", 1100, "OpenZFS SSD storage capacity (GiB)", "1024 of 1100 are used -> 52 are missing"),
        ("L-4EDE4065", 400, "OpenZFS throughput capacity (MB/s)", "320 of 400 are used -> 80 are missing"),
        ("L-FD6F2F22", 1, "Lustre Persistent_2 file systems", "1 of 1 are used -> 1 are missing"),
        ("L-8F1B9C74", 3000, "Lustre Persistent_2 storage capacity (GiB)", "2400 of 3000 are used -> 600 are missing"),
        ("L-7A658B76", 2, "Storage for gp3 volumes (TiB)", "2 of 2 are used -> 0.0195312 are missing"),
    ],
)
def test_a_quota_that_is_too_small(code: str, limit: float, point: str, said: str) -> None:
    cloud = aws_account()
    cloud.answers["service-quotas", "GetServiceQuota"] = lambda p: {
        "Quota": {"Value": float(limit) if p["QuotaCode"] == code else 9000.0}
    }
    ((key, words),) = differing(cloud).items()
    assert key.startswith(f"quota: {point};")
    assert words.startswith(said)
    assert f"--quota-code {code} --desired-value " in words


def test_permissions_are_asked_for_what_the_stack_registers() -> None:
    cloud = aws_account()
    denied = {"rds:CreateDBInstance": "explicitDeny"}
    cloud.answers["iam", "SimulatePrincipalPolicy"] = lambda p: simulated(p, denied)
    ((key, said),) = differing(cloud).items()
    assert key.startswith("permissions;")
    assert "forbidden: rds:CreateDBInstance" in said
    simulations = [p for _, operation, p in cloud.calls if operation == "SimulatePrincipalPolicy"]
    assert {p["PolicySourceArn"] for p in simulations} == {f"arn:aws:iam::{ACCOUNT}:role/ci/deployer"}
    asked_for = {action for p in simulations for action in p["ActionNames"]}
    assert "elasticfilesystem:CreateFileSystem" in asked_for
    assert "fsx:CreateFileSystem" in asked_for
    assert "backup:CreateBackupPlan" not in asked_for
    assert all(len(p["ActionNames"]) <= 50 for p in simulations)


def test_an_action_that_may_be_allowed_for_some_resources_is_not_called_missing() -> None:
    cloud = aws_account()
    cloud.answers["iam", "SimulatePrincipalPolicy"] = lambda p: simulated(p, {"rds:CreateDBInstance": "implicitDeny"})
    verdict, said = next(value for key, value in found(cloud).items() if key.startswith("permissions;"))
    assert verdict is Verdict.UNREAD
    assert "rds:CreateDBInstance" in said


def test_a_role_of_auto_scaling_that_is_not_there_is_told_with_the_command() -> None:
    cloud = aws_account()
    there = cloud.answers["iam", "GetRole"]
    cloud.answers["iam", "GetRole"] = lambda p: (
        Absent("NoSuchEntity") if p["RoleName"] == "AWSServiceRoleForAutoScaling" else there(p)
    )
    ((key, said),) = differing(cloud).items()
    assert key.startswith("keys: nodes;")
    assert "create-service-linked-role" in said


def test_a_driver_that_is_no_addon_may_be_there_by_its_chart() -> None:
    cloud = changed(("eks", "DescribeAddon"), Absent("ResourceNotFoundException"))
    verdict, said = found(cloud)["drivers; aws-ebs-csi-driver is there"]
    assert verdict is Verdict.UNREAD
    assert "kubectl get csidriver" in said


def test_the_policy_of_a_key_of_another_account_is_not_asked_for() -> None:
    cloud = changed(("kms", "DescribeKey"), put(["KeyMetadata", "AWSAccountId"], "999988887777"))
    verdict, _ = next(value for key, value in found(cloud).items() if key.startswith("keys: of another account;"))
    assert verdict is Verdict.UNREAD
    assert ("kms", "GetKeyPolicy") not in [(service, operation) for service, operation, _ in cloud.calls]


def test_nodes_without_groups_are_in_the_subnets_of_the_cluster() -> None:
    cloud = changed(("eks", "ListNodegroups"), {"nodegroups": []})
    assert differing(cloud) == {}
    assert [p for _, o, p in cloud.calls if o == "DescribeSubnets"] == [{"SubnetIds": list(SUBNETS.values())}]


def test_a_call_that_fails_leaves_the_others() -> None:
    cloud = changed(("kms", "DescribeKey"), NotRead("the credentials may not: AccessDeniedException"))
    verdicts = found(cloud)
    assert verdicts["keys: existing; the key can encrypt"][0] is Verdict.UNREAD
    assert sum(verdict is Verdict.UNREAD for verdict, _ in verdicts.values()) == 1


def test_an_answer_of_another_form_leaves_the_others() -> None:
    cloud = changed(("rds", "DescribeOrderableDBInstanceOptions"), {"Options": []})
    verdict, said = found(cloud)["databases: class; db.t4g.small"]
    assert verdict is Verdict.UNREAD
    assert "another form" in said
