-- Puts the mark back where whoever sums up would have it by now. The hours up to there are to be summed up anew in
-- the same transaction: until then nobody else sees the mark.
insert into distribution_progress (summed_until)
values (date_trunc('minute', now(), 'UTC') - interval '1 minute')
    on conflict (is_only) do update
   set summed_until = excluded.summed_until
 where distribution_progress.summed_until > now()
