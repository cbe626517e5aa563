"""Mail: handed to the organisation's mail server by SMTP submission (RFC 5321, RFC 6409)."""
