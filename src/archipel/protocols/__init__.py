"""They speak: bytes and sessions in, domain calls out. One tongue never imports another."""
