-- One contact per request, for wrk. Each request has a number of its own in the message, and in the lead's external id
-- unless the lead is a known one; the database is searched for these numbers afterwards. Settings: the environment.
local run = os.getenv("BENCH_RUN")
local first_source = tonumber(os.getenv("BENCH_FIRST_SOURCE"))
local last_source = tonumber(os.getenv("BENCH_LAST_SOURCE"))
local past_leads = tonumber(os.getenv("BENCH_PAST_LEADS"))
local repeated = tonumber(os.getenv("BENCH_REPEATED"))

local HEAD = "POST /api/v1/contacts/ HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: "
local format, random = string.format, math.random
local threads = {}

function setup(thread)
	threads[#threads + 1] = thread
end

function init()
	made = -1 -- global: done() asks for it; wrk asks for one request more, to look at it only
	math.randomseed(tonumber(os.getenv("BENCH_SEED")))
end

function request()
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
	io.write(format('\n{"sent": %d, "answered": %d, "refused": %d, "broken": %d, "late": %d, "us": %d, ', sent,
		summary.requests, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
		summary.duration))
	io.write(format('"p50_us": %d, "p99_us": %d, "mean_us": %.1f}\n', latency:percentile(50),
		latency:percentile(99), latency.mean))
end
