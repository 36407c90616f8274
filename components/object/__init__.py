"""Buckets, and how pods reach them."""
