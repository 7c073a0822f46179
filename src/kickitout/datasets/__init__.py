"""Folders of one-shots -> aligned, described kicks that a model may learn from. Importing it opens no audio library."""
