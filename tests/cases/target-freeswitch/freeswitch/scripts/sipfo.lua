-- Written by sipfo from policy.sipfo.
-- Unverified: made from FreeSWITCH 1.10's documentation and source, and seen on no FreeSWITCH.
--
-- How a call is placed: one attempt after the other, each from the address and to the destination of
-- its step, until the trunk's retry policy says stop. The dialplan runs this with the name of the trunk
-- whose number it is, or with none; FreeSWITCH reads it anew for each call.

local api = freeswitch.API()

-- ---------- the data ----------

-- trunks; `accept` is a network list of autoload_configs/acl.conf.xml, `deadline` is in milliseconds
local TRUNKS = {
  -- acme policy.sipfo:32
  ["acme"] = {
    accept = "trunk-acme",
    egress = { "six.primary", "six.secondary" },
    routes = { "route/east", "route/west" },
    method = "weighted",
    weights = { 70, 30 },
    route_major = true,
    retry = "vendor",
    deadline = 20000,
    number = "+18005550100",
    forward_from = "six.primary",
    carriers = { "carrier/baltic" },
  },
  -- other policy.sipfo:42
  ["other"] = {
    accept = "trunk-other",
    egress = { "listen" },
    routes = { "route/sites", "route/desk" },
    method = "round-robin",
    retry = "cautious",
    carriers = { },
  },
  -- away policy.sipfo:48
  ["away"] = {
    accept = "trunk-away",
    egress = { "listen" },
    routes = { },
    method = "sequential",
    retry = "cautious",
    number = "+18005550100",
    forward_from = "listen",
    carriers = { "carrier/baltic" },
  },
  -- rest policy.sipfo:55
  ["rest"] = {
    egress = { "listen" },
    routes = { "route/desk" },
    method = "sequential",
    retry = "cautious",
    carriers = { },
  },
}

-- routes and carriers, with their destinations in failover order
local PLACES = {
  -- east policy.sipfo:26
  ["route/east"] = {
    { rest = "pbx.example.com" },
    strip = 0,
    prepend = "",
    user = "acme",
    password = "the value of EAST_PW",
  },
  -- west policy.sipfo:27
  ["route/west"] = {
    { rest = "\0912001:db8:1::20\093:5070;transport=tcp", family = 6 },
    strip = 0,
    prepend = "",
  },
  -- sites policy.sipfo:28
  ["route/sites"] = {
    { rest = "192.76.120.10", family = 4 },
    { rest = "64.16.250.10", family = 4 },
    strip = 0,
    prepend = "",
  },
  -- desk policy.sipfo:29
  ["route/desk"] = {
    { user = "desk", rest = "198.51.100.30", family = 4 },
    strip = 0,
    prepend = "",
  },
  -- baltic policy.sipfo:30
  ["carrier/baltic"] = {
    { rest = "203.0.113.9", family = 4 },
    strip = 1,
    prepend = "9011\03723",
  },
}

-- addresses to send from, with their sofia profiles
local ADDRESSES = {
  ["six.primary"] = { profile = "address-2", at = "\0912001:db8::10\093:5060", family = 6 },
  ["six.secondary"] = { profile = "address-3", at = "\0912001:db8::11\093:5060", family = 6 },
  ["listen"] = { profile = "address-1", at = "192.0.2.10:5060", family = 4 },
}

-- retry policies: the codes that fail over, as runs; tags and causes that decide before the code does,
-- a cause not for the codes that have it anyway. Timers are in whole seconds, from the INVITE; nothing at
-- all heard is the timer of the sofia profile.
local RETRIES = {
  -- vendor policy.sipfo:16
  ["vendor"] = {
    failover = { { 302, 302 }, { 503, 503 } },
    tags = {
      { code = 486, tag = "D5 \093\093--\039", failover = false },
      { code = 486, tag = "D5", failover = true },
    },
    causes = {
      ["NORMAL_CIRCUIT_CONGESTION"] = {
        failover = true,
        own = { },
      },
      ["NORMAL_TEMPORARY_FAILURE"] = {
        failover = true,
        own = { [400] = true, [481] = true, [500] = true, [503] = true },
      },
    },
    no_progress = { failover = true, after = 180 },
    no_answer = { failover = false, after = 30 },
    commit_on_ringing = true,
    commit_on_media = true,
  },
  -- cautious policy.sipfo:23
  ["cautious"] = {
    failover = { { 503, 503 } },
    tags = {
    },
    causes = {
    },
    no_progress = { failover = false, after = 180 },
    no_answer = { failover = false, after = 180 },
    commit_on_ringing = true,
    commit_on_media = true,
  },
}

