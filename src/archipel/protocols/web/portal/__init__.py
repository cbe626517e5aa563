"""The results portal: /portal/api, for guests who came through a link and have no account.

It shares nothing with /api but the server: a cookie of its own, a token against forgery of its
own, services of its own. A visitor of the workstation is nobody here, and a guest nobody there.
"""
