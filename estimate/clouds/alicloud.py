"""Resources that are free on Alibaba Cloud, whatever product they belong to: type token -> why."""

_ACCESS = "identities and permissions are free"
FREE = {
    # Quota Center, "Create an alert rule for a quota item", Billing (2025-01-23): what holds for alerts of CloudMonitor
    "alicloud:cms/alarm:Alarm": "alerts by mail are free; calls are billed, and text messages over 1,000 a month",
    "alicloud:cs/kubernetesAddon:KubernetesAddon": "ACK add-ons are free; their pods run on the existing nodes",
    "alicloud:kms/alias:Alias": "aliases are free",
    # https://www.alibabacloud.com/help/en/kms/key-management-service/product-overview/billing, "What's free"
    "alicloud:kms/key:Key": "the account's default key is free; a KMS instance is billed as a whole, not for each key",
    "alicloud:ram/policy:Policy": _ACCESS,
    "alicloud:ram/role:Role": _ACCESS,
    "alicloud:ram/rolePolicyAttachment:RolePolicyAttachment": _ACCESS,
    "alicloud:resourcemanager/serviceLinkedRole:ServiceLinkedRole": _ACCESS,
}
