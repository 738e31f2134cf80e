"""The app in use for as long as one likes, watched for what grows: `make soak`."""
