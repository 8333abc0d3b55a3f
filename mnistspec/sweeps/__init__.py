"""Many runs: the grid, and the engines that execute it."""
