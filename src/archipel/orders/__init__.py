"""What was asked: orders, their changes and cancellation, and the steps modalities work by."""
