"""Storage keeps the key that it was made with for ever: both clouds make it anew for another one."""

KEEPS_ITS_KEY = ["kmsKeyId"]
"""For `ignore_changes` of file systems, disks, vaults and databases. A replacement would be refused, as they are
protected, and with it every later run; so another key is only for what is made later (ForceNew of kms_key_id in
terraform-provider-aws: internal/service/efs, fsx, rds, ec2, and in terraform-provider-alicloud v1.285.0)."""
