"""DADA one step ahead, as in the paper: each image is an arm, and its reward a derivative."""
