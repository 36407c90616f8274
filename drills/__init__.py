"""Drills: the product under node loss, drains, roll-outs and interrupted runs, on the devcluster.

A session oracle chats all the time: every turn that was acknowledged must be shown again.
"""
