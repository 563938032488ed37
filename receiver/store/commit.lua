#!lua flags=allow-oom
-- Commit one plan: document, wake-up, timeline and outbox slots together, or nothing when the version moved on.
-- KEYS[1] = <prefix>wake  ARGV: prefix, incident, expected version, document, wake ms or '', timeline entry or '', archive '1'|'0', group key,
--   now ms, spacing ms, keep seconds, woken '1'|'0', customers '1'|'0', trace or '', when its group began or '', seconds to know that, then per slot: mid, kind, priority, channel,
--   destination json, args json, delay ms
-- Answers the new version, or -1.
local P, iid, expected = ARGV[1], ARGV[2], ARGV[3]
local inc = P .. 'inc:' .. iid
if redis.call('HGET', inc, 'ver') ~= expected then return -1 end
local now, spacing = tonumber(ARGV[9]), tonumber(ARGV[10])
local ver = redis.call('HINCRBY', inc, 'ver', 1)
redis.call('HSET', inc, 'doc', ARGV[4])
-- Only the wake-up itself may put the next one off: a press that comes between must not take away what admission asked for.
if ARGV[12] == '1' then
  if ARGV[5] == '' then redis.call('ZREM', P .. 'wake', iid) else redis.call('ZADD', P .. 'wake', ARGV[5], iid) end
elseif ARGV[5] ~= '' then redis.call('ZADD', P .. 'wake', 'LT', ARGV[5], iid) end
if ARGV[6] ~= '' then redis.call('RPUSH', P .. 'tl:' .. iid, ARGV[6]) end
if ARGV[13] == '1' then redis.call('ZADD', P .. 'telling', now, iid) end -- whoever looks after notices comes by
if ARGV[15] ~= '' then redis.call('SET', P .. 'began:' .. ARGV[8], ARGV[15], 'EX', ARGV[16]) end -- for the next incident of the group
for s = 17, #ARGV, 7 do
  local mid, prio = ARGV[s], ARGV[s + 2]
  local key, when = P .. 'msg:' .. mid, now + tonumber(ARGV[s + 6])
  local was = redis.call('HMGET', key, 'st', 'ref', 'done_at', 'first_due', 'prio')
  if not was[1] then
    redis.call('HSET', key, 'iid', iid, 'kind', ARGV[s+1], 'prio', prio, 'channel', ARGV[s+3], 'dest', ARGV[s+4], 'args', ARGV[s+5],
      'loud', prio, 'st', 'new', 'want', ver, 'sent', 0, 'fence', 0, 'attempts', 0, 'unknowns', 0, 'first_due', when)
    redis.call('ZADD', P .. 'due:' .. prio, when, mid)
    redis.call('SADD', P .. 'ms:' .. iid, mid)
  elseif was[1] ~= 'dead' then
    redis.call('HSET', key, 'want', ver)
    if not was[2] and was[1] ~= 'sent' and was[1] ~= 'skipped' and tonumber(prio) < tonumber(was[5]) then
      -- nobody has seen it yet and it is more urgent now: it changes lanes, a claimed one with its lease, one that waits is due at once
      local old = P .. 'due:' .. was[5]
      local at = tonumber(redis.call('ZSCORE', old, mid) or when)
      redis.call('HSET', key, 'prio', prio, 'loud', prio)
      if ARGV[s+5] ~= '{}' then redis.call('HSET', key, 'args', ARGV[s+5]) end
      redis.call('ZREM', old, mid)
      redis.call('ZADD', P .. 'due:' .. prio, was[1] == 'new' and math.min(at, when) or at, mid)
    elseif was[1] == 'new' and tonumber(was[4]) > when then
      -- it still waits for its time, and is wanted sooner
      redis.call('HSET', key, 'first_due', when)
      redis.call('ZADD', P .. 'due:' .. redis.call('HGET', key, 'prio'), 'LT', when, mid)
    elseif was[1] == 'skipped' and not was[2] then
      redis.call('HSET', key, 'st', 'new', 'prio', prio, 'loud', prio, 'args', ARGV[s+5], 'attempts', 0, 'unknowns', 0, 'first_due', when)
      redis.call('ZADD', P .. 'due:' .. prio, when, mid)
    elseif was[1] == 'sent' or was[1] == 'skipped' then
      -- an edit waits behind every page, and edits of one message come at most once per spacing
      local at = math.max(now, tonumber(was[3] or '0') + spacing)
      local lane = (was[2] and prio ~= '3') and '2' or prio -- pictures keep to themselves
      redis.call('HSET', key, 'st', 'new', 'prio', lane)
      redis.call('ZADD', P .. 'due:' .. lane, at, mid)
    end
  end
  if ARGV[14] ~= '' then redis.call('HSET', key, 'trace', ARGV[14]) end
end
if ARGV[7] == '1' then
  if redis.call('HGET', P .. 'open', ARGV[8]) == iid then redis.call('HDEL', P .. 'open', ARGV[8]) end
  local service = string.match(ARGV[4], '"service":"([^"\\]+)"')
  if service then redis.call('ZREM', P .. 'at:' .. service, iid) end
  for _, member in ipairs(redis.call('HKEYS', P .. 'al:' .. iid)) do
    if redis.call('HGET', P .. 'ix', member) == iid then redis.call('HDEL', P .. 'ix', member) end
  end
  for _, k in ipairs({'inc:', 'al:', 'pl:', 'tl:', 'ms:'}) do redis.call('EXPIRE', P .. k .. iid, ARGV[11]) end
  for _, mid in ipairs(redis.call('SMEMBERS', P .. 'ms:' .. iid)) do redis.call('EXPIRE', P .. 'msg:' .. mid, ARGV[11]) end
end
return ver
