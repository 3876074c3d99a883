"""The engines that a scenario can be played on, by the names that `--on` takes."""
