"""`make move`: the data of a role goes to another claim, whole, with the fewest seconds without service."""
