-- A lead with its 100 newest contacts.
-- $1 id -> json (no row: unknown)
select {{lead_json lead 100}}
  from leads as lead
 where lead.id = $1::bigint
