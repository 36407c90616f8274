"""Brings a stack up and takes it down: with the real engine, or on the SDK's own monitor."""
