"""What a user can cause, said in one sentence."""


class UserError(Exception):
    """Bad input. The message names the input, says what is wrong with it and what would work.

    The command line prints it as one line on stderr and exits with 2; anything else keeps its traceback.
    """
