"""The stream: from frames of a camera or a recording to micro-expression events."""
