"""DADA: differentiable automatic data augmentation for images."""

__version__ = "0.1.0"
