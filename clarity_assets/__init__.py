"""Keeps Microsoft Clarity's numbers: from API answers to daily tables, marts and reports."""
