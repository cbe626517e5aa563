"""Quality control: what is rejected, why, and how it comes back (IHE RAD IOCM)."""
