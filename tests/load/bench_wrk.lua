-- One contact per request, for wrk. Each request has a number of its own in the message, and in the lead's external id
-- unless the lead is a known one; the database is searched for these numbers afterwards. Settings: the environment.
--
-- wrk breaks off what is under way when its time is up. So that nothing is, requests end BENCH_SECONDS after the first:
-- from then on each connection sends one letter, the beginning of a request that never goes on, and waits.
local ffi = require("ffi")
ffi.cdef [[
	struct bench_time { long seconds, nanoseconds; };
	int clock_gettime(int clock, struct bench_time *now);
]]

local CLOCK_MONOTONIC = 1
local HEAD = "POST /api/v1/contacts/ HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: "

local run = os.getenv("BENCH_RUN")
local seconds = tonumber(os.getenv("BENCH_SECONDS"))
local first_source = tonumber(os.getenv("BENCH_FIRST_SOURCE"))
local last_source = tonumber(os.getenv("BENCH_LAST_SOURCE"))
local past_leads = tonumber(os.getenv("BENCH_PAST_LEADS"))
local repeated = tonumber(os.getenv("BENCH_REPEATED"))

local format, random = string.format, math.random
local time = ffi.new("struct bench_time")
local threads = {}
local deadline

local function now()
	ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
	return tonumber(time.seconds) + tonumber(time.nanoseconds) / 1e9
end

function setup(thread)
	threads[#threads + 1] = thread
end

function init()
	made = -1 -- global: done() asks for it; wrk asks for one request more, to look at it only
	math.randomseed(tonumber(os.getenv("BENCH_SEED")))
end

function request()
	local at = now()
	if made == 0 then
		deadline = at + seconds
	end
	if deadline and at >= deadline then
		return "P"
	end
	made = made + 1
	local lead = run .. "-" .. made
	if random(100) <= repeated then
		lead = "past-" .. random(past_leads)
	end
	local body = format('{"lead_external_id":"%s","source_id":%d,"message":"%s-%d"}', lead,
		random(first_source, last_source), run, made)
	return HEAD .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency)
	local sent, errors = 0, summary.errors
	for _, thread in ipairs(threads) do
		sent = sent + thread:get("made")
	end
	io.write(format('\n{"sent": %d, "answered": %d, "refused": %d, "broken": %d, ', sent, summary.requests,
		errors.status, errors.connect + errors.read + errors.write))
	io.write(format('"p50_ms": %.3f, "p99_ms": %.3f, "mean_ms": %.3f}\n', latency:percentile(50) / 1000,
		latency:percentile(99) / 1000, latency.mean / 1000))
end
