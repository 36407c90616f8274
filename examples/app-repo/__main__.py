"""A nightly Job that reads Kotaemon's reports and models, and changes neither."""

import pulumi
from evaluation import evaluation
from kotaemon_outputs import KotaemonOutputs

config = pulumi.Config()
kotaemon = KotaemonOutputs(config.require("kotaemon"))
job = evaluation("nightly-eval", kotaemon, image=config.require("image"))

pulumi.export("job", job.metadata.name)
pulumi.export("models", kotaemon.mount("models").apply(lambda mount: f"{mount['claim']}/{mount['sub_path']}"))
