-- Stores the leads of a batch that are new, in the order of their external ids; none for an unknown source.
-- Known leads are left out first, since each conflict would use up an id.
-- $1 external ids, $2 the source id of each
insert into leads (external_id)
select distinct given.external_id collate "C"
  from unnest($1::text[], $2::bigint[]) as given (external_id, source_id)
 where exists (select from sources where id = given.source_id)
   and not exists (select from leads where external_id = given.external_id)
 order by given.external_id collate "C"
    on conflict (external_id) do nothing
