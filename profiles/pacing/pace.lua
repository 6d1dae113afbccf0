-- One partner's pace for all workers: rates, visits at once, whose turn it is. One call is one step, whole or not at all.
--
-- KEYS: the partner's own nine.
-- ARGV: one JSON object; every time in it and in every answer is in microseconds, on this server's clock.
-- A reply that was lost is asked for again under the same token or ticket, and changes nothing then.
local STATE, VISITS, CLICKS, FIRST, QUEUE, URGENT, PROMISES, SHARES, TOKEN = unpack(KEYS, 1, 9)
local SECOND = 1000000
local FORESEEN = 50 -- so many of the queue are put in their order; the rest is only counted

local clock = redis.call('TIME')
local now = clock[1] * SECOND + clock[2]
local ask = cjson.decode(ARGV[1])

local function number(field)
  return tonumber(redis.call('HGET', STATE, field) or '')
end

-- What a server that was started anew forgot (all, or the last second) counts as used up, as does a partner's first day.
local boot = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if redis.call('HGET', STATE, 'boot') ~= boot then
  for _, field in ipairs(redis.call('HKEYS', STATE)) do
    if string.sub(field, 1, 4) == 'tat:' then redis.call('HDEL', STATE, field) end
  end
  redis.call('HSET', STATE, 'boot', boot, 'opens', now + ask.lease)
end
for _, key in ipairs({VISITS, CLICKS, FIRST}) do redis.call('ZREMRANGEBYSCORE', key, '-inf', now) end

-- Rates: the generic cell rate algorithm. Its one number is when all that went through would have been due.
local function due(rule)
  local field = 'tat:' .. rule.name
  local tat = number(field)
  local longest = rule.window + 2 * (rule.burst + rule.interval) + rule.late
  if not tat or tat > now + longest then -- never seen, or this clock was set back
    tat = now + rule.late + rule.burst
    redis.call('HSET', STATE, field, tat)
  end
  return math.max(tat, now)
end

local function spend(rule)
  redis.call('HSET', STATE, 'tat:' .. rule.name, due(rule) + rule.interval)
end

local function paused()
  return math.max(number('paused') or 0, now)
end

local function take()
  local given = tonumber(redis.call('GET', TOKEN) or '')
  if given then return {0, now - given} end
  local at = paused()
  for _, rule in ipairs(ask.rules) do at = math.max(at, due(rule) - rule.tolerance) end
  if at > now then return {math.ceil(at - now), 0} end
  for _, rule in ipairs(ask.rules) do spend(rule) end
  redis.call('SET', TOKEN, now, 'PX', ask.keep_ms)
  redis.call('ZREM', CLICKS, ask.ticket)
  return {0, 0}
end

local function owe() -- it has left already
  for _, rule in ipairs(ask.rules) do spend(rule) end
  return {0, 0}
end

-- Visits: each has its place until a moment that its owner moves on, and gives it back when it ends.
local function enter()
  local opens = number('opens')
  for _, place in ipairs(ask.places) do
    local key = KEYS[place.key]
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    if not redis.call('ZSCORE', key, ask.ticket) then
      if opens > now then return {opens - now, 0} end
      if redis.call('ZCARD', key) >= place.limit then return {SECOND, 0} end
    end
  end
  for _, place in ipairs(ask.places) do redis.call('ZADD', KEYS[place.key], now + ask.lease, ask.ticket) end
  return {0, 0}
end

local function renew() -- also what a new server has forgotten, even where that is one too many: it is there
  for _, place in ipairs(ask.places) do redis.call('ZADD', KEYS[place.key], now + ask.lease, ask.ticket) end
  redis.call('ZADD', CLICKS, 'XX', now + ask.lease, ask.ticket)
  return {0, 0}
end

local function leave()
  for _, place in ipairs(ask.places) do redis.call('ZREM', KEYS[place.key], ask.ticket) end
  if ask.took then
    redis.call('ZREM', CLICKS, ask.ticket)
    redis.call('HSET', STATE, 'line', math.max(number('line') or now, now) - ask.unused)
    redis.call('HSET', STATE, 'visit', 0.8 * (number('visit') or ask.took) + 0.2 * ask.took)
  end
  return {0, 0}
end

local function pause()
  redis.call('HSET', STATE, 'paused', math.max(paused(), now + ask.wait))
  return {0, 0}
end

-- Turns: shares by reseller (each waiter finishes one turn after the one before of the same reseller), and every second
-- turn for whoever must know soonest, so that neither many nor hurried ones can keep anybody waiting for ever.
local function line_up()
  if redis.call('ZSCORE', QUEUE, ask.ticket) then return end
  local begins = math.max(number('turns') or 0, tonumber(redis.call('HGET', SHARES, ask.reseller) or '0'))
  redis.call('ZADD', QUEUE, begins + 1, ask.ticket)
  redis.call('HSET', SHARES, ask.reseller, begins + 1)
  if ask.hurry then redis.call('ZADD', URGENT, ask.hurry, ask.ticket) end
