"""What the hosts of one database hold alone: leases with a fence."""
