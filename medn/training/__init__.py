"""Training of the network: samples on disk, augmentation, the two stages of training, and the run's folder."""
