#!lua flags=allow-oom
-- Hold one incident against what it must have: a wake-up in time, and every unfinished slot in its due set. What is missing is put back.
-- KEYS[1] = <prefix>wake  ARGV: prefix, incident, version, owed ms or '', now ms, lease ms
-- Answers wake-ups and slots that were put back, or -1 when the incident changed meanwhile.
local P, iid, now = ARGV[1], ARGV[2], tonumber(ARGV[5])
if redis.call('HGET', P .. 'inc:' .. iid, 'ver') ~= ARGV[3] then return {-1, 0} end
local wakes, slots = 0, 0
if ARGV[4] ~= '' then
  local owed, score = tonumber(ARGV[4]), redis.call('ZSCORE', KEYS[1], iid)
  -- a wake-up that somebody works on stands at the end of its lease
  if not score or tonumber(score) > math.max(owed, now) + tonumber(ARGV[6]) then
    redis.call('ZADD', KEYS[1], math.max(owed, now), iid)
    wakes = 1
  end
end
for _, mid in ipairs(redis.call('SMEMBERS', P .. 'ms:' .. iid)) do
  local m = redis.call('HMGET', P .. 'msg:' .. mid, 'st', 'prio')
  if m[1] == 'new' or m[1] == 'leased' or m[1] == 'sending' then
    if not redis.call('ZSCORE', P .. 'due:' .. m[2], mid) then
      redis.call('ZADD', P .. 'due:' .. m[2], now, mid)
      slots = slots + 1
    end
  end
end
return {wakes, slots}