-- whether some trunk takes anyone's calls
local ANYONE = true

-- ---------- a call arrives ----------

local function now()
  return api:getTime()
end

local function log(text)
  freeswitch.consoleLog("notice", text .. "\n")
end

-- The one final response to the caller. A 503 would keep its proxy from sending any calls here (RFC 3261
-- section 16.7); where to a redirection leads is not known; a challenge would be FreeSWITCH's own.
local function refuse(code)
  local said = code
  if code == 503 then
    said = 500
  elseif code < 400 then
    said = 480
  elseif code == 401 or code == 407 then
    said = 403
  end
  session:execute("respond", tostring(said))
end

-- A variable of the call, where it has a value.
local function variable(name)
  local value = session:getVariable(name)
  return value ~= "" and value or nil
end

local function is_in(list)
  local from = variable("sip_network_ip")
  return from ~= nil and api:execute("acl", from .. " " .. list) == "true"
end

-- E.164 with a plus, where it is a number (RFC 3966 section 3); any other user as it is, but for what
-- would mean something to a dial string: such a user is nobody's.
local function dialled()
  local user = variable("destination_number") or ""
  local digits = user:gsub(";.*", ""):gsub("[-.()]", "")
  if digits:match("^%+?%d+$") and #digits:gsub("%+", "") <= 15 then
    return "+" .. digits:gsub("%+", "")
  end
  return user:match("^[%w+*._~-]+$")
end

-- ---------- in which order ----------

-- Round robin counts calls, not attempts.
local function turn_of(name, count)
  local key = "sipfo_turn_" .. name
  local before = tonumber(api:execute("global_getvar", key)) or 0
  api:execute("global_setvar", key .. "=" .. tostring(math.floor((before + 1) % (count * 1000000))))
  return before % count
end

-- A whole number from 0 to `most`, each as likely.
local function drawn(most)
  return tonumber(api:execute("create_uuid"):sub(1, 8), 16) % (most + 1)
end

