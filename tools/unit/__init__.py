"""A unit on USB: found, asked, deployed to, read."""
