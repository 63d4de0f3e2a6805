"""The site's side of a job: the bundle's own trainer, led by the server's rounds."""
