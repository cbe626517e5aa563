"""What whoever keeps a node decides upon: work that failed, instances that were set aside."""
