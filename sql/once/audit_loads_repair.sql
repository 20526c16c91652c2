-- Counts anew, in a snapshot that is newer than the lock, and wakes who drains backlogs: there may be room now.
-- $1 operator id -> is_woken
with held as (
	select count(*) filter (where status = 'active') as active, max(id) as newest
	  from contacts
	 where operator_id = $1::bigint
), mended as (
	update operator_loads as load
	   set active_load = held.active,
	       last_contact_id = greatest(load.last_contact_id, held.newest, case
		when exists (select from contact_history
			      where to_operator_id = $1)
		then 1 else 0 end)
	  from held
	 where load.operator_id = $1
	returning load.operator_id
)
select backlog_wake(array[operator_id]) is not null
  from mended
