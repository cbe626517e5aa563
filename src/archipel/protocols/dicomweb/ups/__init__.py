"""UPS-RS: unified procedure steps over HTTP, their events over WebSocket (PS3.18 chapter 11)."""
