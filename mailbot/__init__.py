"""mailbot: job applications by e-mail, from the first letter to the test week."""

__version__ = "0.1.0"
