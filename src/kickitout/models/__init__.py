"""Generators and critics, one file a family: pure nn.Modules that know nothing of training."""
