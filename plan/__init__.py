"""What a stack would make, cost and give: a typed document, made with no engine, no account and no cluster."""
