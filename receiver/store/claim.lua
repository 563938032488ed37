#!lua flags=allow-oom
-- Claim due slots, pages first. A member leaves the due set only on a terminal state; a claim moves its score to the lease's end.
-- KEYS[1] = <prefix>due:0  ARGV: prefix, now ms, lease ms, limit, first and last priority
-- Answers per slot a flat list: mid, then HGETALL. A slot found in `sending` had its worker die with the outcome unknown;
-- `lost` counts the leases in a row that ran out without a word.
local P, now, lease, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local out = {}
for prio = tonumber(ARGV[5]), tonumber(ARGV[6]) do
  local due = P .. 'due:' .. prio
  if #out >= limit then break end
  for _, mid in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, limit - #out)) do
    local key = P .. 'msg:' .. mid
    local st = redis.call('HMGET', key, 'st', 'ref')
    if not st[1] then redis.call('ZREM', due, mid)
    else
      if st[1] == 'sending' and not st[2] then redis.call('HINCRBY', key, 'unknowns', 1) end
      if st[1] ~= 'new' then redis.call('HINCRBY', key, 'lost', 1) end
      redis.call('HINCRBY', key, 'fence', 1)
      redis.call('HSET', key, 'st', 'leased')
      redis.call('ZADD', due, now + lease, mid)
      out[#out + 1] = {mid, redis.call('HGETALL', key)}
    end
  end
end
return out
