"""What a first `up` assumes of an account, read there and written down: `make first-up-check`. It changes nothing."""
