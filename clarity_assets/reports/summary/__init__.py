"""Facts of a week or month in; what to do first, what comes next and how far the numbers can be trusted out."""
