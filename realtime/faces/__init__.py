"""Faces in the stream: who is who from frame to frame, and a steady warp for each."""
