"""Pictures and documents: rendered resources, thumbnails, how they are asked for and drawn."""