-- RFC 2782: a draw by weight, then the rest by the same draw; those of weight 0 are on top of the deck.
local function draw(routes, weights)
  local deck, found = {}, {}
  for pass = 1, 2 do
    for place = 1, #routes do
      if (weights[place] == 0) == (pass == 1) then
        deck[#deck + 1] = place
      end
    end
  end
  while #deck > 0 do
    local sum, running = 0, 0
    for _, place in ipairs(deck) do
      sum = sum + weights[place]
    end
    local chosen = drawn(sum)
    for at, place in ipairs(deck) do
      running = running + weights[place]
      if running >= chosen then
        found[#found + 1] = routes[place]
        table.remove(deck, at)
        break
      end
    end
  end
  return found
end

local function turned(name, trunk)
  if trunk.method == "weighted" then
    return draw(trunk.routes, trunk.weights)
  end
  local first, found = 0, {}
  if trunk.method == "round-robin" then
    first = turn_of(name, #trunk.routes)
  end
  for place = 0, #trunk.routes - 1 do
    found[#found + 1] = trunk.routes[(first + place) % #trunk.routes + 1]
  end
  return found
end

-- All routes by the first address, then all by the next, or each route by all addresses; then the
-- carriers, each once, for the number that is forwarded to.
local function steps_of(name, trunk, number)
  local found = {}
  local routes = turned(name, trunk)
  local function add(from, to)
    found[#found + 1] = { from = from, to = to, number = number }
  end
  if trunk.route_major then
    for _, to in ipairs(routes) do
      for _, from in ipairs(trunk.egress) do
        add(from, to)
      end
    end
  else
    for _, from in ipairs(trunk.egress) do
      for _, to in ipairs(routes) do
        add(from, to)
      end
    end
  end
  for _, to in ipairs(trunk.carriers) do
    local place = PLACES[to]
    found[#found + 1] = {
      from = trunk.forward_from,
      to = to,
      number = place.prepend .. trunk.number:sub(place.strip + 1),
      forwarded = true,
    }
  end
  return found
end

-- ---------- one attempt ----------

-- A forwarded call says where it was first meant to go (RFC 5806, RFC 7044).
local function divert(step, uri, number)
  local first = "<sip:" .. number .. "@" .. ADDRESSES[step.from].at
  session:execute("export", "nolocal:sip_h_Diversion=" .. first .. ">;reason=unavailable;counter=1")
  session:execute("export", "nolocal:sip_h_History-Info=" .. first .. "?Reason=SIP%3Bcause%3D503>;index=1, <"
    .. uri .. ";cause=503>;index=1.1;mp=1")
end

-- Early media is not passed on, but told as ringing: what a failed attempt played would be a second
-- answer in the caller's dialog. A redirection is not followed behind the policy's back.
local function dial(step, to, retry, left)
  local place = PLACES[step.to]
  local uuid = session:get_uuid()
  local uri = "sip:" .. (to.user or step.number) .. "@" .. to.rest
  local answer = retry.no_answer.after
  if left ~= nil then
    answer = math.min(answer, math.max(1, math.ceil(left / 1000)))
  end
  local leg = {
    "leg_progress_timeout=" .. retry.no_progress.after,
    "leg_timeout=" .. answer,
    "api_on_ring='uuid_setvar " .. uuid .. " sipfo_rang true'",
    "api_on_pre_answer='uuid_setvar " .. uuid .. " sipfo_media true'",
    "outbound_redirect_fatal=true",
    "sip_cid_type=none",
  }
  if place.user ~= nil then
    leg[#leg + 1] = "sip_auth_username='" .. place.user .. "'"
    leg[#leg + 1] = "sip_auth_password='" .. place.password .. "'"
  end
  local call = {
    "ignore_early_media=ring_ready",
    "originate_timeout=" .. (answer + 60),
    "sofia_suppress_url_encoding=true",
  }
  return uri, "{" .. table.concat(call, ",") .. "}[" .. table.concat(leg, ",") .. "]sofia/"
    .. ADDRESSES[step.from].profile .. "/" .. uri
end

-- How an attempt ended: a code, and for a timer its name. What was made here has the code that RFC 3261
-- section 8.1.3.1 gives it; FreeSWITCH does not tell it from one that came over the wire.
local function ending()
  local cause = variable("originate_disposition") or ""
  local status = tonumber(variable("sip_invite_failure_status") or "")
  if cause == "SUCCESS" then
    return { answered = true }
  elseif cause == "PROGRESS_TIMEOUT" then
    return { code = 408, timer = "no_progress" }
  elseif cause == "ALLOTTED_TIMEOUT" or cause == "NO_ANSWER" and status == nil then
    local rang = variable("sipfo_rang") or variable("sipfo_media")
    return { code = 408, timer = rang and "no_answer" or "no_progress" }
  elseif status ~= nil then
    return { code = status, cause = cause, phrase = variable("sip_invite_failure_phrase") or "" }
  elseif cause == "REQUESTED_CHAN_UNAVAIL" then
    return { code = 302 }
  elseif cause == "MANDATORY_IE_MISSING" then
    return { code = 407 }  -- a challenge that nobody has a password for
  elseif cause == "INCOMPATIBLE_DESTINATION" then
    return { code = 488, final = true }  -- it answered, in codecs that the caller does not have
  end
  return { code = 503 }
end

local function has_word(phrase, tag)
  local at = 1
  while true do
    local first, last = phrase:find(tag, at, true)
    if first == nil then
      return false
    elseif not phrase:sub(first - 1, first - 1):match("^%w") and not phrase:sub(last + 1, last + 1):match("^%w") then
      return true
    end
    at = first + 1
  end
end

-- Whether the next attempt follows: a tag decides before a cause, a cause before a code.
local function fails_over(retry, how)
  if how.final then
    return false
  elseif how.timer ~= nil then
    return retry[how.timer].failover
  end
  for _, one in ipairs(retry.tags) do
    if one.code == how.code and has_word(how.phrase or "", one.tag) then
      return one.failover
    end
  end
  local cause = retry.causes[how.cause or ""]
  if cause ~= nil and not cause.own[how.code] then
    return cause.failover
  end
  for _, run in ipairs(retry.failover) do
    if run[1] <= how.code and how.code <= run[2] then
      return true
    end
  end
  return false
end

-- RFC 3261 section 16.7: a 6xx before all, else the lowest class; in it what the caller can act on, then
-- what can only have been said over the wire.
local function rank(how)
  if how.code >= 600 then
    return 100
  end
  local found = (10 - math.floor(how.code / 100)) * 4
  for _, code in ipairs({ 401, 407, 415, 420, 484 }) do
    if code == how.code then
      found = found + 2
    end
  end
  if how.timer == nil and how.code ~= 408 and how.code ~= 503 then
    found = found + 1
  end
  return found
end

-- ---------- the hunt: one attempt after the other ----------

-- What the last attempt left behind.
local SAID = {
  "originate_disposition",
  "sip_invite_failure_status",
  "sip_invite_failure_phrase",
  "sipfo_rang",
  "sipfo_media",
}

local function attempt(step, to, retry, number, left)
  for _, name in ipairs(SAID) do
    session:setVariable(name, "")
  end
  if to.family ~= nil and to.family ~= ADDRESSES[step.from].family then
    return { code = 503 }  -- an address of one family cannot send to one of the other
  end
  local uri, call = dial(step, to, retry, left)
  if step.forwarded then
    divert(step, uri, number)
  end
  session:execute("bridge", call)
  return ending()
end

local function is_committed(retry)
  return retry.commit_on_ringing and variable("sipfo_rang") ~= nil
    or retry.commit_on_media and variable("sipfo_media") ~= nil
end

local function hunt(name, trunk, number)
  local begun, best, highest = now(), nil, -1
  local retry = RETRIES[trunk.retry]
  for _, step in ipairs(steps_of(name, trunk, number)) do
    local place = PLACES[step.to]
    for level = 1, #place do
      local left = trunk.deadline and trunk.deadline - (now() - begun)
      if left ~= nil and left <= 0 then
        return refuse(408)
      end
      local how = attempt(step, place[level], retry, number, left)
      if not session:ready() then
        return
      elseif how.answered then
        session:hangup("NORMAL_CLEARING")
        return
      elseif how.timer ~= nil and trunk.deadline ~= nil and now() - begun >= trunk.deadline then
        return refuse(408)
      end
      log("sipfo " .. name .. " " .. number .. ": " .. step.from .. " to " .. step.to .. ": "
        .. (how.timer or tostring(how.code)))
      if is_committed(retry) or not fails_over(retry, how) then
        return refuse(how.code)
      end
      if rank(how) >= highest then
        best, highest = how, rank(how)
      end
      -- the next destination is for what RFC 3263 section 4.3 calls failure; else the next step comes
      if how.code ~= 503 and not (how.code == 408 and how.timer == nil) then
        break
      end
    end
  end
  refuse(best and best.code or 480)
end

local function arrive(name)
  local trunk = TRUNKS[name or ""]
  if trunk == nil then
    return refuse((ANYONE or is_in("callers")) and 404 or 403)
  elseif trunk.accept ~= nil and not is_in(trunk.accept) then
    return refuse(403)
  end
  local number = dialled()
  if number == nil then
    return refuse(404)
  end
  session:setAutoHangup(false)
  session:setVariable("continue_on_fail", "true")
  session:setVariable("hangup_after_bridge", "false")
  session:setVariable("sip_copy_custom_headers", "false")
  session:setVariable("inherit_codec", "true")
  hunt(name, trunk, number)
end

arrive(argv[1])
