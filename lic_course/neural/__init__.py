"""Learned codecs as compositions of parts: transforms, quantizers, gates, priors, objectives.

`recipes` says what a codec consists of, `composition` trains it, `export` turns the probabilities
into integers, `exact` and `latent_coders` compute with them, and `codec` reads and writes files.
"""
