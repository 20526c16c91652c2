-- The source that a contact had at an entry of its history; in psql it may have been given another since.
-- %1 contact id, %2 id of the entry, %3 its source now
coalesce((select moved.source_id
	    from contact_sources_before as moved
	   where moved.contact_id = %1
	     and moved.until_history_id >= %2
	   order by moved.until_history_id
	   limit 1), %3)
