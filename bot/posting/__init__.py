"""The message: from an ended task to Discord."""
