"""The bundled providers, as .sipfo files: `import telnyx` reads telnyx.sipfo.

Every fact has its source and the date on which it was read; where a provider's own pages disagree,
or are silent, a note in the block concerned says so.
"""
