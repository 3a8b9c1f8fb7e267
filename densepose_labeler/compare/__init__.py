"""What can be said of several models' labels of the same pictures, with and without ground truth."""
