"""The laboratory: studies as small files, a runner that can be stopped at any point, and the paper written from it."""
