-- A FreeSWITCH of one call, in virtual time, for the script that is generated: `lua5.4 stub.lua CALL SCRIPT`.
--
-- CALL is a Lua file that returns the call: who calls, the sofia profiles with their Timer B, the network
-- lists that the caller is in, what each destination does, and when the call's time is over. What is said of FreeSWITCH here is what its
-- source says (mod_sofia, switch_ivr_originate): dial strings are taken apart by their own rules, and a
-- script sees the variables that there would be, no more. Printed is what was on the wire, a line for each
-- attempt, and the result; the script is not asked.

local call = dofile(arg[1])
local now, variables, over = 0, {}, nil
local answered = nil
local globals = call.globals
local uuids = call.uuids

local function fail(text)
  io.stderr:write(text .. "\n")
  os.exit(3)
end

-- ---------- dial strings ----------

-- `{a=b,c='d e'}` or `[…]` at the front: its variables, and what follows.
local function brackets(text, open, close)
  if text:sub(1, 1) ~= open then
    fail("no " .. open .. " where variables are wanted: " .. text)
  end
  local found, name, value, quoted, at = {}, "", nil, false, 2
  while true do
    local sign = text:sub(at, at)
    if sign == "" then
      fail("variables without an end: " .. text)
    elseif sign == "'" then
      quoted = not quoted
    elseif not quoted and (sign == "," or sign == close) then
      if value == nil then
        fail("a variable without a value: " .. name)
      end
      found[name] = value
      name, value = "", nil
      if sign == close then
        return found, text:sub(at + 1)
      end
    elseif value == nil and sign == "=" then
      value = ""
    elseif value == nil then
      name = name .. sign
    else
      value = value .. sign
    end
    at = at + 1
  end
end

local function parsed(text)
  if text:find("[$^\\]") then
    fail("FreeSWITCH would expand this: " .. text)
  end
  local all, rest = brackets(text, "{", "}")
  local leg, to = brackets(rest, "[", "]")
  if to:find("[,|{}<>\"' ]") or to:find(":_:", 1, true) then
    fail("more than one destination: " .. to)
  end
  local profile, uri = to:match("^sofia/([^/]+)/(sip:[^/]+)$")
  if profile == nil then
    fail("no sofia URI: " .. to)
  end
  return { all = all, leg = leg, profile = profile, uri = uri }
end

-- ---------- an attempt ----------

local function runs(command)
  local uuid, name, value = command:match("^uuid_setvar (%S+) (%S+) (%S+)$")
  if uuid ~= "the-caller" then
    fail("no command of ours: " .. command)
  end
  variables[name] = value
end

local function behaviour(profile, uri)
  local rest = uri:match("^sip:[^@]+@(.+)$")
  for _, one in ipairs(call.behaviours) do
    if one.profile == profile and one.rest == rest then
      return one
    end
  end
  fail("nobody lives at " .. uri)
end

local function printed(dialled, outcome, begun)
  local password = dialled.leg.sip_auth_password or ""
  print(table.concat({ "attempt", dialled.profile, dialled.uri, outcome, begun, now - begun, password }, "\t"))
end

local REDIRECTIONS = { [300] = true, [301] = true, [302] = true, [305] = true }

local function refused(reply)
  if reply.status == 401 or reply.status == 407 then
    return "MANDATORY_IE_MISSING"
  elseif REDIRECTIONS[reply.status] then
    return "REQUESTED_CHAN_UNAVAIL"
  elseif reply.status >= 400 then
    variables.sip_invite_failure_status = tostring(reply.status)
    variables.sip_invite_failure_phrase = reply.phrase ~= "" and reply.phrase or nil
  end
  return reply.disposition
end

