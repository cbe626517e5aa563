"""The network page behind the screens: how the lines are, what each node says, what works here."""
