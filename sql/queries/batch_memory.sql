-- No row. Making its plan takes a megabyte of memory and gives it back: from then on a server with glibc keeps up to
-- two for what comes next. By itself it keeps 128 KiB, and each large batch finds the rest anew, page by page.
select where length(repeat(' ', 1048576)) = 0
