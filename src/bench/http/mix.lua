-- The load that wrk puts on a server: requests that were written to a file before, in their order and again from the start.
-- Nothing is made per request, so that the load costs as little as it can. Argument: the file.
-- Each part of the file is sent at once: its length in bytes, a line feed, and one request or several.

local parts = {}
local last = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local length = file:read("*n")
  while length do
    file:read(1)
    parts[#parts + 1] = file:read(length)
    length = file:read("*n")
  end
  file:close()
end

function request()
  last = last % #parts + 1
  return parts[last]
end

-- Times are microseconds.
function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"duration":%d,"requests":%d,"errors":%d,"mean":%.1f,"p50":%d,"p75":%d,"p90":%d,"p95":%d,"p99":%d,"p999":%d,"max":%d}',
    summary.duration, summary.requests,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency.mean, latency:percentile(50), latency:percentile(75), latency:percentile(90),
    latency:percentile(95), latency:percentile(99), latency:percentile(99.9), latency.max))
end
