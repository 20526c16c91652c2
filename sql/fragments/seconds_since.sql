-- Whole seconds since a moment. %1 the moment.
greatest(0, floor(extract(epoch from now() - %1)))::bigint
