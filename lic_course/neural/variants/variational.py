"""The variational family of the survey (section IV-B), each method as an experiment."""
