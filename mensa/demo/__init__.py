"""The demo town: invented schools and families with two months of history, and the bar that moves the clock."""
