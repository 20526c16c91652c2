-- Stores the leads of a batch that are new, in the order of their external ids. Known leads are left out first, since
-- each conflict would use up an id.
-- $1 external ids, $2 the source id of each, $3 the key of each or null -> id of each that was made
insert into leads (external_id)
{{leads_new}}
 order by given.external_id collate "C"
    on conflict (external_id) do nothing
returning id
