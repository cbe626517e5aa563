"""Shipped with the product: builders, phantoms with known truth, simulated peers."""
