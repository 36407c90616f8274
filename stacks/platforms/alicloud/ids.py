"""How the ids of Alibaba Cloud look that may stand under `existing` in a stack file."""

from stacks.settings.existing import Id

KEY = Id("[a-z0-9-]{8,64}", "key-hzz62f1cb66fa42qo1234")
DISK = Id("d-[a-z0-9]+", "d-bp1exampleexample")
SNAPSHOT_POLICY = Id("sp-[a-z0-9]+", "sp-bp1exampleexample")
POLICY_OF_DISK = Id("sp-[a-z0-9]+:d-[a-z0-9]+", "sp-bp1exampleexample:d-bp1exampleexample")
INTERFACE = Id("eni-[a-z0-9]+", "eni-bp1exampleexample")
GROUP = Id("sg-[a-z0-9]+", "sg-bp1exampleexample")
RULE = Id(
    "sg-[a-z0-9]+:ingress:tcp:[0-9/]+:intranet:[0-9./]+:accept:1",
    "sg-bp1exampleexample:ingress:tcp:2049/2049:intranet:10.0.0.0/16:accept:1",
)
FILE_SYSTEM = Id("(extreme-)?[a-z0-9]{6,40}", "31a8e4")
MOUNT_TARGET = Id("(extreme-)?[a-z0-9]{6,40}:[a-z0-9.-]+", "31a8e4:31a8e4-abc1.cn-hangzhou.nas.aliyuncs.com")
ACCESS_GROUP = Id("[A-Za-z0-9_-]+:(standard|extreme)", "kotaemon-prod-kotaemon-files:standard")
ACCESS_RULE = Id("[A-Za-z0-9_-]+:(standard|extreme):[A-Za-z0-9]+", "kotaemon-prod-kotaemon-files:standard:1")
VAULT = Id("v-[a-z0-9]+", "v-0003gxoksflhexample")
BACKUP_PLAN = Id("plan-[a-z0-9]+", "plan-000example")
DATABASE = Id("pgm-[a-z0-9]+", "pgm-bp1exampleexample")
IN_DATABASE = Id("pgm-[a-z0-9]+:[A-Za-z0-9_:-]+", "pgm-bp1exampleexample:kotaemon")
ROLE = Id(r"[\w.:-]+", "AliyunECSDiskEncryptDefaultRole")
ADDON = Id("c[0-9a-f]{32}:[a-z0-9-]+", "c0123456789abcdef0123456789abcdef:csi-plugin")