local function bridge(text)
  local dialled = parsed(text)
  if dialled.all.ignore_early_media ~= "ring_ready" or dialled.leg.outbound_redirect_fatal ~= "true" then
    fail("early media or a redirection would be followed")
  end
  if variables.continue_on_fail ~= "true" then
    fail("FreeSWITCH would hang up")
  end
  local does, profile, begun = behaviour(dialled.profile, dialled.uri), call.profiles[dialled.profile], now
  local progress = tonumber(dialled.leg.leg_progress_timeout) * 1000
  local answer = tonumber(dialled.leg.leg_timeout) * 1000
  if tonumber(dialled.all.originate_timeout) * 1000 <= answer then
    fail("the default of 60 s would end the attempt")
  end
  -- ideal timers begin with their phase; the deadline is another one
  local ideal, heard_at, rang_at, ends = call.ideal, begun, begun, math.huge
  if ideal ~= nil then
    progress, answer, ends = ideal.progress, ideal.answer, call.deadline or math.huge
  end
  local heard, rang = false, false
  if does.reach == "unresolvable" then
    does = { reach = "replies", replies = {}, fails_after = 0 }
  elseif does.reach == "refuses" then
    does = { reach = "replies", replies = {}, fails_after = 100 }
  end
  local at = 1
  local function ended(disposition, outcome)
    variables.originate_disposition = disposition
    if outcome:sub(1, 3) == "no-" and call.deadline ~= nil and now >= call.deadline then
      outcome = "deadline"
    end
    printed(dialled, outcome, begun)
  end
  while true do
    local reply = does.replies[at]
    local never = math.huge
    local moments = {
      { does.fails_after and begun + does.fails_after or never, "fails" },
      { reply and begun + reply.at or never, "reply" },
      { call.cancel or never, "caller" },
      { heard and never or begun + profile.timer, "silence" },
      { (rang or ideal and not heard) and never or heard_at + progress, "progress" },
      { ideal and not rang and never or rang_at + answer, "answer" },
      { ends, "answer" },
    }
    local best = moments[1]
    for _, one in ipairs(moments) do
      if one[1] < best[1] then
        best = one
      end
    end
    now = math.max(now, best[1])
    if best[2] == "fails" then
      variables.sip_invite_failure_status = "503"
      variables.sip_invite_failure_phrase = "Service Unavailable"
      return ended("NORMAL_TEMPORARY_FAILURE", "transport-error")
    elseif best[2] == "caller" then
      over = "cancelled"
      return ended("ORIGINATOR_CANCEL", "cancelled")
    elseif best[2] == "silence" then
      variables.sip_invite_failure_status = "408"
      variables.sip_invite_failure_phrase = "Request Timeout"
      return ended("RECOVERY_ON_TIMER_EXPIRE", "no-response")
    elseif best[2] == "progress" then
      return ended("PROGRESS_TIMEOUT", "no-progress")
    elseif best[2] == "answer" then
      return ended("ALLOTTED_TIMEOUT", rang and "no-answer" or "no-progress")
    end
    at = at + 1
    if reply.status >= 300 then
      return ended(refused(reply), tostring(reply.status))
    elseif reply.status >= 200 then
      answered = dialled.uri
      return ended("SUCCESS", tostring(reply.status))
    end
    if ideal ~= nil then
      heard_at = heard and heard_at or now
      rang_at = rang and rang_at or now
    end
    heard = true
    if reply.status == 183 and reply.body then
      rang = true
      runs(dialled.leg.api_on_pre_answer)
    elseif reply.status == 180 or reply.status == 182 or reply.status == 183 then
      rang = true
      runs(dialled.leg.api_on_ring)
    end
  end
end

-- ---------- what a script sees ----------

session = {}

function session:getVariable(name)
  if name == "destination_number" then
    return call.user
  elseif name == "sip_network_ip" then
    return call.from
  end
  return variables[name]
end

function session:setVariable(name, value)
  variables[name] = value ~= "" and value or nil
end

function session:execute(application, data)
  if over ~= nil then
    fail("the call is over: " .. application)
  elseif application == "bridge" then
    bridge(data)
  elseif application == "respond" then
    over = "refused"
    print("result\trefused\t" .. data .. "\t" .. now)
  elseif application == "export" then
    print("header\t" .. data)
  else
    fail("no application that was looked up: " .. application)
  end
end

function session:ready()
  return over == nil
end

function session:hangup()
  over = "answered"
end

function session:get_uuid()
  return "the-caller"
end

function session:setAutoHangup() end

freeswitch = {}

function freeswitch.consoleLog(level, text)
  print("log\t" .. level .. "\t" .. text:gsub("\n$", ""))
end

local API = {}

function freeswitch.API()
  return API
end

function API:getTime()
  return now
end

function API:execute(command, data)
  if command == "acl" then
    local from, list = data:match("^(%S+) (%S+)$")
    return from == call.from and call.lists[list] and "true" or "false"
  elseif command == "create_uuid" then
    return string.format("%08x-0000-4000-8000-000000000000", table.remove(uuids, 1) or 0)
  elseif command == "global_getvar" then
    return globals[data] or ""
  elseif command == "global_setvar" then
    local name, value = data:match("^([^=]+)=([^=]*)$")
    globals[name] = value
    print("global\t" .. name .. "\t" .. value)
    return "+OK"
  end
  fail("no command that was looked up: " .. command)
end

argv = { [1] = call.trunk }
dofile(arg[2])
if over == "answered" or answered ~= nil and over == nil then
  print("result\tanswered\t200\t" .. now .. "\t" .. answered)
elseif over == "cancelled" then
  print("result\tcancelled\t487\t" .. now)
elseif over == nil then
  fail("the call was left alone")
end
