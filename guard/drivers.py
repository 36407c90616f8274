"""The table of drivers: what the provisioner of a StorageClass makes. Pure data; guard/classes.py reads it.

Where a driver has several rows, parameters and access mode choose: a row that asks for parameters is taken before one
that asks for none. A driver that is not here is unknown, and the keys below kotaemon:storage.classes say what it is.
So is one of which the table only knows that its class does not say what it makes (backend `unknown`).
"""

from guard.classes import Driver
from guard.cloud_drivers import CLOUD
from guard.disk_drivers import DISKS
from guard.file_drivers import FILES
from guard.node_drivers import ON_NODES

DRIVERS: tuple[Driver, ...] = (*CLOUD, *DISKS, *FILES, *ON_NODES)
