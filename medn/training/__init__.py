"""How the network is taught: samples on disk, augmentation, the two stages of training, and the run's folder."""
