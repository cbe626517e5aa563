"""Changes sent to those who cannot ask: signed, in order, again and again until they are taken.

`model` says what a webhook is and when one is given up; `signature` how a receiver knows the
sender; `deliver` sends what is due; `manage` is what administrators do.
"""
