#!lua flags=allow-oom
-- Have other incidents looked at now, because of what became of one. The version moves on, so that whoever decides about one of them
-- at this moment, without knowing, decides again.
-- KEYS[1] = <prefix>wake  ARGV: prefix, now ms, incidents... Answers how many there are.
local P, now, found = ARGV[1], ARGV[2], 0
for i = 3, #ARGV do
  local inc = P .. 'inc:' .. ARGV[i]
  if redis.call('EXISTS', inc) == 1 then
    redis.call('HINCRBY', inc, 'ver', 1)
    redis.call('ZADD', KEYS[1], 'LT', now, ARGV[i])
    found = found + 1
  end
end
return found
