"""Where the command begins. Until it has anything to undo, Ctrl-C ends it without a word: a traceback of imports helps nobody."""

import signal


def main() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else whoever started us wants it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the verb is under guard
    from chaoscli.cli import main

    main()


if __name__ == "__main__":
    main()
