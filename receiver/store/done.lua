#!lua flags=allow-oom
-- Record one attempt's outcome under its fence. KEYS[1] = message
-- ARGV: prefix, mid, fence, verdict (sent|retry|wait|dead|skipped), now ms, at ms, ref, version, unknown '1'|'0', reason, spacing ms, hush
-- A stale fence never changes state; a message it created is kept as a copy, and what it overwrote is asserted again.
local P, mid, fence, verdict, now, at, ref, version = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]
local key = KEYS[1]
local m = redis.call('HMGET', key, 'fence', 'prio', 'want', 'ref', 'copies', 'st')
if not m[1] then return 0 end
local due = P .. 'due:' .. m[2]
local later = m[2] == '3' and '3' or '2' -- edits wait behind every page; pictures keep to themselves
local function copy(id) redis.call('HSET', key, 'copies', (m[5] and m[5] .. ',' or '') .. id) end
if m[1] ~= fence then
  if ref ~= '' and m[4] ~= ref then copy(ref) end
  if verdict == 'sent' and m[6] == 'sent' then
    redis.call('HSET', key, 'st', 'new', 'prio', later); redis.call('ZREM', due, mid); redis.call('ZADD', P .. 'due:' .. later, now + tonumber(ARGV[11]), mid)
  end
  return 0
end
redis.call('HSET', key, 'reason', ARGV[10])
redis.call('HDEL', key, 'lost')
if ARGV[9] == '1' then redis.call('HINCRBY', key, 'unknowns', 1) end
if verdict == 'sent' then
  if ref ~= '' and m[4] and m[4] ~= ref then copy(m[4]) end
  if ref ~= '' then
    redis.call('HSET', key, 'ref', ref)
    if redis.call('HSETNX', key, 'sent_at', now) == 1 and ARGV[12] ~= '' then redis.call('HSET', key, 'hush', ARGV[12]) end
  end
  redis.call('HSET', key, 'sent', version, 'done_at', now, 'attempts', 0, 'st', 'sent')
  redis.call('ZREM', due, mid)
  if tonumber(m[3]) > tonumber(version) then
    redis.call('HSET', key, 'st', 'new', 'prio', later)
    redis.call('ZADD', P .. 'due:' .. later, now + tonumber(ARGV[11]), mid)
  end
elseif verdict == 'retry' or verdict == 'wait' then
  redis.call('HSET', key, 'st', 'new')
  if verdict == 'retry' then redis.call('HINCRBY', key, 'attempts', 1) end
  if ref == '-' then redis.call('HDEL', key, 'ref') end
  redis.call('ZADD', due, at, mid)
else
  redis.call('HSET', key, 'st', verdict, 'done_at', now)
  redis.call('ZREM', due, mid)
  if verdict == 'dead' then redis.call('XADD', P .. 'dlq', '*', 'kind', 'delivery', 'reason', ARGV[10], 'mid', mid, 'at', now) end
end
return 1
