"""`logcorr`, and `python -m logcorr`: loads the command and runs it."""

import signal


def main() -> None:
    """The command. An interrupt that comes before it can say so ends the process at once, without a traceback."""
    listening = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else interrupts are to be ignored
    if listening:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from logcorr.cli import main as command  # noqa: PLC0415 - after that

    if listening:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command()


if __name__ == "__main__":
    main()