end

local function drop(ticket)
  for _, key in ipairs({QUEUE, URGENT, PROMISES}) do redis.call('ZREM', key, ticket) end
end

local function is_here(ticket) -- or will be in a moment: who was told to come later holds up nobody until then
  local promise = tonumber(redis.call('ZSCORE', PROMISES, ticket) or '')
  return ticket == ask.ticket or (promise and promise - ask.grace <= now + SECOND)
end

local function rank(only_here) -- how many come before
  local fair = redis.call('ZRANGE', QUEUE, 0, 2 * FORESEEN)
  local urgent = redis.call('ZRANGE', URGENT, 0, FORESEEN)
  local hurried, before, f, u, seen = number('hurried') ~= 0, 0, 1, 1, {}
  while before < FORESEEN do
    while fair[f] and (seen[fair[f]] or (only_here and not is_here(fair[f]))) do f = f + 1 end
    while urgent[u] and (seen[urgent[u]] or (only_here and not is_here(urgent[u]))) do u = u + 1 end
    local one = (hurried and urgent[u]) or fair[f] or urgent[u]
    if one == ask.ticket then return before end
    if not one then break end
    seen[one], before, hurried = true, before + 1, not hurried
  end
  local place = redis.call('ZRANK', QUEUE, ask.ticket)
  return place + math.min(redis.call('ZCARD', URGENT), place + 1)
end

local function take_turn()
  local finish = tonumber(redis.call('ZSCORE', QUEUE, ask.ticket))
  redis.call('HSET', STATE, 'turns', math.max(number('turns') or 0, finish - 1))
  redis.call('HSET', STATE, 'hurried', number('hurried') == 0 and 1 or 0)
  if tonumber(redis.call('HGET', SHARES, ask.reseller) or '0') <= finish then
    redis.call('HDEL', SHARES, ask.reseller)
  end
  drop(ask.ticket)
end

-- Room: how many visits may begin now, when the next one could, and how long one after the other takes.
local room, at, apart

local function narrow(count, moment, each)
  room, apart = math.min(room, count), math.max(apart, each)
  if count < 1 then at = math.max(at, moment) end
end

local function by_visits()
  if not ask.visits then return end
  local each = (number('visit') or 10 * SECOND) / ask.visits
  if number('opens') > now then return narrow(0, number('opens'), each) end
  local owed = ask.must and 0 or redis.call('ZCARD', FIRST)
  narrow(ask.visits - redis.call('ZCARD', VISITS) - owed, now + math.max(each, SECOND), each)
end

local function by_requests() -- what the visits that were let in will still ask for
  if ask.cost == 0 or ask.must then return end
  local line = math.max(number('line') or now, now)
  narrow(math.floor((now + ask.cost - line) / ask.cost) + 1, line - ask.cost, ask.cost)
end

local function by_clicks()
  local rule = ask.clicks
  if not rule then return end
  local tat = due(rule) + rule.interval * redis.call('ZCARD', CLICKS)
  local count = math.floor((now + rule.tolerance - tat) / rule.interval) + 1
  narrow(count, tat - rule.tolerance, rule.interval)
end

local function let_in()
  redis.call('HSET', STATE, 'line', math.max(number('line') or now, now) + ask.cost)
  redis.call('ZREM', FIRST, ask.ticket)
  if ask.visits then redis.call('ZADD', VISITS, now + ask.lease, ask.ticket) end
  if ask.clicks then redis.call('ZADD', CLICKS, now + ask.lease, ask.ticket) end
  return {0, 0}
end

local function admit()
  if redis.call('ZSCORE', VISITS, ask.ticket) then return let_in() end
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', PROMISES, '-inf', now, 'LIMIT', 0, 100)) do drop(gone) end
  room, at, apart = FORESEEN, paused(), 0
  if at > now then room = 0 end
  by_visits()
  by_requests()
  by_clicks()
  if ask.must then
    if room > 0 then return let_in() end
    at = math.max(at, now + SECOND)
    redis.call('ZADD', FIRST, at + ask.grace, ask.ticket)
    return {math.ceil(at - now), 0}
  end
  line_up()
  if room > 0 and rank(true) < room then
    take_turn()
    return let_in()
  end
  local behind = math.max(rank(false) - math.max(room, 0), 0)
  at = math.max(at + behind * apart, now + SECOND)
  redis.call('ZADD', PROMISES, at + ask.grace, ask.ticket)
  return {math.ceil(at - now), behind}
end

local steps = {
  take = take, owe = owe, admit = admit, enter = enter, renew = renew, leave = leave, pause = pause,
}
return steps[ask.step]()
