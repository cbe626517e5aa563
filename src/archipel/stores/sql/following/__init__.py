"""What facts of other nodes change here, in the transaction that takes them in."""
