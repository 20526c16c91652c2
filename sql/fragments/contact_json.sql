-- A contact as the API shows it. %1 alias of contacts, %2 the lead's external id.
(select row_to_json(shown) from (select {{contact_columns %1 %2}}) as shown)
