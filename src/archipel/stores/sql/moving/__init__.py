"""All rows of one database in another: copied in steps that survive a crash, then compared."""
