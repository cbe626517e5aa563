"""What is seen: frames, rendered images and thumbnails.

The modules that compute load numpy and the codecs when they are imported; nothing is imported
here, so that a light process stays light.
"""
