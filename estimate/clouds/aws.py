"""Resources that are free on AWS, whatever product they belong to: type token -> why."""

_ACCESS = "identities and permissions are free"
_NETWORK = "security groups are free"
FREE = {
    "aws:ec2/securityGroup:SecurityGroup": _NETWORK,
    "aws:eks/addon:Addon": "EKS add-ons are free; their pods run on the existing nodes",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _ACCESS,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _ACCESS,
    "aws:iam/policy:Policy": _ACCESS,
    "aws:iam/role:Role": _ACCESS,
    "aws:iam/rolePolicy:RolePolicy": _ACCESS,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _ACCESS,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _NETWORK,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _NETWORK,
}
