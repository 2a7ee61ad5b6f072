-- wrk -s post.lua URL -- FILE: posts what is in FILE, over and over.

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method, wrk.body = "POST", file:read("*a")
  wrk.headers["Content-Type"] = "application/json"
  file:close()
end

function done(summary)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.stderr:write(string.format("%d %d %d\n", summary.requests, summary.duration, failed))
end
