// Kotaemon with a disk of EBS and shared files on EFS, both under one key. `pulumi install` makes the SDK from the plugin.
import * as aws from "@pulumi/aws";
import * as k8s from "@pulumi/kubernetes";
import * as kotaemon from "@pulumi/kotaemon";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const region = config.require("region");
const subnets = config.requireObject<Record<string, string>>("subnets"); // zone -> subnet
const cluster = new k8s.Provider("cluster", {
  kubeconfig: config.require("kubeconfig"),
  context: config.require("context"),
});
const cloud = new aws.Provider("aws", { region: region as aws.Region });
const options = { providers: [cluster, cloud] };
const protect = config.getBoolean("protect") ?? true; // what holds data is kept in any case

const key = new kotaemon.AwsKey("key", {
  account: config.require("account"),
  region: region,
  alias: "alias/kotaemon",
  volumeRoles: [config.require("ebsDriverRole")],
  services: [kotaemon.KeyService.EFS],
  protect,
}, options);

const space = new kotaemon.ApplicationNamespace("space", {
  namespaceName: "kotaemon",
  protect,
}, options);

const disk = new kotaemon.EbsStorage("disk", {
  namespace: space.namespace,
  keyArn: key.arn,
  zones: Object.keys(subnets),
  size: "50Gi",
  protect,
}, options);

const files = new kotaemon.EfsStorage("files", {
  namespace: space.namespace,
  keyArn: key.arn,
  region: region,
  vpcId: config.require("vpc"),
  subnets: subnets,
  clientSecurityGroups: { nodes: config.require("nodeSecurityGroup") },
  protect,
}, options);

const app = new kotaemon.Kotaemon("app", {
  namespace: space.namespace,
  storage: {
    models: { claim: files.claim, subPath: "models", readOnly: false },
    uploads: { claim: files.claim, subPath: "uploads", readOnly: false },
    indexes: { claim: disk.claim, subPath: "indexes", readOnly: false },
    sessions: { claim: disk.claim, subPath: "sessions", readOnly: false },
  },
  apiKeys: { OPENAI_API_KEY: config.requireSecret("openaiKey") },
  protect,
}, { ...options, dependsOn: [disk, files] });

export const url = app.url;
export const adminSecret = app.adminSecret;
