"""Search methods: one file or folder each."""
