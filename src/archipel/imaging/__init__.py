"""What is seen: frames, rendered images and thumbnails."""
