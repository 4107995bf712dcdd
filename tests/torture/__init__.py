"""Faults, made on purpose: each kind in a file of its own, a generator of what came of each fault.

A kind takes a seed and a scratch folder, and yields a word per fault; one that starts with "WRONG"
is a bug. A few of each run with the other tests; `make torture` runs all for half an hour.
"""
