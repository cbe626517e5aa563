"""What happens to exams, told to other systems: in order, once each, from any point again.

`model` names the kinds of change and the cursor; `ports.Feed` reads pages. `hooks` beside this
room sends the same changes to those who cannot ask.
"""
