-- New leads without waiting for somebody else's transaction that has just made the same ones.

-- Makes those of the given leads that nobody else is making; gives their ids. Whether somebody is, can only be seen by
-- waiting, so the least is waited for each: all at once first, then one by one, in any order, since whoever meets too
-- many of them gives up and comes again.
create function leads_insert_free(external_ids text[]) returns setof bigint
language plpgsql set lock_timeout = '1ms' as $$
declare
	busy_max constant integer := 100;
	one text;
	made bigint[];
	busy integer := 0;
begin
	begin
		with lead as (
			insert into leads (external_id)
			select given.external_id
			  from unnest(external_ids) as given (external_id)
			 order by given.external_id collate "C"
			    on conflict (external_id) do nothing
			returning id
		)
		select array_agg(id) into made from lead;
		return query select unnest(made);
		return;
	exception
		when lock_not_available then
			null;
	end;
	for one in select given.external_id from unnest(external_ids) as given (external_id) order by random() loop
		begin
			insert into leads (external_id) values (one) on conflict (external_id) do nothing
			returning array[id] into made;
			return query select unnest(made);
		exception
			when lock_not_available then
				busy := busy + 1;
				exit when busy = busy_max;
		end;
	end loop;
end $$;
