"""An invented list of applications, as messy as a real one: for the demo town, for training and for the tests.

Nobody in it exists: the fiscal codes have the right check letter, but their place of birth is a code that was never given
to a town or a country (Z990 to Z999).
"""
