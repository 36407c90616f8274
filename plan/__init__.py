"""The plan of a stack: what it would make and cost. It is made without engine, account or cluster."""
