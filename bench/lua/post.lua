-- wrk -s post.lua URL -- FILE [TYPE]: posts what is in FILE, over and over; as JSON unless TYPE says otherwise.

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method, wrk.body = "POST", file:read("*a")
  wrk.headers["Content-Type"] = args[2] or "application/json"
  file:close()
end

function done(summary)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.stderr:write(string.format("%d %d %d\n", summary.requests, summary.duration, failed))
end
