-- Lists and reads, for wrk: the paths of BENCH_PATHS, separated by blanks, at random. What is under way when wrk's time
-- is up is not counted.
local paths = {}
for path in os.getenv("BENCH_PATHS"):gmatch("%S+") do
	paths[#paths + 1] = path
end

function init()
	math.randomseed(tonumber(os.getenv("BENCH_SEED")))
end

function request()
	return "GET " .. paths[math.random(#paths)] .. " HTTP/1.1\r\nHost: bench\r\n\r\n"
end

function done(summary, latency)
	local errors = summary.errors
	io.write(string.format('\n{"sent": %d, "answered": %d, "refused": %d, "broken": %d, "bytes": %d, "seconds": %.3f, ',
		summary.requests, summary.requests, errors.status, errors.connect + errors.read + errors.write, summary.bytes,
		summary.duration / 1e6))
	io.write(string.format('"p50_ms": %.3f, "p99_ms": %.3f, "mean_ms": %.3f}\n', latency:percentile(50) / 1000,
		latency:percentile(99) / 1000, latency.mean / 1000))
end
