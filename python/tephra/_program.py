"""The command ``tephra``: the program that lies beside this file in the wheel, in place of this process."""

import os
import sys


def main() -> None:
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tephra")
    os.execv(program, ["tephra", *sys.argv[1:]])
