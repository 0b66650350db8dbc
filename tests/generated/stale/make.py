#!/usr/bin/env python3
"""A generator whose file beside it is out of date, which check.sh must see."""
import os

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "values.json"), "w", newline="\n") as f:
    f.write("[1,2,3]\n")
