"""Tests of what runs with the standard library alone: `python3 -m unittest discover -t . timing/tests`."""
