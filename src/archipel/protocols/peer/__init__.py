"""exchange/1: the door between the nodes of an archipelago, and the caller at the other side.

HTTP/2 over mutual TLS 1.3. `transfer` plugs in at two places: its routes into
`application.application(services, more=...)` (guarded by `doorkeeper.Doorkeeper`), its pulling as
a `task.PeerTask` beside the feed's.
"""
