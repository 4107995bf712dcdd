"""The one error that a user can cause; everything else is a bug."""


class UserError(Exception):
    """Something outside the program is wrong: a path, a file, a setting.

    The message is one line that says what is wrong, where, and what would be right.
    The command line prints it and exits with code 2.
    """
