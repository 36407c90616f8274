"""The embedded Kubernetes: a real control plane on loopback, with simulated nodes in three zones."""
