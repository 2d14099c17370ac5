"""A number of a report in; the rows, models, answers and requests that it came from, checked again, out."""
