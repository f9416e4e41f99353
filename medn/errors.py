"""The base of all errors that a user can cause and correct: a missing file, an unplugged camera, an unknown format."""


class UserError(Exception):
    """Input or surroundings that cannot be used. Its text is one sentence that names what is wrong and the way out."""
