#!lua
-- Merge the alerts of many webhooks into their incidents. Merges, never decides; refused whole when memory is out.
-- KEYS[1] = <prefix>open (names the slot; the rest is built from the prefix)
-- ARGV: prefix, now ms, then per item: group key, spare incident id or '', first document or '', wait ms, truncated, blob, flags, payloads...
--   blob: per alert 65 bytes = member(28) status(1: F|R) starts(18, us) ends(18, us)
--   flags: per alert '0' no payload, '1' payload for a new alert, '2' payload that replaces the stored one
-- Per item: -1 = say more (nothing was written), else changed + 2^10*resolved_unknown + 2^20*late + 2^30*opened
local P, now = ARGV[1], tonumber(ARGV[2])
local hw = tonumber(redis.call('HGET', P .. 'meta', 'hw') or '0')
if now < hw then now = hw else redis.call('HSET', P .. 'meta', 'hw', now) end
local a, answers = 3, {}
local sub, byte = string.sub, string.byte

local function read(iid, members)
  if not iid then return {} end
  return redis.call('HMGET', P .. 'al:' .. iid, unpack(members))
end

while a <= #ARGV do
  local gkey, spare, doc, wait, trunc, blob, flags = ARGV[a], ARGV[a+1], ARGV[a+2], tonumber(ARGV[a+3]), ARGV[a+4], ARGV[a+5], ARGV[a+6]
  a = a + 7
  local n, members, payload = #flags, {}, {}
  for i = 1, n do
    members[i] = sub(blob, (i-1)*65 + 1, (i-1)*65 + 28)
    if byte(flags, i) ~= 48 then payload[i] = ARGV[a]; a = a + 1 end
  end
  local iid = redis.call('HGET', P .. 'open', gkey)
  local cur = read(iid, members)
  local miss, opens, unknown, late = false, false, 0, 0
  local writes, home = {}, {}
  for i = 1, n do
    local sig = sub(blob, (i-1)*65 + 29, (i-1)*65 + 65)
    local is_firing, sa, ea = byte(sig, 1) == 70, sub(sig, 2, 19), sub(sig, 20, 37)
    local old, at = cur[i], iid
    if not old then
      local other = redis.call('HGET', P .. 'ix', members[i])
      if other and other ~= iid then at = other; old = redis.call('HGET', P .. 'al:' .. other, members[i]) end
    end
    local new
    if not old then
      if is_firing then
        if not payload[i] then miss = true end
        if not at then opens = true end
        new = sig
      else unknown = unknown + 1 end
    elseif byte(old, 1) == 70 then
      local since = sub(old, 2, 19)
      if is_firing then
        if sa > since then writes[#writes + 1] = {i, sig, false}; home[i] = at
        elseif byte(flags, i) == 50 then writes[#writes + 1] = {i, old, false}; home[i] = at end
      elseif sa == since or ea >= since then new = sig
      else late = late + 1 end
    elseif is_firing then new = sig end
    if new then writes[#writes + 1] = {i, new, true}; home[i] = at or '' end
  end
  if opens and (spare == '' or doc == '') then miss = true end
  if miss then answers[#answers + 1] = -1
  else
    if opens then
      iid = spare
      redis.call('HSET', P .. 'open', gkey, iid)
      redis.call('HSET', P .. 'inc:' .. iid, 'ver', 0, 'doc', doc, 'trunc', trunc, 'seen', now, 'reps', 0)
      redis.call('ZADD', P .. 'list', now, iid)
    end
    local touched, changed = {}, 0
    for w = 1, #writes do
      local i, sig, counts = writes[w][1], writes[w][2], writes[w][3]
      local at = home[i]
      if at == '' or not at then at = iid end
      redis.call('HSET', P .. 'al:' .. at, members[i], sig)
      if payload[i] then redis.call('HSET', P .. 'pl:' .. at, members[i], payload[i]) end
      if counts then
        if byte(sig, 1) == 70 then redis.call('HSET', P .. 'ix', members[i], at) else redis.call('HDEL', P .. 'ix', members[i]) end
        touched[at] = true; changed = changed + 1
      end
    end
    if iid then
      if not opens and redis.call('HGET', P .. 'inc:' .. iid, 'trunc') ~= trunc then
        redis.call('HSET', P .. 'inc:' .. iid, 'trunc', trunc); touched[iid] = true
      end
      if not touched[iid] then
        redis.call('HSET', P .. 'inc:' .. iid, 'seen', now)
        redis.call('HINCRBY', P .. 'inc:' .. iid, 'reps', 1)
      end
    end
    for at, _ in pairs(touched) do
      redis.call('HSET', P .. 'inc:' .. at, 'seen', now)
      redis.call('HINCRBY', P .. 'inc:' .. at, 'ver', 1)
      if opens and at == iid then redis.call('ZADD', P .. 'wake', now + wait, at)
      else
        redis.call('ZADD', P .. 'wake', 'LT', now, at)
      end
    end
    answers[#answers + 1] = changed + 1024 * unknown + 1048576 * late + (opens and 1073741824 or 0)
  end
end
return answers
