-- wrk -s load.lua URL -- FILE [rotate]
-- FILE has one request a line, PATH<TAB>BODY. They are rendered before the clock starts and sent in turn.
-- With "rotate" its lines are PATH, what stands before the rows, what stands after them, then one row a line:
-- request k sends all the rows, beginning with row k, so that bodies too large to keep differ all the same.

local function lines_of(file)
  local lines = {}
  for line in io.lines(file) do lines[#lines + 1] = line end
  return lines
end

local function in_turn(lines)
  local requests, k = {}, 0
  for i, line in ipairs(lines) do
    local path, body = line:match("^([^\t]*)\t(.*)$")
    requests[i] = wrk.format("POST", path, nil, body)
  end
  return function()
    k = k % #requests + 1
    return requests[k]
  end
end

local function rotated(lines)
  local path, head, tail = lines[1], lines[2], lines[3]
  local rows, starts, at, k = {}, {}, 1, 0
  for i = 4, #lines do
    rows[#rows + 1], starts[#starts + 1] = lines[i], at
    at = at + #lines[i] + 2
  end
  local once = table.concat(rows, ", ")
  local twice = once .. ", " .. once
  local whole = wrk.format("POST", path, nil, head .. once .. tail)
  local before = whole:sub(1, #whole - #once - #tail)
  return function()
    k = k % #starts + 1
    return before .. twice:sub(starts[k], starts[k] + #once - 1) .. tail
  end
end

function init(args)
  wrk.headers["Content-Type"] = "application/json"
  request = (args[2] == "rotate" and rotated or in_turn)(lines_of(args[1]))
end

-- wrk looks for a global function of this name before it calls init, which then puts the real one in its place.
function request() end

function done(summary, latency)
  local e = summary.errors
  local form = 'RESULT {"requests":%d,"us":%d,"p50":%.3f,"p99":%.3f,"max":%.3f,"status":%d,"socket":%d,"timeouts":%d}\n'
  io.write(string.format(form, summary.requests, summary.duration, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000, e.status, e.connect + e.read + e.write, e.timeout))
end
