"""The autoencoder family of the survey (section IV-A), each method as an experiment."""
