"""Drivers: who may be the driver, what it may do, and that an add-on never takes over what is there."""

import json

import pulumi
import pytest

from components.eks.driver import (
    POLICIES,
    SERVICE_ACCOUNTS,
    Driver,
    DriverAddon,
    DriverAddonArgs,
    DriverRole,
    DriverRoleArgs,
    Permission,
    PodIdentityAgent,
    PodIdentityAgentArgs,
    addon,
    irsa_trust,
    key_statements,
    pod_identity_trust,
)

ACCOUNT = "111122223333"
ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF"


def role(pulumi_run, **changes):
    values = {"driver": Driver.EBS, "account": ACCOUNT, "region": "eu-central-1", "cluster": "prod"}
    args = DriverRoleArgs(**{**values, **changes})
    return pulumi_run(lambda: DriverRole("driver", args) and None)


def test_pod_identity_of_this_cluster_only(pulumi_run):
    trust = json.loads(role(pulumi_run).one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    "ArnEquals": {"aws:SourceArn": f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/prod"},
                },
            }
        ],
    }


@pytest.mark.parametrize("issuer", [ISSUER, f"https://{ISSUER}"])
def test_irsa_of_these_service_accounts_only(pulumi_run, issuer):
    run = role(pulumi_run, permission=Permission.IRSA, oidc_issuer=issuer, driver=Driver.EFS)
    statement = json.loads(run.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"}
    assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert statement["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": [
                "system:serviceaccount:kube-system:efs-csi-controller-sa",
                "system:serviceaccount:kube-system:efs-csi-node-sa",
            ],
        }
    }


def test_irsa_needs_the_issuer(pulumi_run):
    with pytest.raises(pulumi.RunError) as error:
        role(pulumi_run, permission=Permission.IRSA)
    assert str(error.value) == "DriverRole 'driver': oidc_issuer: missing; permission irsa needs it"


def test_no_trust_without_a_condition():
    trusts = [
        pod_identity_trust(ACCOUNT, "cn-north-1", "prod"),
        irsa_trust(ACCOUNT, "cn-north-1", ISSUER, SERVICE_ACCOUNTS[Driver.EBS]),
    ]
    for statement in (s for trust in trusts for s in trust["Statement"]):
        assert statement["Condition"]
        assert "*" not in json.dumps(statement)
        assert "arn:aws:" not in json.dumps(statement)  # China is another partition


@pytest.mark.parametrize("driver", list(POLICIES))
def test_every_driver_has_its_policy(pulumi_run, driver):
    attachment = role(pulumi_run, driver=driver).one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.inputs["policyArn"] == f"arn:aws:iam::aws:policy/{POLICIES[driver]}"


def test_only_the_driver_of_buckets_has_no_managed_policy(pulumi_run):
    """Its right is one to a prefix, from the component that mounts it (components/object/mountpoint.py)."""
    assert set(Driver) - set(POLICIES) == {Driver.S3}
    run = role(pulumi_run, driver=Driver.S3)
    assert run.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == []


def test_the_second_version_of_the_ebs_policy_is_not_under_service_role():
    """With the path of the first version the role cannot be made: NoSuchEntity."""
    assert POLICIES[Driver.EBS] == "AmazonEBSCSIDriverPolicyV2"


def test_the_key_statements_name_one_key():
    use, grant = key_statements("arn:key")["Statement"]
    assert (use["Resource"], use["Action"]) == ("arn:key", ["kms:Decrypt", "kms:GenerateDataKeyWithoutPlaintext"])
    assert (grant["Resource"], grant["Action"]) == ("arn:key", "kms:CreateGrant")
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_an_addon_with_pod_identity(pulumi_run):
    args = DriverAddonArgs(driver=Driver.EBS, cluster="prod", role_arn="arn:role", version="v1.64.0-eksbuild.1")
    made = pulumi_run(lambda: DriverAddon("ebs", args) and None).one("aws:eks/addon:Addon")
    assert made.inputs == {
        "clusterName": "prod",
        "addonName": "aws-ebs-csi-driver",
        "addonVersion": "v1.64.0-eksbuild.1",
        "podIdentityAssociations": [{"serviceAccount": "ebs-csi-controller-sa", "roleArn": "arn:role"}],
        "resolveConflictsOnCreate": "NONE",
        "resolveConflictsOnUpdate": "PRESERVE",
        "preserve": True,
    }


def test_the_addon_of_efs_gives_a_role_to_its_controller_only():
    """aws-efs-csi-driver#1759: it takes no association for the service account of the nodes."""
    args = addon(DriverAddonArgs(driver=Driver.EFS, cluster="prod", role_arn="arn:role"))
    assert [a.service_account for a in args.pod_identity_associations or []] == ["efs-csi-controller-sa"]


def test_an_addon_with_irsa():
    args = addon(DriverAddonArgs(driver=Driver.EBS, cluster="prod", role_arn="arn:role", permission=Permission.IRSA))
    assert args.service_account_role_arn == "arn:role"
    assert args.pod_identity_associations is None


def test_an_addon_without_a_role():
    args = addon(DriverAddonArgs(driver=Driver.FSX, cluster="prod"))
    assert (args.service_account_role_arn, args.pod_identity_associations) == (None, None)


def test_the_role_may_use_a_key_before_the_driver_starts(pulumi_run):
    args = DriverAddonArgs(
        driver=Driver.EBS, cluster="prod", role_arn="arn:role", role_name="ebs-csi", key_arn="arn:key"
    )
    run = pulumi_run(lambda: DriverAddon("ebs", args) and None)
    policy = run.one("aws:iam/rolePolicy:RolePolicy")
    assert policy.inputs["role"] == "ebs-csi"
    assert json.loads(policy.inputs["policy"]) == key_statements("arn:key")
    assert "ebs-key" in {urn.rsplit("::", 1)[1] for urn in run.one("aws:eks/addon:Addon").depends_on}


def test_the_agent_of_pod_identity_stays_for_others(pulumi_run):
    run = pulumi_run(lambda: PodIdentityAgent("agent", PodIdentityAgentArgs(cluster="prod")) and None)
    made = run.one("aws:eks/addon:Addon")
    assert made.inputs == {
        "clusterName": "prod",
        "addonName": "eks-pod-identity-agent",
        "resolveConflictsOnCreate": "NONE",
        "resolveConflictsOnUpdate": "PRESERVE",
        "preserve": True,
    }
    assert [parent.name for parent in run.parents(made)] == ["agent"]
