"""The warehouse in, backups out; and backups and archived answers in, a whole warehouse out.

making (make, list, verify), restoring, recovering (of a corrupt warehouse), answer_files (every answer as a file too).
"""
