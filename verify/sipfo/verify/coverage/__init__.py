"""A policy and its tests to what the tests exercise, and the changes that they would not notice."""
