"""Who may do what, for whom: organisations, people, devices, sessions, policy, audit."""
