"""Moves the data of roles from one claim to another: a Job that is made from the living Deployment, and its script."""
