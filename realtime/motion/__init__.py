"""The motion meter: from aligned faces to displacement by region, in % of the eye distance."""
