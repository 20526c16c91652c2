-- Notes what becomes of the active contacts of an operator who leaves. After operator_lock.
-- $1 operator id, $2 release or redistribute
insert into operator_departures (operator_id, active_contacts)
select id, $2::text
  from operators
 where id = $1::bigint
    on conflict (operator_id) do update
   set active_contacts = excluded.active_contacts
