"""`python3 -m lic_course lab`: prepare the environment if needed, then do what was asked."""

import sys

OLDEST = (3, 11)  # as in pyproject.toml


def main():
    """Say so in one sentence when this Python is too old, otherwise start."""
    if sys.version_info < OLDEST:
        sys.stderr.write(
            "The course needs Python {}.{} or newer and this is Python {}.{}: install a newer one "
            "from https://www.python.org and start with it, for example: python{}.{} -m lic_course "
            "lab\n".format(*(OLDEST + tuple(sys.version_info[:2]) + OLDEST))
        )
        return 2
    from lic_course import bootstrap

    return bootstrap.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
