"""Real nodes: kubelet, containerd, runc and kube-proxy in namespaces of their own, on this machine.

Nothing of the machine is changed: a node is one process tree in namespaces of its own, and ends with its first process.
"""
