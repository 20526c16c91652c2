-- How long an answer is given again to the same key.
interval '24 hours'
