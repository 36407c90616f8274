"""Amazon EKS: what the AWS APIs accept, the drivers' permissions, who may reach the storage."""
