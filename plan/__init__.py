"""The ways to run the program: planned without anything, on the SDK's own monitor, or with the real engine."""
