"""Reports in; text, Markdown, HTML, PDF and JSON out."""
