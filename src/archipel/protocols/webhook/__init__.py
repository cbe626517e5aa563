"""Deliveries to receivers over HTTP (RFC 9110): `courier` posts, `addresses` says where it may."""
