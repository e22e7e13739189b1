"""Fuzzing of everything that reads what a stranger wrote: ``python -m tests.fuzz --minutes 5 [--target csv]``.

A reader may refuse, in the one way that it documents, or give a good value. It may not raise anything else, hang, end
the process, or take more memory than is stated.
"""
