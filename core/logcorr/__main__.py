"""`logcorr` and `python -m logcorr`: loads the command and runs it."""

import signal


def main() -> None:
    """Runs the command. An interrupt while the command is loaded ends the process without a traceback."""
    # Where the caller ignores interrupts, they stay ignored.
    takes_interrupts = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if takes_interrupts:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from logcorr.compute import garbage, threads  # noqa: PLC0415 - after interrupts are handled

    threads.spare_numpy_threads()
    garbage.own_process()
    with garbage.loading():
        from logcorr.cli import main as command  # noqa: PLC0415 - likewise

    if takes_interrupts:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command()


if __name__ == "__main__":
    main()
