"""The app in a browser on this machine: the server, which alone knows textual-serve, and `driver` on the app's side."""
