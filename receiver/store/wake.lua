#!lua flags=allow-oom
-- Lease the incidents whose wake-up has come: the score moves to now + lease, so a crash is retried.
-- KEYS[1] = <prefix>wake  ARGV: now ms, lease ms, limit. Answers the incident ids.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, iid in ipairs(due) do redis.call('ZADD', KEYS[1], tonumber(ARGV[1]) + tonumber(ARGV[2]), iid) end
return due
