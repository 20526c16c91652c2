-- No row. Making its plan takes two megabytes of memory and gives them back: from then on a server with glibc keeps so
-- much for what comes next. By itself it keeps 128 KiB, or what it has once seen a larger block take, and maps anew
-- what is larger: each large batch finds its memory page by page. Elsewhere it does nothing.
select where octet_length(repeat(repeat(' ', 1024), 1024)) = 0
