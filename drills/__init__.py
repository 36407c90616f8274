"""Drills: the product on the devcluster under loss of nodes, drains, roll-outs and interrupted runs.

A session sends turns of a chat all the time. Every turn that was acknowledged must be shown again afterwards.
"""
