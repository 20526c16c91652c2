-- Keeps the sums as they are until the end of the transaction; who sums up passes over this lock.
select summed_until
  from distribution_progress
   for update
