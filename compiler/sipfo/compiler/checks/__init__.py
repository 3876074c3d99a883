"""What is wrong with a policy although every word of it is right: one check per file.

A check's docstring is the page that `sipfo explain` shows for its code.
"""
