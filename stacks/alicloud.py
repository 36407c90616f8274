"""Platform `alicloud`: an existing ACK cluster, with a key, disks, NAS and a database made by the stack."""
