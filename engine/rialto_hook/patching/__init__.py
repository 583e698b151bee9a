"""Finds where the hook belongs in an engine's source, and puts it there and takes it out again.

A place is known by the shape of the code around it, never by its line. Where the shape leaves any doubt the file stays
as it is, and a person is told what to do by hand.
"""
