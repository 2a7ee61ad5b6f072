-- wrk -s load.lua URL -- FILE [rotate]
-- FILE has one request a line, PATH<TAB>BODY. They are rendered before the clock starts and sent in turn.
-- With "rotate" its lines are PATH, what stands before the rows, what stands after them, then one row a line:
-- request k sends all the rows, beginning with row k. (A thousand such bodies of 612 KB are 612 MB here; making each
-- when it is sent would cost the generator a millisecond of CPU time a request.)

local function lines_of(file)
  local lines = {}
  for line in io.lines(file) do lines[#lines + 1] = line end
  return lines
end

local function in_turn(requests)
  local k = 0
  return function()
    k = k % #requests + 1
    return requests[k]
  end
end

local function one_a_line(lines)
  local requests = {}
  for i, line in ipairs(lines) do
    local path, body = line:match("^([^\t]*)\t(.*)$")
    requests[i] = wrk.format("POST", path, nil, body)
  end
  return in_turn(requests)
end

local function rotated(lines)
  local path, head, tail = lines[1], lines[2], lines[3]
  local rows, starts, at = {}, {}, 1
  for i = 4, #lines do
    rows[#rows + 1], starts[#starts + 1] = lines[i], at
    at = at + #lines[i] + 2
  end
  local once = table.concat(rows, ", ")
  local twice = once .. ", " .. once
  local whole = wrk.format("POST", path, nil, head .. once .. tail)
  local before = whole:sub(1, #whole - #once - #tail)
  local requests = {}
  for i, start in ipairs(starts) do requests[i] = before .. twice:sub(start, start + #once - 1) .. tail end
  return in_turn(requests)
end

function init(args)
  wrk.headers["Content-Type"] = "application/json"
  request = (args[2] == "rotate" and rotated or one_a_line)(lines_of(args[1]))
end

-- wrk looks for a global function of this name before it calls init, which then puts the real one in its place.
function request() end

function done(summary, latency)
  local e = summary.errors
  local form = 'RESULT {"requests":%d,"us":%d,"p50":%.3f,"p99":%.3f,"max":%.3f,"status":%d,"socket":%d,"timeouts":%d}\n'
  io.write(string.format(form, summary.requests, summary.duration, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000, e.status, e.connect + e.read + e.write, e.timeout))
end
