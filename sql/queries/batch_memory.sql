-- No row, and nothing to do once it is planned. On each connection the making of its plan takes a megabyte of memory
-- and gives it back: from then on a server with glibc keeps two for what comes next. By itself it keeps 128 KiB, and
-- each large batch finds the rest anew, page by page.
select where octet_length(repeat(repeat(' ', 1024), 1024)) = 0
