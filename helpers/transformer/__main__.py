"""python -m helpers.transformer config.json [tokens]: what a published model costs."""

import sys

from helpers.transformer import Transformer


def main(path=None, tokens="8192", *more):
    """Print the sheet of the model at `path`, or one sentence that says what is wrong."""
    try:
        if path is None or more:
            raise ValueError("usage: python -m helpers.transformer config.json [tokens]")
        if not tokens.isascii() or not tokens.isdigit():
            raise ValueError(f"tokens: {tokens!r} is not a whole number; give one, such as 8192")
        print(Transformer.from_config(path).sheet(int(tokens)))
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
