-- Reporting: closings and waits that were counted wrongly in rare cases, and an index that stays good.

-- A contact from before there was a history, or one that came in closed, could be given to somebody else after its
-- closing: then nobody knows since when it was handled.
create or replace view reporting.closings as
select history.at as closed_at, history.contact_id, source.id as source_id, source.name as source,
       lead.external_id as lead, operator.id as operator_id, operator.name as operator,
       coalesce(start.at, known.assigned_at) as handled_since,
       history.at - coalesce(start.at, known.assigned_at) as handling_time, history.actor
  from contact_history as history
  left join contacts as contact on contact.id = history.contact_id
  left join sources as source on source.id = contact.source_id
  left join leads as lead on lead.id = contact.lead_id
  join operators as operator on operator.id = history.to_operator_id
  left join lateral (
	select earlier.at
	  from contact_history as earlier
	 where earlier.contact_id = history.contact_id
	   and earlier.id < history.id
	   and (earlier.kind = 'reopened'
		or earlier.kind in ('assigned', 'transferred')
			and earlier.from_operator_id is distinct from earlier.to_operator_id)
	 order by earlier.id desc
	 limit 1) as start on true
 cross join lateral (
	select case when contact.assigned_at <= history.at then contact.assigned_at end as assigned_at) as known
 where history.kind = 'closed';

comment on column reporting.closings.handled_since is
	'When the operator had got it, or it had been reopened, before; null: that was before there was a history.';
comment on column reporting.closings.handling_time is 'From handled_since to closed_at; null: not known.';


-- One that was closed while it waited, and reopened, waits again.
create or replace view reporting.waiting_by_day as
select day.day, source.id as source_id, source.name as source, counted.reason, counted.contacts
  from reporting.calendar_days as day
 cross join lateral (
	select contact.source_id, case history.kind when 'waiting' then history.reason else 'released' end as reason,
	       count(distinct contact.id) as contacts
	  from contact_history as history
	  join contacts as contact on contact.id = history.contact_id
	 where history.at >= day.begins
	   and history.at < day.ends
	   and (history.kind in ('waiting', 'released')
		or history.kind = 'reopened' and history.to_operator_id is null)
	 group by 1, 2) as counted
  join sources as source on source.id = counted.source_id;

comment on column reporting.waiting_by_day.reason is
	'Why nobody could take them, as in backlog; released also of those that were reopened and had nobody.';


-- Finds what happened on a day. It was BRIN: that reads all, for any day, once transactions that were rolled back have
-- left room in old pages and new rows have filled it. Last, and given up soon, because contacts wait for it: sooner
-- than they are answered with 503. To build it takes about a second for each million rows, so that for a large history
-- somebody builds it before, while everything is served: docs/OPERATIONS.md, section 7.
set local lock_timeout = '3s';
do $$
declare
	ready regclass := to_regclass('contact_history_at_next');
begin
	drop index contact_history_at;
	if exists (select
		     from pg_index as made
		     join pg_class as index on index.oid = made.indexrelid
		     join pg_am as method on method.oid = index.relam
		    where made.indexrelid = ready
		      and made.indrelid = 'contact_history'::regclass
		      and made.indisvalid
		      and method.amname = 'btree'
		      and pg_get_indexdef(ready, 1, true) = 'at'
		      and made.indpred is null) then
		alter index contact_history_at_next rename to contact_history_at;
	else
		create index contact_history_at on contact_history (at);
	end if;
end $$;
