"""What is kept here and what elsewhere: storage commitment (PS3.4 J), availability (PS3.4 R)."""
