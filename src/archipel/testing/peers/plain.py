"""For HTTP clients of doors that speak no TLS: a context that holds no certificates.

`httpx` reads the machine's certificates for every client, 50 ms of processor time each, whether or
not the address begins with https; given this one it reads none. It trusts nobody.
"""

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
