"""The embedded model on the few photographs that may be used in checks, held against mediapipe."""
